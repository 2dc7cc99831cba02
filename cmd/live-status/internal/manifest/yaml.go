package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// stage is where in a YAML List a line is.
type stage int

const (
	inHead stage = iota
	inItems
	inTail
)

// document is the YAML document that is being read.
type document struct {
	line int
	// text is what was read and not handed on. Once the document is split, that is
	// the last item.
	text bounded

	stage stage
	// indent is that of the items; negative before the first.
	indent int
	// starts are where in text the items begin, and lines their lines.
	starts []int
	lines  []int
	// split is set once items were handed on; head is what surrounds them then,
	// and list what it says of them.
	split bool
	head  bounded
	list  header
}

// yaml reads a YAML document.
func (r *Reader) yaml() error {
	d := &document{
		line: r.line, indent: -1,
		text: bounded{max: r.o.MaxObject}, head: bounded{max: r.o.MaxObject},
	}
	first, _ := r.in.Peek(1)
	directives := bytes.Equal(first, []byte("%"))
	for n := 0; ; n++ {
		mark := r.separator("---")
		if n > 0 && (mark && !directives || r.separator("...")) {
			break
		}
		directives = directives && !mark
		err := r.yamlLine(d)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	return r.yamlEnd(d)
}

// yamlLine adds a line to the document, and hands on the items before it once
// there is much of them.
func (r *Reader) yamlLine(d *document) error {
	was := d.stage
	item := r.place(d)
	if (item || was == inItems && d.stage == inTail) && len(d.starts) > 0 && (d.split || d.text.over || len(d.text.b) > r.o.MaxWhole) {
		if err := r.flush(d); err != nil {
			return err
		}
	}
	if item {
		d.starts, d.lines = append(d.starts, len(d.text.b)), append(d.lines, r.line)
	}
	into := &d.text
	if d.split && d.stage == inTail {
		into = &d.head
	}
	for n := 0; ; {
		part, err := r.in.ReadSlice('\n')
		n += len(part)
		into.add(part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && n > 0 {
			// The next line is the one that is not there.
			return nil
		}
		r.line++
		r.fresh = true
		return err
	}
}

// place finds out where in a List the next line is, and whether it begins an
// item. It knows the one way in which Lists are printed: the key items alone on
// its line, and each item after a dash of its own. Whatever is written in another
// way is held as a whole.
func (r *Reader) place(d *document) (item bool) {
	const enough = 64
	line, _ := r.in.Peek(enough)
	text := bytes.TrimLeft(line, " ")
	indent := len(line) - len(text)
	if len(bytes.TrimLeft(text, "\t\r\n")) == 0 || text[0] == '#' || text[0] == '\n' || text[0] == '\r' {
		return false
	}
	dash := text[0] == '-' && (len(text) == 1 || text[1] == ' ' || text[1] == '\n' || text[1] == '\r')
	switch d.stage {
	case inHead:
		if rest, ok := bytes.CutPrefix(line, []byte("items:")); ok {
			rest = bytes.TrimLeft(rest, " \t\r")
			if len(rest) == 0 || rest[0] == '\n' {
				d.stage = inItems
			}
		}
	case inItems:
		if d.indent < 0 && dash {
			d.indent = indent
		}
		if dash && indent == d.indent {
			return true
		}
		if d.indent < 0 || indent == 0 {
			d.stage = inTail
		}
	case inTail:
	}
	return false
}

// flush hands on the items that were read.
func (r *Reader) flush(d *document) error {
	text, over := d.text.b, d.text.over
	if !d.split {
		d.split = true
		d.head.add(text[:d.starts[0]]...)
		// What is wrong with it is told in the end.
		if value, _, err := decodeYAML(d.head.b, r.o.MaxObject); err == nil {
			if fields, ok := value.(map[string]any); ok {
				d.list = headerOf(fields)
			}
		}
	}
	for i, start := range d.starts {
		end := len(text)
		if i+1 < len(d.starts) {
			end = d.starts[i+1]
		}
		r.item++
		if err := r.yamlItem(d, text[start:end], d.lines[i], over && end == len(text)); err != nil {
			return err
		}
	}
	d.text.b, d.text.over = text[:0], false
	d.starts, d.lines = d.starts[:0], d.lines[:0]
	return nil
}

// yamlItem hands on one item of a List that was split.
func (r *Reader) yamlItem(d *document, text []byte, line int, over bool) error {
	if over {
		return r.tooLong(line, "")
	}
	value, at, err := decodeYAML(text, r.o.MaxObject)
	if err != nil {
		return r.fail(line+at, err)
	}
	list, ok := value.([]any)
	if !ok || len(list) != 1 {
		return r.fail(line, errNoObject)
	}
	d.list.complete(list[0])
	if _, _, nested := items(list[0]); nested {
		r.item--
	}
	return r.emit(list[0], []int{line}, 1)
}

// yamlEnd hands on what is left of the document.
func (r *Reader) yamlEnd(d *document) error {
	if d.split {
		if len(d.starts) > 0 {
			if err := r.flush(d); err != nil {
				return err
			}
		}
		r.item = 0
		if d.head.over {
			return r.tooLong(d.line, "")
		}
		if _, _, err := decodeYAML(d.head.b, r.o.MaxObject); err != nil {
			return r.fail(d.line, err)
		}
		return nil
	}
	if d.text.over {
		return r.tooLong(d.line, "; print a List with -o json, or its items as `kubectl get -o yaml` does")
	}
	value, at, err := decodeYAML(d.text.b, r.o.MaxObject)
	if err != nil {
		return r.fail(d.line+at, err)
	}
	if value == nil {
		r.documents--
		return nil
	}
	lines := []int{d.line}
	if list, _, ok := items(value); ok && len(list) == len(d.lines) {
		lines = append(lines, d.lines...)
	}
	return r.emit(value, lines, 0)
}
