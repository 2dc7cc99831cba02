package piece

import (
	"errors"
	"io"
	"strings"
)

// Reader reads the pieces of one input.
type Reader struct {
	o Options
	s source
	// queue are pieces that are ready.
	queue []Piece
	// document counts.
	document int
	json     jsonState
	yaml     yamlState
	text     textState
	// broken is set once what follows cannot be placed.
	broken bool
}

// NewReader returns a Reader of text in UTF-8.
func NewReader(r io.Reader, o Options) *Reader {
	return &Reader{o: o.withDefaults(), s: source{in: r, line: 1}}
}

// Next returns the next piece, and io.EOF behind the last one.
func (r *Reader) Next() (Piece, error) {
	for len(r.queue) == 0 {
		if _, ok := r.s.at(0); !ok && !r.open() {
			if err := r.s.failed(); err != nil {
				return Piece{}, err
			}
			return Piece{}, io.EOF
		}
		r.read()
		if err := r.s.failed(); err != nil {
			// What was cut off by an error is no document.
			return Piece{}, err
		}
	}
	p := r.queue[0]
	r.queue = r.queue[1:]
	return p, nil
}

// open reports whether something was begun that has an end to be told.
func (r *Reader) open() bool { return r.json.end != 0 }

// Format is that of the input, Auto until the first piece was read.
func (r *Reader) Format() Format { return r.o.Format }

// Broken tells that the last piece cannot be examined. Nothing that may be a part
// of it is handed on then: of JSON the rest of the input, of YAML that of a List.
func (r *Reader) Broken() {
	switch r.o.Format {
	case JSON:
		r.broken = true
	case YAML:
		r.yaml.broken = r.yaml.split
	case Text:
		r.text.unsafe = r.text.weak
	default:
	}
}

func (r *Reader) read() {
	if r.o.Format == Auto {
		r.o.Format = r.detect()
	}
	switch r.o.Format {
	case JSON:
		r.readJSON()
	case JSONLines:
		r.readLine()
	case YAML:
		r.readYAML()
	default:
		r.readText()
	}
}

func (r *Reader) add(p Piece) {
	if p.Line == 0 {
		p.Line = r.s.line
	}
	p.Document = r.document
	r.queue = append(r.queue, p)
}

// between hands on n bytes that need no look.
func (r *Reader) between(n int) { r.hand(n, Piece{}) }

// hand hands on n bytes as the piece given.
func (r *Reader) hand(n int, p Piece) {
	p.Line = r.s.line
	p.Text = r.s.take(n)
	r.add(p)
}

// readLine reads a line of JSON Lines.
func (r *Reader) readLine() {
	if n := r.s.space(chunk); n > 0 {
		r.between(n)
		return
	}
	end, over := r.s.lineEnd(0, r.o.Max)
	r.document++
	p := Piece{Kind: OfJSON, Line: r.s.line, Instead: quotedMark}
	if over {
		r.s.dropLine()
		p.Withhold = TooLong
	} else {
		p.Text = strings.TrimRight(string(r.s.rest()[:end]), " \t\r\n")
		r.s.drop(len(p.Text))
	}
	r.add(p)
}

// quotedMark is Mark in JSON and in YAML.
const quotedMark = `"` + Mark + `"`

// errUnknown is the error of a format that is none.
var errUnknown = errors.New("write auto, json, jsonl, yaml or text")

// ParseFormat returns the format of that name.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case Auto, JSON, JSONLines, YAML, Text:
		return f, nil
	}
	return "", errUnknown
}
