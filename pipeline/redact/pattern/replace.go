package pattern

import (
	"cmp"
	"slices"
)

const (
	// MaxText is the length of the longest text that is examined, in bytes.
	MaxText = 4 << 20
	// maxPasses bounds how often a changed text is examined again.
	maxPasses = 8
	// The bytes that expressions may see in all, for one of the text and
	// beyond. One of them takes up to 50 ns.
	budgetPerByte = 4
	budgetBase    = 512 << 10
	// costOfTry is what calling an expression costs at least, and costOfList
	// what one does of those that say what may stay, in bytes.
	costOfTry  = 24
	costOfList = 16
	// costOfNear is what a byte costs at which an expression may begin.
	costOfNear = 2
	// lateEvery is how many bytes may be seen before At.Late is asked.
	lateEvery = 64 << 10
)

// At says where a text stands.
type At struct {
	// Path returns the JSON pointer (RFC 6901) of the text. It is called only
	// if something was found. Nil means that no path is known; then no
	// allow-list by path applies.
	Path func() string
	// Late reports whether there is no time left for the text. It is asked
	// every few milliseconds of work. Nil means that there is.
	Late func() bool
}

// found is a secret in a text.
type found struct {
	spanOf
	rule *rule
}

// Replace returns text with all that the rules find replaced by
// [redacted:RULE], and text itself if they find nothing. Where several rules
// find parts that overlap, one mark stands for them together, with the name of
// the rule that found the longest. Marks that stand in the text stay, and a
// second Replace changes nothing. Hit is called for each replacement and may
// be nil. Ok is false if the text is too long or asks for too much work; it
// must then be withheld, as it must if At.Late says so.
func (s *Set) Replace(text string, at At, hit func(rule string)) (out string, ok bool) {
	if s == nil || len(text) < s.shortest {
		return text, true
	}
	if len(text) > MaxText {
		return "", false
	}
	first, escaped := s.prefilter.first(text)
	if first < 0 && !escaped {
		return text, true
	}
	return s.examine(text, at, hit, first)
}

// examine replaces what is found until there is nothing more to find.
func (s *Set) examine(text string, at At, hit func(rule string), first int) (out string, ok bool) {
	budget := budgetPerByte*len(text) + budgetBase
	for range maxPasses {
		x := examination{set: s, text: text, at: at, budget: budget}
		if !x.run(first) || !x.runDecoded() {
			return "", false
		}
		if len(x.found) == 0 {
			return text, true
		}
		text, budget = x.replaced(hit), x.budget
		first, _ = s.prefilter.first(text)
	}
	return "", false
}

// examination is one pass over a text.
type examination struct {
	set    *Set
	text   string
	at     At
	budget int
	// unasked is the work since At.Late was asked.
	unasked int
	found   []found
	windows []found
	// marks are looked for once there is something to try.
	marks    []spanOf
	marked   bool
	path     string
	pathDone bool
}

// run fills in what was found and reports whether the budget sufficed. The
// first keyword to try ends about first; negative means that there is none.
func (x *examination) run(first int) bool {
	if first < 0 {
		return true
	}
	p, text := x.set.prefilter, x.text
	h := uint32(0)
	for i := max(0, first-2); i < len(text); i++ {
		h = gram(h, text[i])
		if p.bits[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		bucket := p.buckets[p.bucket[h]]
		for k := range bucket {
			if start, ok := bucket[k].at(text, i); ok {
				x.keyword(&bucket[k], start)
			}
		}
		if x.budget < 0 {
			return false
		}
	}
	x.near()
	return x.budget >= 0
}

// runDecoded does the same with the text in which escapes are decoded, if it
// has any.
func (x *examination) runDecoded() bool {
	text, ok := unescaped(x.text)
	if !ok {
		return true
	}
	first, _ := x.set.prefilter.first(text)
	if first < 0 {
		return true
	}
	y := examination{set: x.set, text: text, at: x.at, budget: x.budget, path: x.path, pathDone: x.pathDone}
	if !y.run(first) {
		return false
	}
	x.budget = y.budget
	if len(y.found) > 0 {
		start := origins(x.text)
		for _, f := range y.found {
			f.start, f.end = int(start[f.start]), int(start[f.end])
			x.found = append(x.found, f)
		}
	}
	return true
}

// spend notes n bytes of work, and leaves nothing of the budget once there is
// no time for more.
func (x *examination) spend(n int) {
	x.budget -= n
	if x.unasked += n; x.unasked < lateEvery || x.at.Late == nil {
		return
	}
	x.unasked = 0
	if x.at.Late() {
		x.budget = min(x.budget, -1)
	}
}

// keyword tries the rules that have it.
func (x *examination) keyword(k *keyword, start int) {
	end := start + len(k.lower)
	for _, u := range k.uses {
		r := u.rule
		if r.anchor == anchorNear {
			x.window(r, start)
			continue
		}
		if !u.possible(x.text, start, end) || x.covered(r, start) {
			continue
		}
		if x.marked = x.mark(); within(x.marks, start) {
			continue
		}
		if loc := x.match(r, start); loc != nil {
			x.accept(r, start, loc)
		}
	}
}

// match runs the expression of a rule at start. It sees more where it matches
// all that it sees.
func (x *examination) match(r *rule, start int) []int {
	for size := max(r.after, 2*r.shortest); ; size *= 4 {
		seen := x.text[start:min(len(x.text), start+size)]
		loc := r.re.FindStringSubmatchIndex(seen)
		if loc == nil {
			x.spend(costOfTry + r.costOfFailure(seen))
			return nil
		}
		x.spend(costOfTry + loc[1])
		if loc[1] < len(seen) || start+size >= len(x.text) || r.after >= maxWindow || size >= maxGrown {
			return loc
		}
	}
}

// costOfFailure returns about how many bytes the expression has seen when it
// failed. Those that do not scan seldom get beyond the third delimiter.
func (r *rule) costOfFailure(seen string) int {
	if r.scans {
		return len(seen)
	}
	delimiters := 0
	for i := range len(seen) {
		if c := seen[i]; c <= ' ' || c == '"' || c == ',' {
			if delimiters++; delimiters > 3 {
				return i
			}
		}
	}
	return len(seen)
}

// mark finds the marks of the text, once.
func (x *examination) mark() bool {
	if !x.marked {
		x.marks = marks(x.text)
	}
	return true
}

// covered reports whether the rule just found what reaches beyond i.
func (x *examination) covered(r *rule, i int) bool {
	for j := len(x.found) - 1; j >= max(0, len(x.found)-8); j-- {
		if f := &x.found[j]; f.rule == r && f.start <= i && i < f.end {
			return true
		}
	}
	return false
}

// accept notes the secret of a match in the text from base on, and reports
// whether it is one.
func (x *examination) accept(r *rule, base int, loc []int) bool {
	s, e := r.span(loc)
	x.spend(costOfList*len(r.allow) + (costOfList+costOfNear*(loc[1]-loc[0]))*len(r.unless))
	if !r.accepts(x.text[base+loc[0]:base+loc[1]], x.text[base+s:base+e]) {
		return false
	}
	x.marked = x.mark()
	part, ok := outside(x.text, x.marks, spanOf{base + s, base + e})
	if !ok || x.allowed(r, x.text[part.start:part.end]) {
		return false
	}
	x.found = append(x.found, found{part, r})
	return true
}

// allowed reports whether the lists of the rules files let the secret stay.
func (x *examination) allowed(r *rule, secret string) bool {
	for i := range x.set.allow {
		a := &x.set.allow[i]
		if a.rule != nil && !a.rule[r.id] || a.value != nil && !a.value.MatchString(secret) {
			continue
		}
		if a.path == nil {
			return true
		}
		if x.at.Path == nil {
			continue
		}
		if !x.pathDone {
			x.path, x.pathDone = x.at.Path(), true
		}
		if a.path.matches(x.path) {
			return true
		}
	}
	return false
}

// window notes a part of the text to search, and joins it with the last one of
// the rule.
func (x *examination) window(r *rule, start int) {
	w := found{spanOf{max(0, start-r.before), min(len(x.text), start+r.after)}, r}
	for j := len(x.windows) - 1; j >= max(0, len(x.windows)-64); j-- {
		if last := &x.windows[j]; last.rule == r && w.start <= last.end {
			last.end = max(last.end, w.end)
			return
		}
	}
	x.windows = append(x.windows, w)
	x.spend(costOfTry)
}

// near searches the windows.
func (x *examination) near() {
	for _, w := range x.windows {
		for i := w.start; i < w.end && x.budget >= 0; {
			loc := w.rule.re.FindStringSubmatchIndex(x.text[i:w.end])
			if loc == nil {
				x.spend(costOfNear * (w.end - i))
				break
			}
			x.spend(costOfTry + costOfNear*loc[1])
			s, _ := w.rule.span(loc)
			if x.accept(w.rule, i, loc) {
				s = loc[1] - 1
			}
			i += s + 1
		}
	}
}

// replaced returns the text with marks where something was found.
func (x *examination) replaced(hit func(rule string)) string {
	slices.SortFunc(x.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.rule.vague(), b.rule.vague()), cmp.Compare(a.rule.id, b.rule.id))
	})
	out := make([]byte, 0, len(x.text))
	done := 0
	for i := 0; i < len(x.found); {
		first := x.found[i]
		end, name := first.end, first
		for i++; i < len(x.found) && x.found[i].start < end; i++ {
			f := x.found[i]
			end = max(end, f.end)
			if f.end-f.start > name.end-name.start {
				name = f
			}
		}
		out = append(append(out, x.text[done:first.start]...), markRedacted...)
		out = append(append(append(out, ':'), name.rule.id...), ']')
		done = end
		if hit != nil {
			hit(name.rule.id)
		}
	}
	return string(append(out, x.text[done:]...))
}
