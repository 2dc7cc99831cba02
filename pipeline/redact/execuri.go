package redact

import (
	"slices"
	"strings"
)

// The URI of a request to run a command in a container has its words in as many
// parameters.

// commandParameter is the name of these parameters.
const commandParameter = "command="

// words redacts the words of a command in a query. What is a credential because of
// the words before it is replaced, and where a value lies across words, all of
// them but the program.
func (s *structural) words(query string) string {
	if !strings.Contains(query, commandParameter) {
		return query
	}
	var line []string
	var hidden []bool
	var a argv
	found := false
	for p := range strings.SplitSeq(query, "&") {
		value, ok := strings.CutPrefix(p, commandParameter)
		if !ok {
			continue
		}
		word := unescapeAll(value)
		hide := false
		if start, end := a.read(s, word); start < end {
			hide = true
		} else if strings.ContainsAny(word, " \t\n") && len(word) <= maxSize {
			hide = s.commandLine(word, 0) != word
		}
		line, hidden, found = append(line, word), append(hidden, hide && !isMark(word)), found || hide
	}
	if len(line) > 1 && !found {
		if whole := strings.Join(line, " "); s.across(whole, line) {
			for i := 1; i < len(hidden); i++ {
				hidden[i], found = true, true
			}
		}
	}
	if !found {
		return query
	}
	var b strings.Builder
	n := 0
	for p := range strings.SplitSeq(query, "&") {
		if b.Len() > 0 || n > 0 {
			b.WriteByte('&')
		}
		if strings.HasPrefix(p, commandParameter) {
			if n++; hidden[n-1] {
				p = commandParameter + MarkRedacted
			}
		}
		b.WriteString(p)
	}
	return b.String()
}

// across reports whether there is something in a line that is in none of its words
// by itself.
func (s *structural) across(whole string, line []string) bool {
	return s.x.finds(whole) && !slices.ContainsFunc(line, s.x.finds)
}
