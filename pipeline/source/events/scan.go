package events

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxItem is the size of the largest object that is kept. etcd stores 1.5 MB at
// most, which JSON may write longer.
const maxItem = 4 << 20

// scanner splits a stream of JSON into the values that matter, by counting
// brackets and quotes. It does not check what is within a value: a decoder that
// checks, encoding/json's among them, gives up the whole stream over one object
// that is nested too deep, and whoever may create events could stop everybody's
// with one.
type scanner struct{ r *bufio.Reader }

func newScanner(r io.Reader) scanner { return scanner{r: bufio.NewReaderSize(r, 32<<10)} }

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
		name, _, err := s.value(maxName)
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
		raw, _, err := s.value(maxName)
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

// value takes one value and returns it, at most limit bytes of it; whole is
// false where there were more.
func (s scanner) value(limit int) (raw []byte, whole bool, err error) {
	if _, err := s.peek(); err != nil {
		return nil, false, inside(err)
	}
	whole = true
	depth, quoted, escaped := 0, false, false
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return nil, false, inside(err)
		}
		if depth == 0 && !quoted && len(raw) > 0 {
			switch c {
			case ',', '}', ']', ' ', '\t', '\n', '\r', ':':
				// A number or word has ended.
				return raw, whole, s.r.UnreadByte()
			}
		}
		if len(raw) < limit {
			raw = append(raw, c)
		} else {
			whole = false
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		default:
			continue
		}
		if depth < 0 {
			return nil, false, s.unexpected("a value", nil)
		}
		if depth == 0 && !quoted && !escaped {
			return raw, whole, nil
		}
	}
}

// skip takes one value and forgets it.
func (s scanner) skip() error {
	_, _, err := s.value(maxName)
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
