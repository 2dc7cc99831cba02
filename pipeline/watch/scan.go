package watch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// scanner splits a stream of JSON into the values that matter, by counting
// brackets and quotes. It does not check what is within a value: a decoder that
// checks, encoding/json's among them, gives up the whole stream over one object
// that is nested too deep, and whoever may create events could stop everybody's
// with one.
type scanner struct{ r *bufio.Reader }

// The sizes of the buffers: a list comes at once; the many watches wait most of
// the time.
const (
	pageBuffer  = 32 << 10
	frameBuffer = 8 << 10
)

func newScanner(r io.Reader, buffer int) scanner {
	return scanner{r: bufio.NewReaderSize(r, buffer)}
}

// peek returns the next byte that is not white space, without taking it.
func (s scanner) peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		}
		return c, s.r.UnreadByte()
	}
}

// take takes the next byte if it is want, and reports whether it was.
func (s scanner) take(want byte) (bool, error) {
	c, err := s.peek()
	if err != nil || c != want {
		return false, err
	}
	_, err = s.r.ReadByte()
	return true, err
}

// members calls each with the name of every member of an object; each must take
// the member's value. It returns io.EOF where the stream ends before the object
// begins, and io.ErrUnexpectedEOF where it ends within.
func (s scanner) members(each func(name string) error) error {
	if ok, err := s.take('{'); err != nil || !ok {
		return s.unexpected("an object", err)
	}
	return inside(s.list('}', func() error {
		name, _, err := s.value(nil, maxName)
		if err != nil {
			return err
		}
		if ok, err := s.take(':'); err != nil || !ok {
			return s.unexpected("a colon", err)
		}
		return each(string(name))
	}))
}

// maxName is the longest name of a member that matters, with its quotes.
const maxName = 64

// elements calls each before every element of an array; each must take it. Null
// is an array without any: some servers write it for an empty list.
func (s scanner) elements(each func() error) error {
	c, err := s.peek()
	if err != nil {
		return inside(err)
	}
	if c != '[' {
		raw, _, err := s.value(nil, maxName)
		if err == nil && string(raw) != "null" {
			return s.unexpected("an array", nil)
		}
		return inside(err)
	}
	if _, err := s.r.ReadByte(); err != nil {
		return inside(err)
	}
	return inside(s.list(']', each))
}

// list reads what stands between commas until end.
func (s scanner) list(end byte, each func() error) error {
	for first := true; ; first = false {
		if ok, err := s.take(end); err != nil || ok {
			return err
		}
		if !first {
			if ok, err := s.take(','); err != nil || !ok {
				return s.unexpected("a comma", err)
			}
		}
		if err := each(); err != nil {
			return err
		}
	}
}

// value takes one value and returns it in the memory given, at most limit bytes
// of it; whole is false where there were more.
func (s scanner) value(into []byte, limit int) (raw []byte, whole bool, err error) {
	if _, err := s.peek(); err != nil {
		return nil, false, inside(err)
	}
	raw, whole = into[:0], true
	var v extent
	for !v.ended {
		if _, err := s.r.Peek(1); err != nil {
			return nil, false, inside(err)
		}
		buffered, err := s.r.Peek(s.r.Buffered())
		if err != nil {
			return nil, false, err
		}
		n := v.within(buffered)
		if v.depth < 0 {
			return nil, false, s.unexpected("a value", nil)
		}
		keep := min(n, limit-len(raw))
		raw, whole = append(raw, buffered[:keep]...), whole && keep == n
		if _, err := s.r.Discard(n); err != nil {
			return nil, false, err
		}
	}
	return raw, whole, nil
}

// extent finds where a value ends.
type extent struct {
	depth           int
	quoted, escaped bool
	// plain is set within a number or a word, which end where something else
	// begins.
	plain, ended bool
}

// within returns how many of the next bytes belong to the value.
func (v *extent) within(next []byte) int {
	for i := 0; i < len(next); i++ {
		c := next[i]
		switch {
		case v.escaped:
			v.escaped = false
			continue
		case v.quoted:
			// Most of an object is within quotes.
			for i < len(next) && next[i] != '"' && next[i] != '\\' {
				i++
			}
			if i == len(next) {
				return i
			}
			if next[i] == '\\' {
				v.escaped = true
				continue
			}
			v.quoted = false
		case c == '"':
			v.quoted = true
			continue
		case c == '{' || c == '[':
			v.depth++
			continue
		case v.plain && v.depth == 0 && separates(c):
			v.ended = true
			return i
		case c == '}' || c == ']':
			v.depth--
		default:
			v.plain = v.plain || v.depth == 0
			continue
		}
		if v.depth <= 0 {
			v.ended = true
			return i + 1
		}
	}
	return len(next)
}

func separates(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\n', '\r', ':':
		return true
	}
	return false
}

// skip takes one value and forgets it.
func (s scanner) skip() error {
	_, _, err := s.value(nil, maxName)
	return err
}

var errNotJSON = errors.New("the answer is not the JSON of a Kubernetes API")

func (s scanner) unexpected(want string, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s is missing", errNotJSON, want)
}

// inside turns the end of the stream into an unexpected one.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
