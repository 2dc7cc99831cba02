package recorded

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// kept is where events are that cannot be read twice: in memory and, beyond a
// limit, in a temporary file.
type kept struct {
	most int64
	// blocks are what is in memory, each of blockSize but for huge events; used is
	// how many bytes that takes.
	blocks [][]byte
	used   int64
	spill  *spill
}

const (
	// blockSize is how much memory is taken at a time.
	blockSize = 1 << 20
	// headSize is how long the place of an event is, which is kept before it.
	headSize = 8
	// spillBase is where the addresses in the file begin. Those in memory have the
	// block above, and the place in it in the lower blockBits.
	spillBase = 1 << 62
	blockBits = 32
)

// keptError is the error of a temporary file.
type keptError struct{ error }

func (e *keptError) Unwrap() error { return e.error }

// add keeps an event, which is in its file at offset, and returns its address.
func (k *kept) add(raw []byte, offset int64) (int64, error) {
	var head [headSize]byte
	binary.BigEndian.PutUint64(head[:], uint64(offset))
	size := headSize + len(raw)
	last := len(k.blocks) - 1
	if last < 0 || cap(k.blocks[last])-len(k.blocks[last]) < size {
		block := max(blockSize, size)
		if k.spill != nil || k.used+int64(block) > k.most {
			return k.write(head[:], raw)
		}
		k.used += int64(block)
		k.blocks = append(k.blocks, make([]byte, 0, block))
		last++
	}
	at := int64(last)<<blockBits | int64(len(k.blocks[last]))
	k.blocks[last] = append(append(k.blocks[last], head[:]...), raw...)
	return at, nil
}

func (k *kept) write(parts ...[]byte) (int64, error) {
	if k.spill == nil {
		s, err := newSpill()
		if err != nil {
			return 0, &keptError{fmt.Errorf("create a temporary file for events: %w", err)}
		}
		k.spill = s
	}
	at := k.spill.size()
	for _, b := range parts {
		if err := k.spill.write(b); err != nil {
			return 0, &keptError{fmt.Errorf("write events to a temporary file: %w", err)}
		}
	}
	return spillBase + at, nil
}

// get returns an event and its place.
func (k *kept) get(at int64, size int) (raw []byte, offset int64, err error) {
	var b []byte
	if at >= spillBase {
		if b, err = k.spill.read(at-spillBase, headSize+size); err != nil {
			return nil, 0, fmt.Errorf("read events from a temporary file: %w", err)
		}
	} else {
		block := k.blocks[at>>blockBits]
		from := int(at & (1<<blockBits - 1))
		to := from + headSize + size
		b = block[from:to:to]
	}
	return b[headSize:], int64(binary.BigEndian.Uint64(b)), nil
}

func (k *kept) close() {
	if k.spill != nil {
		k.spill.close()
	}
	k.blocks = nil
}

// spill is a temporary file that nobody else can find or read: it has no name, and
// the key to it is in memory only.
type spill struct {
	f       *os.File
	block   cipher.Block
	written int64
	buf     []byte
}

// spillBuffer is how much is written at a time.
const spillBuffer = 256 << 10

func newSpill() (*spill, error) {
	var key [32]byte
	// It never fails.
	_, _ = rand.Read(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "live-status-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &spill{f: f, block: block, buf: make([]byte, 0, spillBuffer)}, nil
}

// size is how much was written or is about to be.
func (s *spill) size() int64 { return s.written + int64(len(s.buf)) }

func (s *spill) write(b []byte) error {
	for len(b) > 0 {
		n := min(cap(s.buf)-len(s.buf), len(b))
		s.buf, b = append(s.buf, b[:n]...), b[n:]
		if len(s.buf) == cap(s.buf) {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *spill) flush() error {
	s.crypt(s.buf, s.written)
	n, err := s.f.Write(s.buf)
	s.written += int64(n)
	s.buf = s.buf[:0]
	return err
}

// read returns what was written at off.
func (s *spill) read(off int64, size int) ([]byte, error) {
	if len(s.buf) > 0 {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	b := make([]byte, size)
	if _, err := s.f.ReadAt(b, off); err != nil {
		return nil, err
	}
	s.crypt(b, off)
	return b, nil
}

// crypt encrypts or decrypts what is at off: by AES in counter mode, whose counter
// is the number of the 16 bytes since the beginning. Each place is written once.
func (s *spill) crypt(b []byte, off int64) {
	var counter, skipped [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(off/aes.BlockSize))
	stream := cipher.NewCTR(s.block, counter[:])
	lead := skipped[:off%aes.BlockSize]
	stream.XORKeyStream(lead, lead)
	stream.XORKeyStream(b, b)
}

func (s *spill) close() { s.f.Close() } //nolint:errcheck // Nothing of it is needed any more.
