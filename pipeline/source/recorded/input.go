package recorded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// class is what a file was named as.
type class uint8

const (
	objectFile class = iota
	auditFile
	eventFile
)

// input is a file that was named.
type input struct {
	name  string
	class class
	// rank orders what bears the same time.
	rank int
	// stdin is the reader that "-" stands for. once is set on whatever can be read
	// one time only.
	stdin  bool
	once   bool
	reader io.Reader
	// size is 0 where it is not known.
	size int64
}

// stdinName is the name of standard input among those of files.
const stdinName = "-"

func newInput(name string, c class, stdin io.Reader) (*input, error) {
	if name == stdinName {
		if stdin == nil {
			return nil, errors.New("standard input is not there to be read")
		}
		return &input{name: name, class: c, stdin: true, once: true, reader: stdin}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("read %s: it is a directory; name the files in it", name)
	case !info.Mode().IsRegular():
		// To open a pipe and close it again would end its writer.
		return &input{name: name, class: c, once: true}, nil
	}
	in := &input{name: name, class: c, size: info.Size()}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	b := make([]byte, magicSize)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if advice := foreignTo(b[:n]); advice != "" {
		return nil, fmt.Errorf("cannot read %s: %s", name, advice)
	}
	return in, nil
}

// foreign names the formats that are known by their first bytes and cannot be
// read.
var foreign = []struct{ magic, advice string }{
	{"\xff\xfe", "it is UTF-16; convert it to UTF-8"},
	{"\xfe\xff", "it is UTF-16; convert it to UTF-8"},
	{"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it"},
	{"\xfd7zXZ", "it is compressed with xz; decompress it"},
	{"BZh", "it is compressed with bzip2; decompress it"},
	{"PK\x03\x04", "it is a zip archive; unpack it"},
	{"SQLite format 3", "it is a database"},
}

const (
	// magicSize is how many bytes tell the format.
	magicSize = 16
	gzipMagic = "\x1f\x8b"
)

// foreignTo returns what to do about a file that begins so; empty where it may be
// one that can be read.
func foreignTo(begin []byte) string {
	for _, f := range foreign {
		if strings.HasPrefix(string(begin), f.magic) {
			return f.advice
		}
	}
	return ""
}
