package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	kjson "sigs.k8s.io/json"
)

// syntaxError is one after which the rest of a JSON document makes no sense.
type syntaxError string

func (e syntaxError) Error() string { return "no valid JSON: " + string(e) }

const (
	errEnd     syntaxError = "the input ends within the document, it was cut off"
	errKey     syntaxError = "a key in double quotes is expected"
	errColon   syntaxError = "a colon is expected after the key"
	errComma   syntaxError = "a comma or the closing bracket is expected"
	errValue   syntaxError = "a value is expected"
	errNewline syntaxError = "a text does not end on its line: close the quotes, or write \\n"
)

// json reads a JSON document. Where it is broken, the next document begins with
// the next line that begins with a curly bracket.
func (r *Reader) json() error {
	c, err := r.space(nil)
	if err != nil {
		return err
	}
	if c == '[' {
		err = r.jsonArray(nil, 0)
	} else {
		err = r.jsonObject(nil, 0)
	}
	broken, ok := errors.AsType[syntaxError](err)
	if !ok {
		return err
	}
	if err := r.fail(r.line, broken); err != nil {
		return err
	}
	for !r.begins() {
		if err := r.skipLine(); err != nil {
			return err
		}
	}
	return nil
}

// begins reports whether a document begins here.
func (r *Reader) begins() bool {
	head, err := r.in.Peek(1)
	return err != nil || r.fresh && (head[0] == '{' || r.separator("---"))
}

// peek returns the next byte.
func (r *Reader) peek() (byte, error) {
	head, err := r.in.Peek(1)
	if len(head) == 1 {
		return head[0], nil
	}
	if errors.Is(err, io.EOF) {
		return 0, errEnd
	}
	return 0, err
}

// take reads what peek returned.
func (r *Reader) take(into *bounded, c byte) {
	// The byte is in the buffer.
	_, _ = r.in.Discard(1)
	r.fresh = c == '\n'
	if r.fresh {
		r.line++
	}
	if into != nil {
		into.add(c)
	}
}

// space reads blanks and returns the byte behind them, which is not read.
func (r *Reader) space(into *bounded) (byte, error) {
	for {
		c, err := r.peek()
		if err != nil || (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
			return c, err
		}
		r.take(into, c)
	}
}

// text reads a text in quotes.
func (r *Reader) text(into *bounded) error {
	for n, escaped := 0, false; ; n++ {
		c, err := r.peek()
		if err != nil {
			return err
		}
		if c == '\n' {
			return errNewline
		}
		r.take(into, c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"' && n > 0:
			return nil
		}
	}
}

// value reads a value as it is. It looks no closer than is needed to find the
// end of it.
func (r *Reader) value(into *bounded) error {
	var before byte
	for open := 0; ; {
		c, err := r.space(into)
		if err != nil {
			return err
		}
		switch c {
		case '"':
			if err := r.text(into); err != nil {
				return err
			}
		case '{', '[':
			// Otherwise this is the next document, and a bracket is missing.
			if before != 0 && before != ':' && before != ',' && before != '[' {
				return errComma
			}
			r.take(into, c)
			open++
		case '}', ']':
			if open == 0 {
				return errValue
			}
			r.take(into, c)
			open--
		case ',', ':':
			if open == 0 {
				return errValue
			}
			r.take(into, c)
		default:
			if err := r.literal(into); err != nil {
				return err
			}
		}
		if open == 0 {
			return nil
		}
		before = c
	}
}

// literal reads a number or a word.
func (r *Reader) literal(into *bounded) error {
	for {
		c, err := r.peek()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return err
		}
		if bytes.IndexByte([]byte("{}[],:\" \t\r\n"), c) >= 0 {
			return nil
		}
		r.take(into, c)
	}
}

// jsonObject reads an object, or the List that it turns out to be. list is what
// the List around it said before its items; nil outside of one.
func (r *Reader) jsonObject(list *bounded, depth int) error {
	obj := &bounded{max: r.o.MaxObject}
	line, inList := r.line, false
	r.take(obj, '{')
	for first := true; ; first = false {
		c, err := r.space(obj)
		if err != nil {
			return err
		}
		if first && c == '}' {
			break
		}
		if c != '"' {
			return errKey
		}
		start := len(obj.b)
		if err := r.text(obj); err != nil {
			return err
		}
		isItems := !obj.over && string(obj.b[start:]) == `"items"`
		before := *obj
		before.b = bytes.TrimRight(obj.b[:start], ", \t\r\n")
		if c, err = r.space(obj); err != nil {
			return err
		}
		if c != ':' {
			return errColon
		}
		r.take(obj, c)
		if c, err = r.space(obj); err != nil {
			return err
		}
		// Items that come twice are told as any key that does.
		if isItems && c == '[' && !inList {
			inList = true
			obj.add('[', ']')
			// What is appended later must not touch what the items look at.
			before.b = bytes.Clone(before.b)
			err = r.jsonArray(&before, depth+1)
		} else {
			err = r.value(obj)
		}
		if err != nil {
			return err
		}
		if c, err = r.space(obj); err != nil {
			return err
		}
		if c == '}' {
			break
		}
		if c != ',' {
			return errComma
		}
		r.take(obj, c)
	}
	r.take(obj, '}')
	return r.jsonEnd(obj, list, line, depth, inList)
}

// jsonEnd hands on an object that was read.
func (r *Reader) jsonEnd(obj, list *bounded, line, depth int, inList bool) error {
	if !inList && list != nil {
		r.item++
	}
	if obj.over {
		return r.tooLong(line, "")
	}
	value, at, err := decodeJSON(obj.b)
	if inList {
		if err != nil {
			return r.failAt(Position{File: r.file, Document: r.documents, Line: line}, err)
		}
		return nil
	}
	if err != nil {
		return r.fail(line+at, err)
	}
	if list != nil && list.b != nil {
		listHeader(list).complete(value)
	}
	return r.emit(value, []int{line}, depth)
}

// listHeader decodes what a List says before its items.
func listHeader(list *bounded) header {
	value, _, err := decodeJSON(append(bytes.Clone(list.b), '}'))
	fields, ok := value.(map[string]any)
	if list.over || err != nil || !ok {
		return header{}
	}
	return headerOf(fields)
}

// jsonArray reads the items of a List.
func (r *Reader) jsonArray(list *bounded, depth int) error {
	if depth > maxNesting {
		return syntaxError(errNesting.Error())
	}
	if list == nil {
		list = &bounded{}
	}
	r.take(nil, '[')
	for first := true; ; first = false {
		c, err := r.space(nil)
		if err != nil {
			return err
		}
		if first && c == ']' {
			break
		}
		if c == '{' {
			err = r.jsonObject(list, depth)
		} else {
			line := r.line
			if err = r.value(nil); err == nil {
				r.item++
				err = r.fail(line, errNoObject)
			}
		}
		if err != nil {
			return err
		}
		if c, err = r.space(nil); err != nil {
			return err
		}
		if c == ']' {
			break
		}
		if c != ',' {
			return errComma
		}
		r.take(nil, c)
	}
	r.take(nil, ']')
	return nil
}

// decodeJSON decodes as the API's machinery does. In an error case it returns
// how many lines further down the error is.
func decodeJSON(data []byte) (value any, line int, err error) {
	strict, err := kjson.UnmarshalStrict(data, &value, kjson.DisallowDuplicateFields)
	if err != nil {
		if ok, at := kjson.SyntaxErrorOffset(err); ok {
			line = bytes.Count(data[:min(int(at), len(data))], []byte("\n"))
		}
		return nil, line, fmt.Errorf("no valid JSON: %w", err)
	}
	if len(strict) > 0 {
		return nil, 0, fmt.Errorf("%w: keep one of them", strict[0])
	}
	return value, 0, nil
}
