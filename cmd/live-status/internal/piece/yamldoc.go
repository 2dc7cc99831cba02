package piece

import (
	"bytes"
	"strconv"
	"strings"
)

// yamlState is where in a YAML List the reader is.
type yamlState struct {
	// split is set while the items of a List are read one at a time, each after a
	// dash at that indent.
	split  bool
	indent int
	// n counts the items.
	n int
	// broken is set once an item could not be parsed.
	broken bool
}

// yamlLine is what the beginning of a line says.
type yamlLine struct {
	indent int
	// blank is a line without content.
	blank, dash bool
	// separator is --- and end is ..., each at the beginning of the line.
	separator, end bool
	// items is the key items alone on its line.
	items bool
}

// lookYAML looks at the line that begins with byte i. Ok is false at the end of
// the input.
func (r *Reader) lookYAML(i int) (l yamlLine, ok bool) {
	const enough = 256
	for n := range enough {
		if c, more := r.s.at(i + n); !more || c == '\n' {
			break
		}
	}
	rest := r.s.rest()
	if i >= len(rest) {
		return l, false
	}
	line := rest[i:min(len(rest), i+enough)]
	line, _, _ = bytes.Cut(line, []byte{'\n'})
	text := strings.TrimLeft(string(line), " ")
	l.indent = len(line) - len(text)
	text = strings.TrimRight(text, " \t\r")
	l.blank = text == "" || text[0] == '#'
	l.dash = isMarked(text, "-")
	if l.indent == 0 {
		l.separator, l.end, l.items = isMarked(text, "---"), isMarked(text, "..."), text == "items:"
	}
	return l, true
}

// isMarked reports whether a line begins with mark as a word.
func isMarked(line, mark string) bool {
	rest, ok := strings.CutPrefix(line, mark)
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}

// readYAML reads a document, or an item of a long List.
func (r *Reader) readYAML() {
	if r.yaml.split {
		r.readItem()
		return
	}
	r.document++
	first, _ := r.s.at(0)
	// The separator behind directives belongs to their document.
	directives := first == '%'
	inItems, indent, begin := false, -1, 0
	for i := 0; ; {
		l, ok := r.lookYAML(i)
		if !ok || (i > 0 && l.separator && !directives) {
			r.whole(i)
			return
		}
		directives = directives && !l.separator
		item := false
		switch {
		case l.blank:
		case l.items:
			inItems = true
		case inItems && l.dash && (indent < 0 || l.indent == indent):
			item, indent = true, l.indent
		case l.indent == 0:
			inItems = false
		}
		if item && begin == 0 {
			begin = i
		}
		if item && i > r.o.Max/4 {
			r.yaml = yamlState{split: true, indent: indent}
			r.hand(begin, Piece{Kind: OfYAML, Instead: "items:\n"})
			return
		}
		end, over := r.s.lineEnd(i, r.o.Max)
		if over {
			r.dropYAML(TooLong)
			return
		}
		if i = end; l.end {
			r.whole(i)
			return
		}
	}
}

// whole hands on a whole document of n bytes.
func (r *Reader) whole(n int) {
	line := r.s.line
	text := r.s.take(n)
	p := Piece{Kind: OfYAML, Line: line, Text: text, Instead: quotedMark + "\n"}
	if isMarked(strings.TrimRight(firstLine(text), " \t\r\n"), "---") {
		p.Instead = "---\n" + p.Instead
	}
	r.add(p)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// dropYAML withholds the rest of a document.
func (r *Reader) dropYAML(reason string) {
	p := Piece{Kind: OfYAML, Line: r.s.line, Withhold: reason, Instead: quotedMark + "\n"}
	if l, _ := r.lookYAML(0); l.separator && !r.yaml.split {
		p.Instead = "---\n" + p.Instead
	}
	if r.yaml.split {
		p.Instead = strings.Repeat(" ", r.yaml.indent) + "- " + p.Instead
		p.Pointer = "/items"
	}
	for n := 0; ; n++ {
		l, ok := r.lookYAML(0)
		if !ok || (l.separator && (n > 0 || r.yaml.split)) {
			break
		}
		r.s.dropLine()
		if len(r.s.rest()) > 0 {
			r.s.drop(1)
		}
	}
	r.yaml = yamlState{}
	r.add(p)
}

// readItem reads an item of a List, or what follows the last one.
func (r *Reader) readItem() {
	if r.yaml.broken {
		r.dropYAML(Unplaced)
		return
	}
	first, _ := r.lookYAML(0)
	tail := !first.blank && (!first.dash || first.indent != r.yaml.indent)
	for i := 0; ; {
		l, ok := r.lookYAML(i)
		stop := !ok || l.separator
		if i > 0 && !l.blank && !tail {
			stop = stop || l.indent <= r.yaml.indent
		}
		if stop {
			r.item(i, tail)
			r.yaml.split = ok && !l.separator
			return
		}
		end, over := r.s.lineEnd(i, r.o.Max)
		if over {
			r.dropYAML(TooLong)
			return
		}
		i = end
	}
}

// item hands on an item of n bytes, or what follows the last one.
func (r *Reader) item(n int, tail bool) {
	if n == 0 {
		return
	}
	p := Piece{Kind: OfYAML}
	if !tail {
		p.Pointer, p.Strip = "/items/"+strconv.Itoa(r.yaml.n), "/0"
		p.Instead = strings.Repeat(" ", r.yaml.indent) + "- " + quotedMark + "\n"
		r.yaml.n++
	}
	r.hand(n, p)
}
