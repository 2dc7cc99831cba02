package main

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/cmd/live-status/internal/piece"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// maxTold is how many withheld documents are told one by one without --explain.
const maxTold = 100

// report tells what was found and withheld, and never what it was.
type report struct {
	s *sieve
	// at is where the piece in hand stands, and places what was found in it.
	at     string
	piece  piece.Piece
	counts map[finding]int
	order  []finding
	// totals counts by rule and name, and reasons what was withheld.
	totals  map[finding]int
	reasons map[string]int

	documents, changed, withheld int
}

// place is where in a piece something was found.
type place struct {
	path string
	// line and to are lines, 0 where the path says it.
	line, to int
}

// finding is what was found at one place.
type finding struct {
	at         place
	rule, name string
}

func newReport(s *sieve) report {
	return report{s: s, counts: map[finding]int{}, totals: map[finding]int{}, reasons: map[string]int{}}
}

// about begins with a piece.
func (r *report) about(p piece.Piece, f piece.Format) {
	r.piece = p
	r.at = fmt.Sprintf("%s: line %d", r.s.title, p.Line)
	if f == piece.JSON || f == piece.YAML {
		r.at = fmt.Sprintf("%s: document %d, line %d", r.s.title, p.Document, p.Line)
	}
}

// found counts what was found in a document.
func (r *report) found(f redact.Finding) {
	r.add(place{path: r.piece.Pointer + strings.TrimPrefix(f.Path, r.piece.Strip)}, f)
}

func (r *report) add(at place, f redact.Finding) {
	if !r.s.o.explain {
		return
	}
	n := finding{at: at, rule: f.Rule, name: f.Name}
	if r.counts[n] == 0 {
		r.order = append(r.order, n)
	}
	r.counts[n]++
}

// text returns what counts what was found in a text. Which lines those are is found
// out afterwards.
func (r *report) text(p piece.Piece) func(redact.Finding) {
	lines := strings.Count(strings.TrimSuffix(p.Text, "\n"), "\n")
	return func(f redact.Finding) { r.add(place{line: p.Line, to: p.Line + lines}, f) }
}

// locate finds out which lines of a text hold what was found. What is found in no
// line by itself stays where it is.
func (r *report) locate(p piece.Piece) {
	if p.Kind != piece.OfText || len(r.order) == 0 {
		return
	}
	whole := r.order
	r.order = nil
	line := p.Line
	for text := range strings.Lines(p.Text) {
		at := place{line: line}
		r.s.redactor.Plain(text, func(f redact.Finding) {
			for _, w := range whole {
				if w.rule == f.Rule && w.name == f.Name && r.counts[w] > 0 {
					r.counts[w]--
					r.add(at, f)
					return
				}
			}
		})
		line++
	}
	for _, w := range whole {
		if r.counts[w] > 0 {
			r.order = append(r.order, w)
		}
	}
}

// done tells of a piece.
func (r *report) done(p piece.Piece, changed bool, reason string) {
	r.documents++
	if changed {
		r.changed++
	}
	r.locate(p)
	for _, f := range r.order {
		r.s.say(fmt.Sprintf("%s: %s%s, %s", r.where(f.at), f.rule, prefixed(" ", f.name), times(r.counts[f])))
		r.totals[finding{rule: f.rule, name: f.name}] += r.counts[f]
	}
	clear(r.counts)
	r.order = r.order[:0]
	if reason == "" {
		return
	}
	r.withheld++
	r.reasons[reason]++
	switch {
	case r.s.o.explain || r.withheld <= maxTold:
		r.s.say(r.at + prefixed(" ", r.safe(p.Pointer)) + ": withheld: " + reason)
	case r.withheld == maxTold+1:
		r.s.say("more is withheld: --explain tells it all")
	}
}

// where says where something stands.
func (r *report) where(at place) string {
	switch {
	case at.line == 0:
		return r.at + prefixed(" ", r.safe(at.path))
	case at.to > at.line:
		return fmt.Sprintf("%s: lines %d to %d", r.s.title, at.line, at.to)
	default:
		return fmt.Sprintf("%s: line %d", r.s.title, at.line)
	}
}

var (
	pointerUnescapes = strings.NewReplacer("~1", "/", "~0", "~")
	pointerEscapes   = strings.NewReplacer("~", "~0", "/", "~1")
)

// safe is a path without what must not be told: keys may be secrets, too.
func (r *report) safe(path string) string {
	if path == "" {
		return ""
	}
	tokens := strings.Split(path, "/")
	for i, token := range tokens {
		clean, _ := r.s.redactor.Plain(pointerUnescapes.Replace(token), nil)
		tokens[i] = pointerEscapes.Replace(clean)
	}
	return strings.Join(tokens, "/")
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// summary tells how often what was found, with --explain.
func (r *report) summary() {
	if !r.s.o.explain {
		return
	}
	to := bufio.NewWriter(r.s.stderr)
	t := newColumns(to, "RULE", "VALUE", "COUNT")
	for _, f := range slices.SortedFunc(maps.Keys(r.totals), func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.name, b.name))
	}) {
		t.add(f.rule, f.name, fmt.Sprint(r.totals[f]))
	}
	for _, reason := range slices.Sorted(maps.Keys(r.reasons)) {
		t.add("withheld: "+reason, "", fmt.Sprint(r.reasons[reason]))
	}
	// Who does not read standard error misses nothing else.
	_ = t.write()
	_ = to.Flush()
}
