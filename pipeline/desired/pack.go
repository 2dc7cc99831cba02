package desired

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"fmt"
	"io"
	"sync"
)

// dictionary has what manifests have in common, the commonest last: without it
// there is little in one manifest to be made shorter.
//
//go:embed dictionary.txt
var dictionary []byte

// packer compresses manifests, one at a time.
type packer struct {
	w   *flate.Writer
	buf bytes.Buffer
}

func newPacker() (*packer, error) {
	p := &packer{}
	w, err := flate.NewWriterDict(&p.buf, flate.DefaultCompression, dictionary)
	p.w = w
	return p, err
}

// pack returns a manifest compressed.
func (p *packer) pack(manifest string) ([]byte, error) {
	p.buf.Reset()
	p.w.Reset(&p.buf)
	if _, err := io.WriteString(p.w, manifest); err != nil {
		return nil, err
	}
	if err := p.w.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.buf.Bytes()), nil
}

// unpacker decompresses manifests, many at a time.
type unpacker struct{ readers sync.Pool }

// unpack returns a manifest of the length given.
func (u *unpacker) unpack(packed []byte, length int) ([]byte, error) {
	r, ok := u.readers.Get().(io.ReadCloser)
	if !ok {
		r = flate.NewReaderDict(nil, dictionary)
	}
	defer u.readers.Put(r)
	resetter, ok := r.(flate.Resetter)
	if !ok {
		return nil, fmt.Errorf("decompress manifest: no reader that can be used again")
	}
	if err := resetter.Reset(bytes.NewReader(packed), dictionary); err != nil {
		return nil, fmt.Errorf("decompress manifest: %w", err)
	}
	out := make([]byte, length)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, fmt.Errorf("decompress manifest: %w", err)
	}
	return out, nil
}
