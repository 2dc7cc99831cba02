package auditfile

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// content is what a file says, decompressed.
type content interface {
	// readAt reads as io.ReaderAt does: less than len(p) comes with an error,
	// io.EOF where the content ends for now. What it put into p nobody may
	// change. errBusy asks for another call, so that the caller can do something
	// else in between; errTorn says that the rest is missing.
	readAt(p []byte, off int64) (int, error)
	// length is how long the content is, false if that is known at its end only.
	length(size int64) (int64, bool)
}

var (
	errBusy = errors.New("not there yet")
	errTorn = errors.New("the compressed file is incomplete")
	// errDamaged says that what follows cannot be decompressed.
	errDamaged = errors.New("the compressed file is damaged")
)

type plain struct{ f *os.File }

func (p plain) readAt(b []byte, off int64) (int, error) { return p.f.ReadAt(b, off) }

func (p plain) length(size int64) (int64, bool) { return size, true }

// skipMost bounds how much is decompressed at a time only to be thrown away.
const skipMost = 16 << 20

// zipped decompresses a file from its beginning to its end. Going back costs a
// new beginning, except within what was read last.
type zipped struct {
	f *os.File
	z *gzip.Reader
	// raw is how many compressed bytes were taken.
	raw countingReader
	// off is where z stands. last is what was read last, and ends there.
	off  int64
	last []byte
}

// countingReader reads a file from its beginning.
type countingReader struct {
	f *os.File
	n int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.f.ReadAt(p, r.n)
	r.n += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (z *zipped) rewind() error {
	z.raw = countingReader{f: z.f}
	z.off, z.last = 0, nil
	r, err := gzip.NewReader(bufio.NewReaderSize(&z.raw, sniffSize))
	if err != nil {
		z.z = nil
		return torn(err)
	}
	z.z = r
	return nil
}

// torn tells a file that is still being written, or was not written to its
// end, from a damaged one and from one that cannot be read.
func torn(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errTorn
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return errDamaged
	}
	return err
}

// cut reports whether an error means that a content has an end where it should
// have none, and that what comes before it is good.
func cut(err error) bool { return errors.Is(err, errTorn) || errors.Is(err, errDamaged) }

func (z *zipped) readAt(p []byte, off int64) (int, error) {
	if z.z == nil || off < z.off-int64(len(z.last)) {
		if err := z.rewind(); err != nil {
			return 0, err
		}
	}
	if off > z.off {
		n, err := io.CopyN(io.Discard, z.z, min(off-z.off, skipMost))
		z.off, z.last = z.off+n, nil
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil:
			z.z = nil
			return 0, torn(err)
		case z.off < off:
			return 0, errBusy
		}
	}
	n := copy(p, z.last[int64(len(z.last))-(z.off-off):])
	if n == len(p) {
		return n, nil
	}
	var err error
	for n < len(p) && err == nil {
		var more int
		more, err = z.z.Read(p[n:])
		n += more
		z.off += int64(more)
	}
	z.last = p[:n:n]
	if err != nil && !errors.Is(err, io.EOF) {
		z.z = nil
		return n, torn(err)
	}
	// The end is told only to those who ask beyond it, as a file does.
	if n == len(p) {
		err = nil
	}
	return n, err
}

// length takes what gzip notes at the end of a file, which is right for files
// of one member below 4 GiB; it is compared with, never trusted.
func (z *zipped) length(size int64) (int64, bool) {
	var b [4]byte
	if size < 18 {
		return 0, false
	}
	if _, err := z.f.ReadAt(b[:], size-int64(len(b))); err != nil {
		return 0, false
	}
	return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24, false
}

// contentOf finds out in what format a file is. It returns nil while it is too
// short to tell.
func contentOf(f *os.File, path string) (content, error) {
	var b [magicSize]byte
	n, err := f.ReadAt(b[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	magic := string(b[:n])
	for _, f := range foreign {
		if strings.HasPrefix(magic, f.magic) {
			return nil, &foreignError{path: path, advice: f.advice}
		}
	}
	switch {
	case n < len(gzipMagic):
		return nil, nil //nolint:nilnil // Too short to be anything is no error.
	case strings.HasPrefix(magic, gzipMagic):
		return &zipped{f: f}, nil
	}
	return plain{f}, nil
}

// endsAt reports whether the content of length n has these bytes before n, by
// their checksum. It says nothing about a content that is shorter.
func endsAt(c content, n int64) (uint32, error) {
	size := min(n, tailMax)
	buf := make([]byte, size)
	if _, err := c.readAt(buf, n-size); err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read %d bytes before offset %d: %w", size, n, err)
	}
	return crc32.Checksum(buf, castagnoli), nil
}

// sameLength reports whether a content of length n may be the one whose length
// is noted modulo 2^32.
func sameLength(noted, n int64) bool { return noted == n&(1<<32-1) }
