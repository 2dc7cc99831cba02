package agenttest

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

var (
	// number is what float() of Python and ParseFloat of Go read alike.
	number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	metric = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

// notInNames are what the documentation excludes from the names of services, for
// one core or the other, and the backslash.
const notInNames = "`;~!$%^&*|'\"<>?,()=\\\t"

// ParseLine reads state "name" metrics text, with exactly one blank in between.
func ParseLine(line string) (Service, error) {
	var s Service
	state, rest, ok := strings.Cut(line, " ")
	if !ok {
		return s, errors.New("nothing but a state")
	}
	switch state {
	case "0", "1", "2", "3":
		s.State = int(state[0] - '0')
	case "P":
		s.Computed = true
	default:
		return s, fmt.Errorf("no state: %q", state)
	}
	if !strings.HasPrefix(rest, `"`) {
		return s, errors.New("the name is not in double quotes, or after more than one blank")
	}
	name, rest, ok := strings.Cut(rest[1:], `"`)
	switch {
	case !ok:
		return s, errors.New("the name has no end")
	case name == "" || name != strings.TrimSpace(name):
		return s, fmt.Errorf("the name %q is empty, or blank at an end", name)
	case strings.ContainsAny(name, notInNames):
		return s, fmt.Errorf("the name %q holds what a core takes out of it", name)
	case len(name) > 220:
		return s, fmt.Errorf("the name %q is no name of a file", name)
	}
	s.Name = name
	if !strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "  ") {
		return s, errors.New("the name is not followed by exactly one blank")
	}
	metrics, text, ok := strings.Cut(rest[1:], " ")
	if ok && (text == "" || text != strings.TrimSpace(text)) {
		return s, fmt.Errorf("the text %q is empty, or blank at an end", text)
	}
	if err := s.metrics(metrics); err != nil {
		return s, err
	}
	if strings.Contains(strings.ReplaceAll(text, `\n`, ""), `\`) {
		return s, fmt.Errorf("the text %q holds a backslash that begins no line", text)
	}
	if strings.Contains(text, "|") {
		return s, fmt.Errorf("the text %q holds a vertical bar", text)
	}
	s.Summary, s.Details, _ = strings.Cut(strings.ReplaceAll(text, `\n`, "\n"), "\n")
	return s, nil
}

// metrics reads - or name=value;warn;crit;min;max, several with a vertical bar
// between them, and computes the state where that is asked for.
func (s *Service) metrics(text string) error {
	s.Metrics = map[string]float64{}
	if text == "-" {
		return nil
	}
	for one := range strings.SplitSeq(text, "|") {
		name, values, ok := strings.Cut(one, "=")
		if !ok || !metric.MatchString(name) {
			return fmt.Errorf("no metric: %q", one)
		}
		if _, twice := s.Metrics[name]; twice {
			return fmt.Errorf("two metrics %s", name)
		}
		fields := strings.Split(values, ";")
		if len(fields) > 5 || !number.MatchString(fields[0]) {
			return fmt.Errorf("no value: %q", one)
		}
		value, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			return err
		}
		s.Metrics[name] = value
		fields = append(fields, "", "", "", "")
		for i, state := range []int{1, 2} {
			lower, upper, err := levels(fields[1+i])
			if err != nil {
				return fmt.Errorf("%q: %w", one, err)
			}
			// At the upper level the state is already raised, at the lower one not yet.
			if s.Computed && (value >= upper || value < lower) {
				s.State = max(s.State, state)
			}
		}
		for _, bound := range fields[3:5] {
			if bound != "" && !number.MatchString(bound) {
				return fmt.Errorf("%q: no bound: %q", one, bound)
			}
		}
	}
	return nil
}

// levels reads nothing, upper, lower: or lower:upper.
func levels(text string) (lower, upper float64, err error) {
	lower, upper = math.Inf(-1), math.Inf(1)
	below, above, both := strings.Cut(text, ":")
	if !both {
		below, above = "", text
	}
	for _, l := range []struct {
		text string
		to   *float64
	}{{below, &lower}, {above, &upper}} {
		if l.text == "" {
			continue
		}
		if !number.MatchString(l.text) {
			return 0, 0, fmt.Errorf("no level: %q", l.text)
		}
		if *l.to, err = strconv.ParseFloat(l.text, 64); err != nil {
			return 0, 0, err
		}
	}
	return lower, upper, nil
}
