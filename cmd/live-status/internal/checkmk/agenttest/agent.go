package agenttest

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Service is what Checkmk makes of a line.
type Service struct {
	Name string
	// State is 0 to 3; computed by the levels where the line says P.
	State    int
	Computed bool
	Metrics  map[string]float64
	Summary  string
	Details  string
}

// Output is what an agent says, by host; the host that is asked is "".
type Output struct {
	Hosts map[string]map[string]Service
	// Agent are the lines of the section check_mk, by the word before the colon.
	Agent map[string]string
}

var (
	section = regexp.MustCompile(`^<<<([a-z_]+)((?::[a-z]+\([^()]*\))*)>>>$`)
	host    = regexp.MustCompile(`^[A-Za-z0-9_][-A-Za-z0-9_.]{0,239}$`)
	agent   = regexp.MustCompile(`^([A-Za-z]+): (.+)$`)
)

// Parse reads the output of an agent, or of an agent's plugin.
func Parse(out string) (Output, error) {
	got := Output{Hosts: map[string]map[string]Service{}, Agent: map[string]string{}}
	if !utf8.ValidString(out) {
		return got, fmt.Errorf("not UTF-8")
	}
	if out == "" {
		return got, nil
	}
	if !strings.HasSuffix(out, "\n") {
		return got, fmt.Errorf("the last line has no end")
	}
	current, in := "", ""
	for n, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("line %d %q: %s", n+1, line, fmt.Sprintf(format, args...))
		}
		for _, r := range line {
			if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
				return got, fail("holds the control character %U", r)
			}
		}
		switch {
		case line == "<<<<>>>>":
			current, in = "", ""
		case strings.HasPrefix(line, "<<<<") && strings.HasSuffix(line, ">>>>"):
			current, in = line[4:len(line)-4], ""
			if !host.MatchString(current) {
				return got, fail("no name of a host")
			}
		case strings.HasPrefix(line, "<<<") && strings.HasSuffix(line, ">>>"):
			m := section.FindStringSubmatch(line)
			if m == nil {
				return got, fail("no header of a section")
			}
			if in = m[1] + m[2]; in != "check_mk" && in != "local:sep(0)" {
				return got, fail("nobody reads that section")
			}
		case in == "check_mk":
			m := agent.FindStringSubmatch(line)
			if m == nil || current != "" {
				return got, fail("no line of check_mk")
			}
			got.Agent[m[1]] = m[2]
		case in == "":
			return got, fail("belongs to no section")
		default:
			if err := got.add(current, line); err != nil {
				return got, fail("%v", err)
			}
		}
	}
	return got, nil
}

// ParseLocal reads what a local check prints: lines without a header.
func ParseLocal(out string) (Output, error) { return Parse("<<<local:sep(0)>>>\n" + out) }

func (o *Output) add(host, line string) error {
	s, err := ParseLine(line)
	if err != nil {
		return err
	}
	if o.Hosts[host] == nil {
		o.Hosts[host] = map[string]Service{}
	}
	if _, twice := o.Hosts[host][s.Name]; twice {
		return fmt.Errorf("the host has two services %q", s.Name)
	}
	o.Hosts[host][s.Name] = s
	return nil
}
