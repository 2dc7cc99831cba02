package recorded

import (
	"bytes"
	"errors"
)

// The scanner finds where JSON values begin and end by counting brackets and
// quotes. It does not check what is within an item, which is for the decoder to
// do. It does not recurse, and looks at each byte a constant number of times.

var (
	// errEnds says that the text ends within a value, and errShape that it is not
	// the JSON that is expected.
	errEnds  = errors.New("the JSON ends early")
	errShape = errors.New("no JSON, or JSON of another shape")
)

// longestName is the length of the longest name or word that is told from others.
const longestName = 64

// space moves to the next byte that is not white space and returns it, or false
// at the end.
func (f *feed) space() (byte, bool) {
	for {
		for f.pos < len(f.buf) {
			switch c := f.buf[f.pos]; c {
			case ' ', '\t', '\n', '\r':
				f.pos++
			default:
				return c, true
			}
		}
		if !f.more() {
			return 0, false
		}
	}
}

// value moves behind the value that begins at pos.
func (f *feed) value() error {
	if f.pos == len(f.buf) && !f.more() {
		return errEnds
	}
	switch f.buf[f.pos] {
	case '{', '[':
		return f.nested()
	case '"':
		_, err := f.quoted(nil)
		return err
	}
	found := false
	for {
		for f.pos < len(f.buf) {
			if !isWord(f.buf[f.pos]) {
				if !found {
					return errShape
				}
				return nil
			}
			found = true
			f.pos++
		}
		if !f.more() {
			if !found {
				return errEnds
			}
			return nil
		}
	}
}

// isWord reports whether c can be part of a number, true, false or null.
func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '+' || c == '.'
}

// nested moves behind the object or array that begins at pos.
func (f *feed) nested() error {
	for depth := 0; ; {
		b, i := f.buf, f.pos
		for i < len(b) {
			switch b[i] {
			case '"':
				f.pos = i
				if _, err := f.quoted(nil); err != nil {
					return err
				}
				b, i = f.buf, f.pos
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					f.pos = i + 1
					return nil
				}
			}
			i++
		}
		f.pos = i
		if !f.more() {
			return errEnds
		}
	}
}

// quoted moves behind the string that begins at pos. It returns what is in it as
// it is written, as far as into has room for it whole; else nil.
func (f *feed) quoted(into []byte) ([]byte, error) {
	f.pos++
	// quote is the next quote in buf, so that it is looked for once however many
	// escapes come before it.
	quote := -1
	for {
		if quote < f.pos {
			if quote = indexFrom(f.buf, f.pos, '"'); quote < 0 {
				quote = len(f.buf)
			}
		}
		plain := f.buf[f.pos:quote]
		escape := bytes.IndexByte(plain, '\\')
		if escape >= 0 {
			plain = plain[:escape]
		}
		into = fit(into, plain)
		f.pos += len(plain)
		switch {
		case escape >= 0:
			if f.pos+2 > len(f.buf) {
				if !f.more() {
					f.pos = len(f.buf)
					return nil, errEnds
				}
				quote = -1
			}
			into = fit(into, f.buf[f.pos:f.pos+2])
			f.pos += 2
		case quote < len(f.buf):
			f.pos++
			return into, nil
		default:
			if !f.more() {
				return nil, errEnds
			}
			quote = -1
		}
	}
}

// indexFrom returns where c is in b from there on, or -1.
func indexFrom(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return -1
}

// fit appends b to what it fits behind, and returns nil if it does not.
func fit(into, b []byte) []byte {
	if into == nil || len(into)+len(b) > cap(into) {
		return nil
	}
	return append(into, b...)
}

// member moves to the value of the next member of the object that pos is in, and
// returns its name as it is written; nil if that is longer than any that matters.
// It reports false, and moves behind the object, where there is none. The name is
// valid until the next one is asked for.
func (f *feed) member(first bool) (name []byte, ok bool, err error) {
	c, ok := f.space()
	switch {
	case !ok:
		return nil, false, errEnds
	case c == '}':
		f.pos++
		return nil, false, nil
	case !first && c != ',':
		return nil, false, errShape
	case !first:
		f.pos++
		if c, ok = f.space(); !ok {
			return nil, false, errEnds
		}
	}
	if c != '"' {
		return nil, false, errShape
	}
	if name, err = f.quoted(f.name[:0]); err != nil {
		return nil, false, err
	}
	if c, ok = f.space(); !ok {
		return nil, false, errEnds
	} else if c != ':' {
		return nil, false, errShape
	}
	f.pos++
	if _, ok = f.space(); !ok {
		return nil, false, errEnds
	}
	return name, true, nil
}

// element moves to the next element of the array that pos is in. It reports false,
// and moves behind the array, where there is none.
func (f *feed) element(first bool) (bool, error) {
	c, ok := f.space()
	switch {
	case !ok:
		return false, errEnds
	case c == ']':
		f.pos++
		return false, nil
	case !first && c != ',':
		return false, errShape
	case !first:
		f.pos++
		if _, ok = f.space(); !ok {
			return false, errEnds
		}
	}
	return true, nil
}

// text moves behind a value, and returns it as it is written if it is a short
// string; else nil. It is valid until the next one is asked for.
func (f *feed) text() ([]byte, error) {
	if f.pos < len(f.buf) && f.buf[f.pos] == '"' {
		return f.quoted(f.word[:0])
	}
	return nil, f.value()
}
