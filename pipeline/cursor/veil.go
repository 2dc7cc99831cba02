package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What the keys that are derived from a cursor's key are for.
const (
	purposeNames    = "live-status cursor 4: names"
	purposeStatuses = "live-status cursor 4: statuses"
)

// nameBytes is how long the keyed hash of a name is that takes its place. Of the
// keys that are blobs those with a UUID are longer, so that none is taken for
// another.
const nameBytes = 15

// veil keeps names out of the file: those of objects and applications are chosen
// by their users and may hold what must not be told. A nil veil stores them as they
// are.
type veil struct {
	// names is what hashes of names are keyed with.
	names []byte
	rows  cipher.AEAD
}

// newVeil returns the veil of a cursor's key.
func newVeil(key []byte) (*veil, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != KeyBytes {
		return nil, fmt.Errorf("open cursor: a key of %d bytes, want %d", len(key), KeyBytes)
	}
	names, err := hkdf.Expand(sha256.New, key, purposeNames, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive a key of the cursor: %w", err)
	}
	statuses, err := hkdf.Expand(sha256.New, key, purposeStatuses, KeyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive a key of the cursor: %w", err)
	}
	block, err := aes.NewCipher(statuses)
	if err != nil {
		return nil, fmt.Errorf("derive a key of the cursor: %w", err)
	}
	rows, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("derive a key of the cursor: %w", err)
	}
	return &veil{names: names, rows: rows}, nil
}

// hash returns what stands for a name.
func (v *veil) hash(name string) []byte {
	mac := hmac.New(sha256.New, v.names)
	mac.Write([]byte(name))
	return mac.Sum(nil)[:nameBytes]
}

// seen returns the form in which a key is stored: a UUID as it is, which tells
// nothing, and a name by its hash.
func (v *veil) seen(key event.SeenKey) any {
	stored := storedKey(key)
	if name, ok := stored.(string); ok && v != nil {
		return v.hash(name)
	}
	return stored
}

// statusKey returns the key under which a row is stored.
func (v *veil) statusKey(key event.StatusKey) string {
	if v == nil {
		return string(key)
	}
	return base64.RawURLEncoding.EncodeToString(v.hash(string(key)))
}

// seal returns what is stored of a row: its key and its data, encrypted by
// AES-256-GCM with a random nonce, and bound to where they are stored.
func (v *veil) seal(stored string, row *event.StatusRow) ([]byte, error) {
	if v == nil {
		return row.Data, nil
	}
	var nonce [nonceBytes]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	plain := binary.AppendUvarint(nil, uint64(len(row.Key)))
	plain = append(append(plain, row.Key...), row.Data...)
	return v.rows.Seal(nonce[:], nonce[:], plain, []byte(stored)), nil
}

// open returns the row of what is stored. It reports false where it was stored
// with another key.
func (v *veil) open(stored string, data []byte) (event.StatusRow, bool) {
	if v == nil {
		return event.StatusRow{Key: event.StatusKey(stored), Data: data}, true
	}
	if len(data) < nonceBytes {
		return event.StatusRow{}, false
	}
	plain, err := v.rows.Open(nil, data[:nonceBytes], data[nonceBytes:], []byte(stored))
	if err != nil {
		return event.StatusRow{}, false
	}
	n, size := binary.Uvarint(plain)
	if size <= 0 || n > uint64(len(plain)-size) {
		return event.StatusRow{}, false
	}
	plain = plain[size:]
	return event.StatusRow{Key: event.StatusKey(plain[:n]), Data: plain[n:]}, true
}
