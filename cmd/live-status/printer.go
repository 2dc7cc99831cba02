package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// format is a notation of many records.
type format string

// The formats.
const (
	formatLines format = "jsonl"
	formatArray format = "json"
	formatTable format = "table"
)

func formats() []string {
	return []string{string(formatTable), string(formatArray), string(formatLines)}
}

// appendLine appends a record as the line that a printer of the format takes.
func (f format) appendLine(dst []byte, r redact.Redacted) ([]byte, error) {
	if f != formatTable {
		out, err := encode.AppendJSON(dst, r)
		if err != nil {
			return dst, err
		}
		return append(out, '\n'), nil
	}
	rec := r.Fields()
	for i, cell := range cellsOf(&rec) {
		if i > 0 {
			dst = append(dst, '\t')
		}
		dst = append(dst, printable(cell)...)
	}
	return append(dst, '\n'), nil
}

// printer prints records. What was put may be held back until close, which is
// called once, last, where all went well.
type printer interface {
	put(lines []byte) error
	close() error
}

func (f format) printer(to io.Writer) printer {
	switch f {
	case formatArray:
		return &array{to: bufio.NewWriterSize(to, 64<<10)}
	case formatTable:
		return timeline{newGrid(to, timelineTitles, timelineWidths)}
	default:
		return lineByLine{to}
	}
}

// lineByLine prints JSON Lines.
type lineByLine struct{ to io.Writer }

func (l lineByLine) put(lines []byte) error {
	_, err := l.to.Write(lines)
	return err
}

func (lineByLine) close() error { return nil }

// array prints one JSON array. Without close it has no end, so that nobody takes a
// part for the whole.
type array struct {
	to    *bufio.Writer
	begun bool
}

func (a *array) put(lines []byte) error {
	for line := range bytes.Lines(lines) {
		before := ",\n"
		if !a.begun {
			before, a.begun = "[\n", true
		}
		if _, err := a.to.WriteString(before); err != nil {
			return err
		}
		if _, err := a.to.Write(bytes.TrimSuffix(line, []byte{'\n'})); err != nil {
			return err
		}
	}
	return a.to.Flush()
}

func (a *array) close() error {
	end := "\n]\n"
	if !a.begun {
		end = "[]\n"
	}
	if _, err := a.to.WriteString(end); err != nil {
		return err
	}
	return a.to.Flush()
}

// timeline prints a table.
type timeline struct{ *grid }

func (t timeline) put(lines []byte) error {
	for line := range strings.Lines(string(lines)) {
		if err := t.add(strings.Split(strings.TrimSuffix(line, "\n"), "\t")); err != nil {
			return err
		}
	}
	return t.flush()
}

// parseFormat reads a format.
func parseFormat(name string) (format, error) {
	switch f := format(name); f {
	case formatLines, formatArray, formatTable:
		return f, nil
	}
	return "", fmt.Errorf("%q is no format: write table, json or jsonl", name)
}
