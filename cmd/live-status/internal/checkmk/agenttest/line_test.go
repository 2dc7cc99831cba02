package agenttest

import (
	"strings"
	"testing"
)

// What is documented is read as it is documented.
//
// Source of the examples' form: https://docs.checkmk.com/latest/en/localchecks.html.
func TestParseLine(t *testing.T) {
	for _, tt := range []struct {
		line    string
		state   int
		name    string
		summary string
		details string
		wrong   string
	}{
		{line: `0 "a b" v=73 text with  blanks`, name: "a b", summary: "text with  blanks"},
		{line: `3 "a" - text`, state: 3, name: "a", summary: "text"},
		{line: `P "a" - text`, name: "a", summary: "text"},
		{line: `P "a" v=40;30;50 text`, state: 1, name: "a", summary: "text"},
		{line: `P "a" v=50;30;50 text`, state: 2, name: "a", summary: "text"},
		{line: `P "a" v=30;30;50 text`, state: 1, name: "a", summary: "text"},
		{line: `0 "a" v=40;30;50 text`, name: "a", summary: "text"},
		{line: `P "a" h=37;40:60;30:70 text`, state: 1, name: "a", summary: "text"},
		{line: `P "a" h=37;40:;30: text`, state: 1, name: "a", summary: "text"},
		{line: `P "a" h=40;40:;30: text`, name: "a", summary: "text"},
		{line: `P "a" h=29;40:;30: text`, state: 2, name: "a", summary: "text"},
		{line: `P "a" v=1|w=8;;7;0;100 text`, state: 2, name: "a", summary: "text"},
		{line: `1 "a" v=1;;;0 one\ntwo\nthree`, state: 1, name: "a", summary: "one", details: "two\nthree"},
		{line: `4 "a" - text`, wrong: "no state"},
		{line: `p "a" - text`, wrong: "no state"},
		{line: `0  "a" - text`, wrong: "more than one blank"},
		{line: `0 "a"  - text`, wrong: "exactly one blank"},
		{line: `0 "a" -  text`, wrong: "blank at an end"},
		{line: `0 a - text`, wrong: "not in double quotes"},
		{line: `0 "a'b" - text`, wrong: "takes out of it"},
		{line: `0 "100%" - text`, wrong: "takes out of it"},
		{line: `0 "a - text`, wrong: "no end"},
		{line: `0 "" - text`, wrong: "empty"},
		{line: `0 "a" text`, wrong: "no metric"},
		{line: `0 "a" v:1=1 text`, wrong: "no metric"},
		{line: `0 "a" v=1e3 text`, wrong: "no value"},
		{line: `0 "a" v=1|v=2 text`, wrong: "two metrics"},
		{line: `0 "a" v=1;x text`, wrong: "no level"},
		{line: `0 "a" - C:\temp`, wrong: "backslash"},
		{line: `0 "a" - a|b`, wrong: "vertical bar"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			s, err := ParseLine(tt.line)
			if tt.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("error %v, want %q", err, tt.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.State != tt.state || s.Name != tt.name || s.Summary != tt.summary || s.Details != tt.details {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ out, wrong string }{
		{"<<<check_mk>>>\nVersion: 1\n<<<local:sep(0)>>>\n0 \"a\" - x\n<<<<h_1>>>>\n<<<local:sep(0)>>>\n0 \"a\" - x\n<<<<>>>>\n", ""},
		{"0 \"a\" - x\n", "no section"},
		{"<<<local:sep(0)>>>\n0 \"a\" - x\n0 \"a\" - y\n", "two services"},
		{"<<<local:sep(0)>>>\n0 \"a\" - x", "no end"},
		{"<<<local>>>\n", "nobody reads"},
		{"<<<<.h>>>>\n", "no name of a host"},
		{"<<<<h h>>>>\n", "no name of a host"},
		{"<<<<h>>>>\n0 \"a\" - x\n", "no section"},
		{"<<<local:sep(0)>>>\n0 \"a\" - x\ry\n", "control character"},
		{"<<<local:sep(0)>>>\n0 \"a\" - \xff\n", "not UTF-8"},
	} {
		if _, err := Parse(tt.out); (err == nil) != (tt.wrong == "") || (err != nil && !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%q: error %v, want %q", tt.out, err, tt.wrong)
		}
	}
}
