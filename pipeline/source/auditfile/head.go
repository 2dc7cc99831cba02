package auditfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// fingerprint is a hash of how a content begins, in hexadecimal digits.
type fingerprint string

const (
	// headMax is how many bytes of the first line tell one content from
	// another. An audit ID is within the first 150.
	headMax = 1024
	// sniffSize is how much of a file is read at a time to find its head, and
	// how much of its first line is searched for a time.
	sniffSize = 64 << 10
	// sniffMost bounds what is read of one file per look, so that a file that
	// begins with gigabytes of NUL does not hold up the others.
	sniffMost = 64 << 20
)

// head is how a content begins.
type head struct {
	// at is where the first line begins. Before it may lie what a file system
	// or a writer left: NUL, blank lines, a byte order mark.
	at int64
	// size is how many bytes sum is made of.
	size int
	sum  fingerprint
	// first is the time that the first line bears; zero if none was found.
	first time.Time
}

func hashOf(b []byte) fingerprint {
	sum := sha256.Sum256(b)
	return fingerprint(hex.EncodeToString(sum[:16]))
}

// errNoHead says that the first line is not yet there.
var errNoHead = errors.New("the first line is not complete")

// find looks for the head of a content from h.at on, and moves h.at up to where
// it has looked. With whole set, the content is complete, and an unfinished
// first line will do. errNoHead says that there is none yet, errBusy that find
// has not looked everywhere.
func (h *head) find(c content, whole bool) error {
	buf := make([]byte, sniffSize)
	for most := h.at + sniffMost; h.at < most; {
		n, err := c.readAt(buf, h.at)
		if err != nil && !errors.Is(err, io.EOF) && (n == 0 || !cut(err)) {
			return err
		}
		b := buf[:n]
		skip := 0
		if h.at == 0 && bytes.HasPrefix(b, byteOrderMark) {
			skip = len(byteOrderMark)
		}
		for skip < n && (b[skip] == 0 || b[skip] == '\n' || isBlank(b[skip])) {
			skip++
		}
		switch {
		case skip > 0 && (skip < n || err == nil):
			// The line may go on behind what was read.
			h.at += int64(skip)
			continue
		case skip == n:
			return errNoHead
		}
		return h.take(b, whole && errors.Is(err, io.EOF))
	}
	return errBusy
}

func (h *head) take(b []byte, whole bool) error {
	first, _, complete := bytes.Cut(b, []byte{'\n'})
	if !complete && len(b) < headMax && !whole {
		return errNoHead
	}
	h.first = stageTime(first)
	first = first[:min(len(first), headMax)]
	h.size, h.sum = len(first), hashOf(first)
	return nil
}

// holds reports whether the content still begins as it did.
func (h *head) holds(c content) (bool, error) {
	buf := make([]byte, h.size)
	n, err := c.readAt(buf, h.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return n == h.size && hashOf(buf) == h.sum, nil
}

var stageTimestamp = []byte(`"stageTimestamp":"`)

// stageTime returns the time of an audit event. It takes the last one in the
// line: kube-apiserver writes the bodies, which say what a client likes, before
// it.
func stageTime(line []byte) time.Time {
	i := bytes.LastIndex(line, stageTimestamp)
	if i < 0 {
		return time.Time{}
	}
	text := line[i+len(stageTimestamp):]
	end := bytes.IndexByte(text, '"')
	if end < 0 || end > len(time.RFC3339Nano) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(text[:end]))
	if err != nil {
		return time.Time{}
	}
	return t
}

// foreign names the formats that are known by their first bytes and cannot be
// read.
var foreign = []struct {
	magic  string
	advice string
}{
	{"\xff\xfe", "it is UTF-16; convert it to UTF-8"},
	{"\xfe\xff", "it is UTF-16; convert it to UTF-8"},
	{"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it or leave it out of the path"},
	{"\xfd7zXZ", "it is compressed with xz; decompress it or leave it out of the path"},
	{"BZh", "it is compressed with bzip2; decompress it or leave it out of the path"},
	{"PK\x03\x04", "it is a zip archive; unpack it or leave it out of the path"},
	{"SQLite format 3", "it is a database; leave it out of the path"},
}

// magicSize is how many bytes tell the format.
const magicSize = 16

const gzipMagic = "\x1f\x8b"

// foreignError is the error of a file in a format that cannot be read.
type foreignError struct{ path, advice string }

func (e *foreignError) Error() string { return fmt.Sprintf("cannot read %s: %s", e.path, e.advice) }
