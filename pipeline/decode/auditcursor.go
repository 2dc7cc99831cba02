package decode

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

var (
	errSyntax   = errors.New("syntax error")
	errTrailing = errors.New("trailing data")
)

// cursor reads JSON whose shape is known in advance: it walks objects and arrays
// by itself and leaves to jx what the shape does not tell, to check its syntax
// and skip it. Its own part nests no deeper than its callers do; jx ends at
// 10,000 levels.
type cursor struct {
	// raw is what is read and text the same as a string.
	raw  []byte
	text string
	i    int

	skipper jx.Decoder
	plain   []byte
}

// reset begins with raw, which must not change until the next reset. The copy
// of it that text is has nothing but valid UTF-8.
func (c *cursor) reset(raw []byte) {
	c.raw, c.text, c.i = raw, string(raw), 0
	if !utf8.ValidString(c.text) {
		// JSON's own characters are ASCII, so that this changes the insides of
		// strings only, or what is no JSON anyway.
		c.text = strings.ToValidUTF8(c.text, "\uFFFD")
		c.raw = []byte(c.text)
	}
}

// release forgets the input, and scratch memory that is too large to be kept.
func (c *cursor) release() {
	c.raw, c.text = nil, ""
	c.skipper.ResetBytes(nil)
	if cap(c.plain) > keptPlain {
		c.plain = nil
	}
}

// next skips white space and returns the byte that follows, 0 at the end.
func (c *cursor) next() byte {
	for c.i < len(c.raw) {
		switch b := c.raw[c.i]; b {
		case ' ', '\t', '\n', '\r':
			c.i++
		default:
			return b
		}
	}
	return 0
}

// expected returns what is wrong if the next byte is none of those that may
// follow.
func (c *cursor) expected() error {
	if c.i >= len(c.raw) {
		return io.ErrUnexpectedEOF
	}
	return errSyntax
}

// end returns an error unless all input has been read.
func (c *cursor) end() error {
	if c.next(); c.i < len(c.raw) {
		return errTrailing
	}
	return nil
}

// skip reads any value and returns it.
func (c *cursor) skip() (string, error) {
	c.next()
	c.skipper.ResetBytes(c.raw[c.i:])
	raw, err := c.skipper.Raw()
	if err != nil {
		return "", err
	}
	from := c.i
	c.i += len(raw)
	return c.text[from:c.i], nil
}

// object reads an object; the opening brace must be next. It calls member for
// each key, to read or skip the value.
func (c *cursor) object(member func(key string) error) error {
	c.i++
	if c.next() == '}' {
		c.i++
		return nil
	}
	for {
		if c.next() != '"' {
			return c.expected()
		}
		key, err := c.str()
		if err != nil {
			return err
		}
		if c.next() != ':' {
			return c.expected()
		}
		c.i++
		if err := member(key); err != nil {
			return err
		}
		if more, err := c.separator('}'); !more {
			return err
		}
	}
}

// array reads an array like object an object.
func (c *cursor) array(element func() error) error {
	c.i++
	if c.next() == ']' {
		c.i++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if more, err := c.separator(']'); !more {
			return err
		}
	}
}

// separator reads a comma, after which there is more, or the closing bracket.
func (c *cursor) separator(closing byte) (more bool, err error) {
	switch c.next() {
	case ',':
		c.i++
		return true, nil
	case closing:
		c.i++
		return false, nil
	}
	return false, c.expected()
}

// str reads a string; the opening quote must be next.
func (c *cursor) str() (string, error) {
	from := c.i + 1
	n := plainLen(c.raw[from:])
	if end := from + n; end < len(c.raw) && c.raw[end] == '"' {
		c.i = end + 1
		return c.text[from:end], nil
	}
	c.skipper.ResetBytes(c.raw[c.i:])
	raw, err := c.skipper.Raw()
	if err != nil {
		return "", err
	}
	c.i += len(raw)
	c.skipper.ResetBytes(raw)
	c.plain, err = c.skipper.StrAppend(c.plain[:0])
	return string(c.plain), err
}

// plainLen returns how many bytes there are before a quote, a backslash or a
// control character, eight at a time.
func plainLen(b []byte) int {
	const (
		low  = 0x0101010101010101
		high = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^('"'*low), w^('\\'*low)
		// The lowest byte of each that is marked is one that is meant: a borrow
		// goes upwards only.
		found := ((quote-low)&^quote | (slash-low)&^slash | (w-' '*low)&^w) & high
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(b); i++ {
		if b[i] == '"' || b[i] == '\\' || b[i] < ' ' {
			break
		}
	}
	return i
}
