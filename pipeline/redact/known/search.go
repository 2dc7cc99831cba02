package known

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/redact/match"
)

// Limits of the work on one text. Real ones stay far below them.
const (
	// maxText is the length of the longest text that is searched, in bytes.
	maxText = 4 << 20
	// maxLevels is how often escapes are undone. From collapseLevel on those
	// nested deeper are undone at once.
	maxLevels     = 8
	collapseLevel = 3
	// maxRuns is how often runs of base64 and hex are decoded within each other.
	maxRuns = 4
	// maxViews is how many views are searched.
	maxViews = 512
	// workFactor bounds the work on a text and on what becomes of it, for each
	// byte of it. A unit is about a nanosecond.
	workFactor = 100
	// extraFactor bounds, of that, what goes to views that matter to odd texts
	// and values alone.
	extraFactor = 20
	// SpareWork is what may be spent beyond that, all in all, on the texts of one
	// record: short ones take more for each byte.
	SpareWork = 8 << 20
	// What it costs to look at a byte to find patterns, runs and escapes, and to
	// leave out white space, and what each view and occurrence costs besides.
	costFind    = 2
	costRuns    = 2
	costForeign = 5
	costDecode  = 2
	costEscapes = 1
	costBlanks  = 1
	costEvent   = 12
	costView    = 96
	costSpan    = 96
)

// span is an occurrence of a value in the text.
type span struct {
	start, end int
	value      int32
}

// searcher searches one text and its views.
type searcher struct {
	set *Set
	// views are in use up to used, each the source of a later one.
	views []*view
	used  int
	hits  []match.Hit
	spans []span
	// seen counts the views, work is what is left of it for all of them, and extra
	// what is left for those that are.
	seen, work, extra int
	// one makes the search end at the first occurrence.
	one    bool
	failed bool
}

// kin says how a view came about.
type kin struct {
	levels, runs int
	mode         mode
	// inner is set unless all runs of the view are new.
	inner bool
	// bare is set if white space was left out before escapes were undone.
	bare bool
	// extra is set in views for odd texts and values.
	extra bool
}

// search finds what occurs in text. It returns false if it could not search
// all of it.
func (w *searcher) search(text string) bool {
	w.spans, w.failed, w.seen, w.used = w.spans[:0], false, 0, 0
	if len(text) > maxText {
		return false
	}
	root := w.push(nil)
	root.root = text
	w.find(root)
	w.explore(root, kin{mode: modeAll})
	root.root = ""
	w.used = 0
	return !w.failed
}

// allow sets the work that may be spent on a text.
func (w *searcher) allow(text string, spare int) {
	w.work = workFactor*len(text) + spare
	w.extra = extraFactor*len(text) + spare/4
}

// pay takes account of work. It returns false if nothing more is to be done.
func (w *searcher) pay(cost int, extra bool) bool {
	w.work -= cost
	if extra {
		w.extra -= cost
	}
	if w.work < 0 {
		w.failed = true
	}
	return !w.isDone() && (!extra || w.extra >= 0)
}

func (w *searcher) push(source *view) *view {
	if w.used == len(w.views) {
		w.views = append(w.views, new(view))
	}
	v := w.views[w.used]
	w.used++
	v.reset(source)
	return v
}

func (w *searcher) pop() { w.used-- }

func (w *searcher) isDone() bool { return w.failed || (w.one && len(w.spans) > 0) }

// enter takes account of a view. It returns false if it may not be searched.
func (w *searcher) enter(extra bool) bool {
	if w.seen++; w.seen > maxViews {
		w.failed = true
	}
	return w.pay(costView, extra)
}

// explore searches v, unless it is the text itself, and the views of it.
func (w *searcher) explore(v *view, k kin) {
	if !w.enter(k.extra) {
		return
	}
	text := v.text()
	isBroken := strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0
	if v.source != nil && (!isBroken || w.set.plain) {
		w.find(v)
	}
	w.runs(v, k)
	if isBroken || k.bare {
		w.joined(v, k)
	}
	if strings.IndexByte(text, '\\') >= 0 || strings.IndexByte(text, '%') >= 0 {
		w.escaped(v, k)
	}
}

// runs explores what the runs of base64 and hex in v hold.
func (w *searcher) runs(v *view, k kin) {
	if w.isDone() || k.runs == maxRuns {
		return
	}
	cost := costRuns * len(v.text())
	if w.set.foreign {
		cost += costForeign * len(v.text())
	}
	if k.inner {
		// Most of it is not looked at.
		cost = min(cost, costFind*len(v.events)+len(v.text())/8)
	}
	if !w.pay(cost, k.extra) {
		return
	}
	runs := w.push(v)
	if runs.decodeRuns(k.inner, w.set.foreign) && w.pay(costDecode*len(runs.buf), k.extra) {
		w.explore(runs, kin{levels: k.levels, runs: k.runs + 1, mode: modeAll, extra: k.extra})
	}
	w.pop()
}

// joined searches v with its lines joined.
func (w *searcher) joined(v *view, k kin) {
	if w.isDone() {
		return
	}
	if !w.pay(costBlanks*len(v.text()), k.extra) {
		return
	}
	joined := w.push(v)
	if joined.squeeze(false); w.pay(costEvent*len(joined.events), k.extra) && w.enter(k.extra) {
		w.find(joined)
		k.inner = true
		w.runs(joined, k)
	}
	w.pop()
}

// mended explores v with those escapes whole that its line breaks cut, and
// without the backslashes that make a line go on.
func (w *searcher) mended(v *view, k kin) {
	for _, continued := range [...]bool{false, true} {
		if !w.pay(costBlanks*len(v.text()), k.extra) {
			return
		}
		joined := w.push(v)
		if joined.squeeze(continued); w.pay(costEvent*len(joined.events), k.extra) && w.enter(k.extra) {
			if continued {
				w.find(joined)
				k.inner = true
				w.runs(joined, k)
			}
			other := k
			other.bare = true
			w.escaped(joined, other)
		}
		w.pop()
	}
}

// escaped explores v without its escapes.
func (w *searcher) escaped(v *view, k kin) {
	if k.levels == maxLevels {
		if !w.pay(costEscapes*len(v.text()), k.extra) {
			return
		}
		rest := w.push(v)
		w.failed = w.failed || (!k.extra && rest.unescape(k.mode).changed)
		w.pop()
		return
	}
	if k.levels == collapseLevel {
		k.mode |= modeCollapse
	}
	u := w.undo(v, k)
	if u.cut && !k.bare {
		// An escape that is cut twice is nothing that any program makes.
		w.mended(v, k)
	}
	if u.percent && k.mode&modePercent != 0 && strings.IndexByte(v.text(), '+') >= 0 {
		other := k
		other.extra = true
		other.mode = modePercent | modePlus
		w.undo(v, other)
	}
	if w.set.unstable && u.backslash && u.percent {
		// Values that look escaped themselves need one kind left as it is.
		k.extra = true
		for _, leave := range [...]mode{modePercent, modeBackslash} {
			other := k
			other.mode &^= leave
			w.undo(v, other)
		}
	}
	if u.letters && !k.extra && k.mode&modeLetters != 0 {
		// A backslash before a value takes its first letter.
		k.extra = true
		k.mode &^= modeLetters
		w.undo(v, k)
	}
}

// undo explores v without its escapes of the mode given.
func (w *searcher) undo(v *view, k kin) (u undone) {
	if !w.pay(costEscapes*len(v.text()), k.extra) {
		return u
	}
	plain := w.push(v)
	if u = plain.unescape(k.mode); u.changed && w.pay(costEvent*len(plain.events), k.extra) {
		k.levels++
		k.inner = true
		if k.mode&modePlus != 0 {
			k.mode = modeAll
		}
		w.explore(plain, k)
	}
	w.pop()
	return u
}

// find notes the occurrences in v.
func (w *searcher) find(v *view) {
	text := v.text()
	if !w.pay(costFind*len(text), false) {
		return
	}
	if w.hits, w.work = w.set.patterns.FindWithin(text, w.work, w.hits[:0]); w.work < 0 {
		w.failed = true
		return
	}
	for _, h := range w.hits {
		owners := w.set.owners[w.set.first[h.Pattern]:w.set.first[h.Pattern+1]]
		for _, i := range owners {
			f := &w.set.forms[i]
			start, end, work, ok := f.extend(text, h.Start, h.End)
			if w.pay(work, false) && ok {
				w.note(v, f, start, end)
			}
			if w.isDone() {
				return
			}
		}
	}
}

// note adds the occurrence of f in v.
func (w *searcher) note(v *view, f *form, start, end int) {
	var work int
	var blank bool
	for {
		start, end, work = whole(v.text(), start, end)
		w.work -= work
		if v.source == nil {
			break
		}
		if start, end, blank = v.back(start, end); blank && !f.blanks {
			return
		}
		v = v.source
	}
	w.work -= costSpan
	w.spans = append(w.spans, span{start, end, f.value})
}
