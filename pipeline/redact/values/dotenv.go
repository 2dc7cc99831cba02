package values

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// What can be wrong with a dotenv file. The line is told besides.
var (
	errAssignment = errors.New("no assignment, KEY=VALUE, nor a comment")
	errQuote      = errors.New("a quote that is not closed")
	errBehind     = errors.New("something stands behind the closing quote: put the whole value in quotes")
)

// readDotenv returns the variables of a dotenv file: a line for each, with or
// without export, comments after #, and values in single quotes, double ones
// with escapes, or none. Quoted values may span lines.
//
// The programs that read such files do not agree about everything. Where a value
// has more than one reading it is returned in each: with and without what may be
// a comment, with escapes resolved and as they stand. References to other
// variables are not followed; what they refer to is a value of its own.
func readDotenv(text string, r *room) ([]known.Value, error) {
	d := dotenv{rest: text, line: 1, room: r}
	for d.rest != "" {
		line := d.line
		if err := d.entry(); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	return d.values, nil
}

type dotenv struct {
	rest   string
	line   int
	values []known.Value
	room   *room
}

// entry reads one line, or several that a quoted value spans.
func (d *dotenv) entry() error {
	d.skipBlanks()
	switch {
	case d.lineEnd():
		return nil
	case d.rest[0] == '#':
		d.toLineEnd()
		return nil
	}
	name := d.key()
	exported := name == "export" && d.skipBlanks()
	if exported && (d.rest == "" || d.rest[0] != '=') {
		name = d.key()
	}
	d.skipBlanks()
	if name == "" {
		return errAssignment
	}
	if !strings.HasPrefix(d.rest, "=") {
		// It exports what was assigned before.
		if exported && d.lineEnd() {
			return nil
		}
		return errAssignment
	}
	d.rest = d.rest[1:]
	d.skipBlanks()
	if d.rest != "" {
		switch q := d.rest[0]; q {
		case '"', '\'', '`':
			return d.quoted(name, q)
		}
	}
	value := strings.TrimRight(d.toLineEnd(), " \t")
	if err := d.add(name, value); err != nil {
		return err
	}
	if short := uncommented(value); short != value && short != "" {
		return d.add(name, short)
	}
	return nil
}

// quoted reads a value in quotes and the rest of its line.
func (d *dotenv) quoted(name string, quote byte) error {
	end, escapes := 1, false
	for ; end < len(d.rest) && d.rest[end] != quote; end++ {
		if quote == '"' && d.rest[end] == '\\' {
			escapes = true
			end++
		}
	}
	if end >= len(d.rest) {
		return errQuote
	}
	value := d.rest[1:end]
	d.line += strings.Count(value, "\n")
	d.rest = d.rest[end+1:]
	blank := d.skipBlanks()
	if blank && strings.HasPrefix(d.rest, "#") {
		d.toLineEnd()
	} else if !d.lineEnd() {
		return errBehind
	}
	if escapes {
		if resolved := unescape(value); resolved != value {
			if err := d.add(name, resolved); err != nil {
				return err
			}
		}
	}
	return d.add(name, value)
}

func (d *dotenv) add(name, text string) error {
	if err := d.room.take(text); err != nil {
		return err
	}
	d.values = append(d.values, known.Value{Name: cleanName(name), Text: text})
	return nil
}

// key reads the longest run of bytes that a name may have.
func (d *dotenv) key() string {
	i := 0
	for i < len(d.rest) && isNameByte(d.rest[i]) {
		i++
	}
	name := d.rest[:i]
	d.rest = d.rest[i:]
	return name
}

// skipBlanks reports whether there were any.
func (d *dotenv) skipBlanks() bool {
	rest := strings.TrimLeft(d.rest, " \t")
	some := len(rest) < len(d.rest)
	d.rest = rest
	return some
}

// lineEnd reads the end of a line, if it is next.
func (d *dotenv) lineEnd() bool {
	if rest := strings.TrimPrefix(d.rest, "\r"); rest == "" || rest[0] == '\n' {
		d.toLineEnd()
		return true
	}
	return false
}

// toLineEnd reads the rest of the line with its end, and returns it without.
func (d *dotenv) toLineEnd() string {
	line, rest, found := strings.Cut(d.rest, "\n")
	if found {
		d.line++
	}
	d.rest = rest
	return strings.TrimSuffix(line, "\r")
}

// uncommented returns v without what some readers take for a comment: # after a
// blank, or at the beginning.
func uncommented(v string) string {
	for i := range len(v) {
		if v[i] == '#' && (i == 0 || v[i-1] == ' ' || v[i-1] == '\t') {
			return strings.TrimRight(v[:i], " \t")
		}
	}
	return v
}

// unescape resolves the escapes of a value in double quotes. Others than the
// usual ones stand for themselves, with their backslash.
func unescape(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			b.WriteByte(v[i])
			continue
		}
		i++
		switch c := v[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case '"', '\\', '$', '`', '\'':
			b.WriteByte(c)
		case '\n':
			// The value goes on in the next line.
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}
