package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
	"github.com/fluent-live/live-status/cmd/live-status/internal/piece"
	"github.com/fluent-live/live-status/cmd/live-status/internal/splice"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// sieve is one run of redact.
type sieve struct {
	o        redactOptions
	stdin    io.Reader
	out      *bufio.Writer
	stderr   io.Writer
	redactor *redact.Redactor
	report   report
	// failed is how often something could not be read.
	failed int
	// title names the input, and last is the last byte that was printed.
	title string
	last  byte
}

func newSieve(o redactOptions, std streams) *sieve {
	if o.check {
		std.out = io.Discard
	}
	s := &sieve{o: o, stdin: std.in, out: bufio.NewWriterSize(std.out, 64<<10), stderr: std.err}
	s.report = newReport(s)
	return s
}

// run redacts everything. Its error is one after which nothing more could be done.
func (s *sieve) run(ctx context.Context) error {
	for i, name := range s.o.files {
		if i > 0 && s.last != 0 && s.last != '\n' {
			// Else the last line of one file would go on with the next one.
			if err := s.write("\n"); err != nil {
				return err
			}
		}
		if err := s.file(ctx, name); err != nil {
			return err
		}
	}
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	s.report.summary()
	return nil
}

func (s *sieve) file(ctx context.Context, name string) error {
	in := s.stdin
	s.title = "standard input"
	if name != manifest.Stdin {
		file, err := manifest.Open(name)
		if err != nil {
			s.fail(err)
			return nil
		}
		defer func() { _ = file.Close() }()
		in, s.title = file, name
	}
	decoded, err := manifest.Decode(&flushing{in, s.out})
	if err != nil {
		s.fail(fmt.Errorf("%s: read: %w", s.title, err))
		return nil
	}
	r := piece.NewReader(decoded, piece.Options{Format: s.o.format, Max: s.o.MaxBytes, Safe: s.safe})
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			s.fail(fmt.Errorf("%s: read: %w", s.title, err))
			return nil
		}
		if s.report.about(p, r.Format()); p.Kind == piece.Between {
			err = s.write(p.Text)
		} else {
			err = s.piece(p, r)
		}
		if err != nil {
			return err
		}
	}
}

// piece redacts and prints a piece.
func (s *sieve) piece(p piece.Piece, r *piece.Reader) error {
	out, reason, whole := p.Instead, p.Withhold, true
	if reason == "" {
		out, reason, whole = s.redact(p)
	}
	if whole {
		out = p.Instead
		if p.Withhold == "" {
			r.Broken()
		}
	}
	s.report.done(p, out != p.Text || whole, reason)
	return s.write(out)
}

// redact returns a piece as it may leave. Whole is set where nothing of it may.
func (s *sieve) redact(p piece.Piece) (out, reason string, whole bool) {
	switch p.Kind {
	case piece.OfYAML:
		out, reason, err := splice.YAML(p.Text, yamlRedactor{s, p})
		if err != nil {
			return "", err.Error(), true
		}
		return out, reason, false
	case piece.OfText:
		out, reason = s.redactor.Plain(p.Text, s.report.text(p))
		if reason != "" && strings.TrimSpace(out) == redact.MarkWithheld {
			return "", reason, true
		}
		return out, reason, false
	default:
		return s.json(p)
	}
}

func (s *sieve) json(p piece.Piece) (out, reason string, whole bool) {
	document := p.Before + p.Text + p.After
	clean, reason := s.redactor.Document(document, s.report.found)
	if clean == document {
		return p.Text, reason, reason != ""
	}
	if clean == redact.MarkWithheld {
		return "", reason, true
	}
	out, ok := splice.JSON(document, clean)
	if !ok {
		out = clean
	}
	out, before := strings.CutPrefix(out, p.Before)
	out, after := strings.CutSuffix(out, p.After)
	if !before || !after {
		// Nothing is left of the document around the part.
		return "", redact.ReasonFailed, true
	}
	return out, reason, false
}

// safe reports whether nothing is found across a cut.
func (s *sieve) safe(left, right string) bool {
	whole, reason := s.redactor.Plain(left+right, nil)
	if reason != "" {
		return false
	}
	a, whyA := s.redactor.Plain(left, nil)
	b, whyB := s.redactor.Plain(right, nil)
	return whyA == "" && whyB == "" && a+b == whole
}

// yamlRedactor redacts the parts of a YAML document.
type yamlRedactor struct {
	s *sieve
	p piece.Piece
}

func (y yamlRedactor) Document(json string) (out, reason string) {
	return y.s.redactor.Document(json, y.s.report.found)
}

func (y yamlRedactor) Comment(line int, text string) (out, reason string) {
	return y.s.redactor.Plain(text, func(f redact.Finding) {
		y.s.report.add(place{line: y.p.Line + line}, f)
	})
}

func (s *sieve) write(text string) error {
	if text != "" {
		s.last = text[len(text)-1]
	}
	if _, err := s.out.WriteString(text); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// verdict is nil where all went well.
func (s *sieve) verdict() error {
	switch {
	case s.failed > 0:
		return mistake{fmt.Errorf("errors in the input: %d, named above; the rest was redacted", s.failed)}
	case s.o.check && s.report.changed > 0:
		return fmt.Errorf("something is to be redacted in %d of %d documents", s.report.changed, s.report.documents)
	case s.report.withheld > 0:
		return withheldError{fmt.Errorf("withheld in %d of %d documents, as said above; the rest was redacted", s.report.withheld, s.report.documents)}
	}
	return nil
}

func (s *sieve) fail(err error) {
	s.failed++
	s.say(err.Error())
}

// say writes to standard error, after what standard output has to show by then.
func (s *sieve) say(text string) {
	// The next write tells of the same error.
	_ = s.out.Flush()
	for line := range strings.Lines(text) {
		_, _ = fmt.Fprintf(s.stderr, "live-status: %s\n", printable(strings.TrimRight(line, "\r\n")))
	}
}

// flushing flushes an output before each read, which may wait.
type flushing struct {
	r   io.Reader
	out *bufio.Writer
}

func (f *flushing) Read(p []byte) (int, error) {
	// The next write tells of the same error.
	_ = f.out.Flush()
	return f.r.Read(p)
}
