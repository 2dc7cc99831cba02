package checkmk

import (
	"math"
	"strconv"
	"strings"
)

// Metric is one value of a service.
type Metric struct {
	// Name is of lower-case letters, digits and _, so that no version of Checkmk
	// finds fault with it.
	//
	// Source: Metric of the check API of Checkmk 2.4, which refuses blank, : / and \,
	// and the notation of local checks, in which = ; and | have a meaning.
	Name   string
	Value  float64
	Levels Levels
	// Min and Max are the bounds of what is possible, empty where there is none.
	Min, Max string
}

// Service is one line of the output.
type Service struct {
	// Host is the piggyback host; empty for the host that is asked.
	Host string
	Name string
	// Computed leaves the state to Checkmk, by the levels of the metrics.
	Computed bool
	State    State
	Metrics  []Metric
	Summary  string
	Details  []string
}

// append appends the line of the service, exactly one blank between its fields:
// state, name, metrics and text.
//
// Source: https://docs.checkmk.com/latest/en/localchecks.html#syntax.
func (s *Service) append(to []byte) []byte {
	if s.Computed {
		to = append(to, 'P')
	} else {
		to = strconv.AppendInt(to, int64(s.State), 10)
	}
	to = append(to, ` "`...)
	to = append(to, s.Name...)
	to = append(to, `" `...)
	first := true
	for _, m := range s.Metrics {
		if math.IsNaN(m.Value) || math.IsInf(m.Value, 0) {
			continue
		}
		if !first {
			to = append(to, '|')
		}
		first = false
		to = append(to, m.text()...)
	}
	if first {
		to = append(to, '-')
	}
	to = append(to, ' ')
	to = append(to, line(s.Summary)...)
	for i, d := range s.Details {
		if i == maxDetails {
			to = append(to, `\n…`...)
			break
		}
		to = append(to, `\n`...)
		to = append(to, line(d)...)
	}
	return append(to, '\n')
}

// text is name=value;warn;crit;min;max, without what is empty at its end.
func (m *Metric) text() string {
	warn, crit, _ := strings.Cut(string(m.Levels), ";")
	return strings.TrimRight(strings.Join([]string{m.Name + "=" + plain(m.Value), warn, crit, m.Min, m.Max}, ";"), ";")
}

// plain writes a number without an exponent, to the microsecond: Checkmk keeps six
// digits.
func plain(v float64) string {
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0"), ".")
}
