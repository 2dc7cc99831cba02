package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// output is where records go.
type output interface {
	// Put writes records, each a line. Once it has returned nil they are kept, as
	// far as the output can tell; of what it could not write, nothing is left
	// behind where that can be helped. It does not keep the lines.
	Put(lines []byte) error
	Close() error
}

// openOutput opens a file to append to, or returns the standard output for -.
func openOutput(name string, stdout io.Writer) (output, error) {
	switch name {
	case "-":
		return plainOutput{stdout}, nil
	case "":
		return nil, errors.New("-o: no file is named")
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		// What is no regular file may be there to be written only.
		var only error
		if f, only = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0o600); only != nil {
			return nil, fmt.Errorf("-o: %w", err)
		}
	}
	stat, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("-o: %w", err), f.Close())
	}
	out := &fileOutput{file: f, regular: stat.Mode().IsRegular()}
	if out.regular {
		if err := out.finish(stat.Size()); err != nil {
			return nil, errors.Join(fmt.Errorf("-o: %w", err), f.Close())
		}
	}
	return out, nil
}

// plainOutput is an output that others own.
type plainOutput struct{ to io.Writer }

func (p plainOutput) Put(lines []byte) error {
	_, err := p.to.Write(lines)
	return err
}

func (plainOutput) Close() error { return nil }

// fileOutput is a file. A regular one is synced.
type fileOutput struct {
	file    *os.File
	regular bool
}

// finish ends a last line that a crash has cut off, so that the next record begins
// one of its own. The rest of it is lost with it: it was not committed, and comes
// again.
func (f *fileOutput) finish(size int64) error {
	if size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := f.file.ReadAt(last, size-1); err != nil {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err := f.file.WriteString("\n")
	return err
}

func (f *fileOutput) Put(lines []byte) error {
	if !f.regular {
		_, err := f.file.Write(lines)
		return err
	}
	stat, err := f.file.Stat()
	if err != nil {
		return err
	}
	if _, err = f.file.Write(lines); err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return errors.Join(err, f.file.Truncate(stat.Size()))
	}
	return nil
}

func (f *fileOutput) Close() error { return f.file.Close() }

// types are types of records.
type types []event.Type

// allTypes are those there are.
func allTypes() types {
	return types{
		event.TypeEvent, event.TypeAudit, event.TypeObjectStatus, event.TypeApplicationStatus,
		event.TypeDeployment, event.TypeRejected, event.TypeMonitorStatus,
	}
}

func typeNames() []string {
	var names []string
	for _, t := range allTypes() {
		names = append(names, string(t))
	}
	return names
}

// add reads types, separated by commas.
func (t *types) add(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(allTypes(), event.Type(name)) {
			return fmt.Errorf("%q is no type of records: write some of %s", name, strings.Join(typeNames(), ", "))
		}
		*t = append(*t, event.Type(name))
	}
	return nil
}

// sorted is an output for records of some types only.
type sorted struct {
	output
	only types
	buf  []byte
}

// Put implements output.
func (s *sorted) Put(lines []byte) error {
	s.buf = s.buf[:0]
	for line := range bytes.Lines(lines) {
		if slices.Contains(s.only, typeOf(line)) {
			s.buf = append(s.buf, line...)
		}
	}
	if len(s.buf) == 0 {
		return nil
	}
	return s.output.Put(s.buf)
}

// typeOf returns the type of a record in JSON, of which the schema and the type are
// the first fields.
func typeOf(line []byte) event.Type {
	const begin = `{"schema":"` + event.Schema + `","type":"`
	rest, ok := bytes.CutPrefix(line, []byte(begin))
	if !ok {
		return ""
	}
	name, _, _ := bytes.Cut(rest, []byte{'"'})
	return event.Type(name)
}
