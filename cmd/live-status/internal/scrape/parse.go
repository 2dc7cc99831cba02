package scrape

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// maxLine is the most bytes of a line: a series of Live Status has at most ten
	// labels of 256 bytes, and a quote in a value takes two.
	maxLine = 64 << 10
	// maxLabels is the most labels of a line: the parser looks for each among all
	// before it.
	maxLabels = 64
	// chunkBytes is how much is parsed at once. A label costs far more memory than
	// the bytes it is written with, so what the parser makes of a part is let go
	// before it gets the next.
	chunkBytes = 256 << 10
)

// Limits is how much is read. What exceeds them is an error: half a scrape would
// look like applications that are gone.
type Limits struct {
	// Bytes is the most bytes; 64 MiB where it is zero.
	Bytes int64
	// Series is the most lines with a value; 250000 where it is zero.
	Series int
	// Prefix is what the names of all metrics begin with that are of use; the
	// others are not looked at.
	Prefix string
}

func (l Limits) orDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Series <= 0 {
		l.Series = 250000
	}
	return l
}

// Parse hands each series of the text format to take, in the order of their names
// within parts of the input. Samples and what they refer to are the callee's.
//
// Source of the format:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
func Parse(r io.Reader, limits Limits, take func(Sample)) error {
	limits = limits.orDefaults()
	counted := &counter{r: r, left: limits.Bytes}
	p := parser{limits: limits, take: take}
	in := bufio.NewReaderSize(counted, maxLine)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		switch {
		case counted.over:
			return fmt.Errorf("the answer has more than %d bytes: narrow metrics_objects or metrics_max_series", limits.Bytes)
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d has more than %d bytes", n, maxLine)
		case errors.Is(err, io.EOF):
			if len(line) > 0 {
				return fmt.Errorf("line %d has no end: the metrics were cut off", n)
			}
			return p.flush()
		case err != nil:
			return err
		}
		if err := p.line(n, line); err != nil {
			return err
		}
	}
}

// parser gathers lines until there are enough of them.
type parser struct {
	limits Limits
	take   func(Sample)
	chunk  bytes.Buffer
	first  int
	series int
}

func (p *parser) line(n int, line []byte) error {
	// Without comments each series is untyped, which is all that matters here, and
	// what a chunk begins with needs none of what stood before it.
	line = bytes.TrimLeft(line, " \t")
	if line[0] == '#' || line[0] == '\n' {
		return nil
	}
	if p.series++; p.series > p.limits.Series {
		return fmt.Errorf("more than %d series: narrow metrics_objects or metrics_max_series", p.limits.Series)
	}
	if !bytes.HasPrefix(line, []byte(p.limits.Prefix)) {
		return nil
	}
	if labelsOf(line) > maxLabels {
		return fmt.Errorf("line %d has more than %d labels", n, maxLabels)
	}
	if p.chunk.Len() == 0 {
		p.first = n
	}
	p.chunk.Write(line)
	if p.chunk.Len() < chunkBytes {
		return nil
	}
	return p.flush()
}

// labelsOf counts what may be labels: the equal signs outside of values.
func labelsOf(line []byte) int {
	n, quoted, escaped := 0, false, false
	for _, c := range line {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == '=' && !quoted:
			n++
		}
	}
	return n
}

func (p *parser) flush() error {
	if p.chunk.Len() == 0 {
		return nil
	}
	text := expfmt.NewTextParser(model.UTF8Validation)
	families, err := text.TextToMetricFamilies(&p.chunk)
	if err != nil {
		// Its own words quote the input.
		return fmt.Errorf("these are no metrics in the text format of Prometheus (after line %d)", p.first)
	}
	p.chunk.Reset()
	names := make([]string, 0, len(families))
	for name := range families {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, m := range families[name].GetMetric() {
			p.take(sampleOf(name, m))
		}
	}
	return nil
}

func sampleOf(name string, m *dto.Metric) Sample {
	s := Sample{Name: name, Labels: make([]Label, 0, len(m.GetLabel())), Value: m.GetUntyped().GetValue()}
	for _, l := range m.GetLabel() {
		// A copy, lest a short value keep the whole chunk.
		s.Labels = append(s.Labels, Label{Name: l.GetName(), Value: strings.ToValidUTF8(strings.Clone(l.GetValue()), "\uFFFD")})
	}
	return s
}

// counter stops after so many bytes, and says so.
type counter struct {
	r    io.Reader
	left int64
	over bool
}

func (c *counter) Read(p []byte) (int, error) {
	if c.left < 0 {
		c.over = true
		return 0, io.EOF
	}
	// One more than allowed tells an end from a limit.
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.over = true
	}
	return n, err
}
