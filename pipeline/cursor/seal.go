package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// KeyBytes is the length of a spool's key.
	KeyBytes = 32

	nonceBytes = 12
	// sealBytes is by how much what is stored is longer than the body: the nonce
	// before it and the tag behind it.
	sealBytes = nonceBytes + 16
)

// What the keys that are derived from a spool's key are for. A change of what is
// sealed or how takes another purpose, so that nothing old is taken for it.
const (
	purposeFile  = "live-status spool 2: file "
	purposeProof = "live-status spool 2: proof"
	purposeBody  = "live-status spool 2: body "
)

// row is what is known of a body when it is stored, and is stored as it is.
type row struct {
	seq, received int64
	sender        string
}

// vault makes of a body what is stored, and the other way round. Its methods may
// be called concurrently.
type vault interface {
	// seal appends to to what is stored in a row.
	seal(to []byte, at row, body []byte) ([]byte, error)
	// open returns the body, in the memory of what was stored. The error is
	// errSealed where that is not what seal made for this very row.
	open(at row, stored []byte) ([]byte, error)
}

// errSealed says that what is stored cannot be decrypted.
var errSealed = errors.New("it cannot be decrypted")

// sealer encrypts by AES-256-GCM. Each row has a key of its own, derived from the
// file's key and the row's number, and a random nonce. A key is thus used for one
// body, and for a few where a transaction is repeated or a copy of the file is put
// back: no number of bodies wears it out, and no counter has to survive a crash.
type sealer struct {
	// file is the key that all keys of this file are derived from.
	file []byte
}

// newSealer returns the sealer of the file with this identity.
func newSealer(key []byte, id string) (*sealer, error) {
	file, err := hkdf.Key(sha256.New, key, []byte(id), purposeFile, KeyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive the key of the file: %w", err)
	}
	return &sealer{file: file}, nil
}

// proof returns what shows that another sealer has the same key.
func (s *sealer) proof() ([]byte, error) {
	return hkdf.Expand(sha256.New, s.file, purposeProof, sha256.Size)
}

// aead returns the cipher of a row.
func (s *sealer) aead(seq int64) (cipher.AEAD, error) {
	info := binary.BigEndian.AppendUint64([]byte(purposeBody), uint64(seq))
	key, err := hkdf.Expand(sha256.New, s.file, string(info), KeyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// bound is what of a row cannot be changed without its body becoming unreadable.
// The file and the number are bound by the key.
func (r row) bound() []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(r.received)), r.sender...)
}

func (s *sealer) seal(to []byte, at row, body []byte) ([]byte, error) {
	aead, err := s.aead(at.seq)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	var nonce [nonceBytes]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return aead.Seal(append(to, nonce[:]...), nonce[:], body, at.bound()), nil
}

func (s *sealer) open(at row, stored []byte) ([]byte, error) {
	aead, err := s.aead(at.seq)
	if err != nil {
		return nil, fmt.Errorf("decrypt: %w", err)
	}
	if len(stored) < sealBytes {
		return nil, errSealed
	}
	nonce, text := stored[:nonceBytes], stored[nonceBytes:]
	body, err := aead.Open(text[:0], nonce, text, at.bound())
	if err != nil {
		return nil, errSealed
	}
	return body, nil
}
