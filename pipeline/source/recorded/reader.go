package recorded

import (
	"bytes"
	"io"
	"strings"
)

// reader takes a text apart. Its error is io.EOF at the end of the text, and
// otherwise that of reading it.
type reader interface {
	next() (piece, error)
	// consumed is how much of the text has been dealt with, in bytes.
	consumed() int64
}

// form is how a text is to be taken apart.
type form uint8

const (
	undecided form = iota
	// formLines is a value a line.
	formLines
	// formValues are values with or without line breaks within and between them, of
	// lists their items.
	formValues
	// formYAML are documents, of lists their items.
	formYAML
)

// sniffMost is how much of a text is looked at to find out its form.
const sniffMost = 64 << 10

// byteOrderMark is what some editors put before UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// newReader finds out the form of a text and returns what takes it apart.
func newReader(src io.Reader, c class, item int) (reader, form) {
	f := newFeed(src, limitsOf(c, item))
	fm := undecided
	for fm == undecided {
		more := len(f.buf) < sniffMost && f.more()
		fm = sniff(f.buf[:min(len(f.buf), sniffMost)], !more, c != auditFile)
	}
	if bytes.HasPrefix(f.buf, byteOrderMark) {
		f.pos = len(byteOrderMark)
	}
	switch fm {
	case formYAML:
		return &documents{feed: f}, fm
	case formValues:
		return &values{feed: f}, fm
	default:
		return &lines{feed: f}, formLines
	}
}

// sniff tells the form of a text by its beginning. It may leave that undecided
// unless the beginning is all that there is to see.
func sniff(begin []byte, all, yaml bool) form {
	unless := func(fm form) form {
		if !all {
			return undecided
		}
		return fm
	}
	if bytes.HasPrefix(byteOrderMark, begin) {
		return unless(formLines)
	}
	begin = bytes.TrimLeft(bytes.TrimPrefix(begin, byteOrderMark), " \t\r\n")
	if len(begin) == 0 {
		return unless(formLines)
	}
	line, rest, ended := bytes.Cut(begin, []byte{'\n'})
	rest = bytes.TrimLeft(rest, " \t\r\n")
	switch {
	case begin[0] == '{':
		return sniffObject(line, rest, ended, unless)
	case begin[0] == '[':
		inner := bytes.TrimLeft(begin[1:], " \t\r\n")
		if len(inner) == 0 {
			return unless(formValues)
		}
		if inner[0] == '{' || inner[0] == ']' {
			return formValues
		}
		return formLines
	case !yaml:
		return formLines
	case !ended:
		if isYAML(line) {
			return unless(formYAML)
		}
		return unless(formLines)
	case isYAML(line):
		return formYAML
	}
	return formLines
}

// sniffObject tells the form of a text that begins with an object. What matters is
// to tell a line that was cut off, as a crash leaves it, from an object that goes
// on in the next one: a line of JSON Lines begins with a brace, one of a printed
// object never does after the first.
func sniffObject(line, rest []byte, ended bool, unless func(form) form) form {
	whole, items, kind := outline(line)
	switch {
	case items:
		return formValues
	case whole:
		return formLines
	case !ended && isListKind(kind):
		// The items are too far away to be seen.
		return unless(formValues)
	case !ended, len(rest) == 0:
		return unless(formLines)
	case rest[0] == '"' || rest[0] == '}':
		return formValues
	}
	return formLines
}

// outline reports whether a text begins with a whole object, and whether that has
// items as a list has. It returns the kind as far as that can be seen.
func outline(text []byte) (whole, items bool, kind string) {
	f := scan(text)
	f.pos = 1
	for first := true; ; first = false {
		name, ok, err := f.member(first)
		if err != nil || !ok {
			return err == nil, items, kind
		}
		switch string(name) {
		case keyKind:
			var text []byte
			if text, err = f.text(); err == nil {
				kind = string(text)
			}
		case keyItems:
			items = items || f.buf[f.pos] == '[' && mayBeList(kind)
			err = f.value()
		default:
			err = f.value()
		}
		if err != nil {
			return false, items, kind
		}
	}
}

// The members that tell what an object is.
const (
	keyKind    = "kind"
	keyVersion = "apiVersion"
	keyItems   = "items"
	kindEvent  = "Event"
	listSuffix = "List"
)

func isListKind(kind string) bool { return strings.HasSuffix(kind, listSuffix) }

// mayBeList reports whether an object with items is a list, by its kind as far as
// that is known: kubectl writes it behind the items. No built-in kind but lists has
// items.
func mayBeList(kind string) bool { return kind == "" || isListKind(kind) }

// isYAML reports whether a line, the first that is not blank, may be one of YAML.
func isYAML(line []byte) bool {
	if bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("- ")) || line[0] == '#' || line[0] == '%' {
		return true
	}
	key, after, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(after) > 0 && after[0] != ' ' && after[0] != '\r' {
		return false
	}
	for _, c := range key {
		if !isWord(c) {
			return false
		}
	}
	return len(key) > 0
}

// typeMeta is what a list says of its items.
type typeMeta struct{ version, kind string }

// of returns what the items of a list are; nil where it does not say.
func itemsOf(version, kind string) *typeMeta {
	of, ok := strings.CutSuffix(kind, listSuffix)
	if !ok || of == "" || version == "" {
		return nil
	}
	return &typeMeta{version: version, kind: of}
}
