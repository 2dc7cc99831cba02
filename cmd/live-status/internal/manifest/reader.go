package manifest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Options are those of a Reader. The zero value is of use.
type Options struct {
	// MaxObject is the longest object in bytes; default 16 MiB, ten times what an
	// API server takes.
	MaxObject int
	// MaxWhole is from how many bytes on the items of a YAML List are no longer
	// held together; default 1 MiB.
	MaxWhole int
}

const (
	defaultMaxObject = 16 << 20
	defaultMaxWhole  = 1 << 20
	// maxNesting is how deep Lists may be in each other.
	maxNesting = 16
	buffer     = 64 << 10
)

// Reader reads the objects of one input.
type Reader struct {
	o    Options
	file string
	in   *bufio.Reader
	raw  io.Reader

	// line is that of the next byte, and fresh whether it is the first there.
	line  int
	fresh bool

	documents int
	item      int
	yield     func(Manifest, error) bool
}

// NewReader returns a Reader of r, which its errors call file.
func NewReader(r io.Reader, file string, o Options) *Reader {
	if o.MaxObject <= 0 {
		o.MaxObject = defaultMaxObject
	}
	if o.MaxWhole <= 0 {
		o.MaxWhole = min(defaultMaxWhole, o.MaxObject)
	}
	return &Reader{o: o, file: file, raw: r, line: 1, fresh: true}
}

// Documents returns how many documents there were so far, good or bad.
func (r *Reader) Documents() int { return r.documents }

// errStopped ends reading because nobody wants more.
var errStopped = errors.New("stopped")

// All yields the objects in the order of the input. An error is an *Error; what
// comes after it is still read, unless the input itself cannot be.
func (r *Reader) All() iter.Seq2[Manifest, error] {
	return func(yield func(Manifest, error) bool) {
		r.yield = yield
		err := r.open()
		for err == nil {
			err = r.document()
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, errStopped) {
			yield(Manifest{}, &Error{Position{File: r.file, Line: r.line}, fmt.Errorf("read: %w", err)})
		}
	}
}

// open makes the input ready.
func (r *Reader) open() (err error) {
	r.in, err = Decode(r.raw)
	return err
}

// Decode undoes gzip and turns UTF-16 into UTF-8, by the first bytes of each. A
// byte order mark is left out.
func Decode(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, buffer)
	// An error is told by the read that follows.
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzip, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(unzip, buffer)
	}
	switch mark, _ := in.Peek(3); {
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}), bytes.HasPrefix(mark, []byte{0xfe, 0xff}), bytes.Equal(mark, []byte{0xef, 0xbb, 0xbf}):
		// PowerShell's > writes UTF-16.
		decoder := unicode.BOMOverride(encoding.Nop.NewDecoder())
		in = bufio.NewReaderSize(transform.NewReader(in, decoder), buffer)
	}
	return in, nil
}

// document reads what comes next: a separator, a comment, a document.
func (r *Reader) document() error {
	first, err := r.peekText()
	if err != nil {
		return err
	}
	switch {
	case first == '\n' || first == '#' || r.empty():
		return r.skipLine()
	case first == '{' || first == '[':
		r.documents++
		r.item = 0
		return r.json()
	default:
		r.documents++
		r.item = 0
		return r.yaml()
	}
}

// peekText returns the first byte of the line that is no blank, and \n where
// there is none.
func (r *Reader) peekText() (byte, error) {
	for n := 1; ; n++ {
		head, err := r.in.Peek(n)
		if len(head) < n {
			if n > 1 && errors.Is(err, io.EOF) {
				return '\n', nil
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				return ' ', nil
			}
			return 0, err
		}
		switch c := head[n-1]; c {
		case ' ', '\t', '\r':
		default:
			return c, nil
		}
	}
}

// separator reports whether the line begins with a mark, --- or ..., alone or
// before a blank.
func (r *Reader) separator(mark string) bool {
	head, _ := r.in.Peek(len(mark) + 1)
	if !bytes.HasPrefix(head, []byte(mark)) {
		return false
	}
	return len(head) == len(mark) || bytes.IndexByte([]byte(" \t\r\n"), head[len(mark)]) >= 0
}

// empty reports whether the line is a separator with nothing but a comment.
func (r *Reader) empty() bool {
	if r.separator("...") {
		return true
	}
	if !r.separator("---") {
		return false
	}
	for n := len("---") + 1; ; n++ {
		head, _ := r.in.Peek(n)
		if len(head) < n {
			return true
		}
		switch head[n-1] {
		case ' ', '\t', '\r':
		case '\n', '#':
			return true
		default:
			return false
		}
	}
}

// skipLine skips to the next line.
func (r *Reader) skipLine() error {
	for {
		_, err := r.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		r.line++
		r.fresh = true
		return err
	}
}

// at is the place of what began at line.
func (r *Reader) at(line int) Position {
	return Position{File: r.file, Document: r.documents, Item: r.item, Line: line}
}

func (r *Reader) fail(line int, err error) error {
	return r.failAt(r.at(line), err)
}

func (r *Reader) failAt(at Position, err error) error {
	if !r.yield(Manifest{}, &Error{at, err}) {
		return errStopped
	}
	return nil
}

// emit hands on an object, or what a List holds. The first of lines is that of
// the value, and those of its items follow where they are known.
func (r *Reader) emit(value any, lines []int, depth int) error {
	line := lines[0]
	list, head, ok := items(value)
	if !ok {
		obj, err := object(value)
		if err != nil {
			return r.fail(line, err)
		}
		if !r.yield(Manifest{obj, r.at(line)}, nil) {
			return errStopped
		}
		return nil
	}
	if depth >= maxNesting {
		return r.fail(line, errNesting)
	}
	for i, item := range list {
		head.complete(item)
		if _, _, nested := items(item); !nested {
			r.item++
		}
		at := []int{line}
		if len(lines) == 1+len(list) {
			at[0] = lines[1+i]
		}
		if err := r.emit(item, at, depth+1); err != nil {
			return err
		}
	}
	return nil
}

var errNesting = fmt.Errorf("more than %d Lists in each other: flatten them", maxNesting)

// bounded keeps the first max bytes.
type bounded struct {
	b    []byte
	max  int
	over bool
}

func (b *bounded) add(p ...byte) {
	if b.over || len(b.b)+len(p) > b.max {
		b.over = true
		return
	}
	b.b = append(b.b, p...)
}

// tooLong says what to do about an object that does not fit.
func (r *Reader) tooLong(line int, advice string) error {
	return r.fail(line, fmt.Errorf("the object is longer than %d MiB, which no API server takes%s", max(1, r.o.MaxObject>>20), advice))
}
