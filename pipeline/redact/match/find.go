package match

// next returns the first position in text, from t on and in strides, whose
// window the filter knows, or a negative number.
func (c *class) next(text string, t int) int {
	t, ok := c.skip(text, t)
	if ok {
		return t
	}
	// Less than eight bytes are left for the last windows.
	last := len(text) - c.window
	if t > last {
		return -1
	}
	var begin int
	var end uint64
	if begin = len(text) - 8; begin >= 0 {
		end = load8(text, begin)
	} else {
		begin, end = 0, load(text, 0, len(text))
	}
	for ; t <= last; t += c.stride {
		if c.seen(end >> (8 * (t - begin) & 63)) {
			return t
		}
	}
	return -1
}

// skip returns the first position in text, from t on and in strides, whose
// window is in the filter, or which has less than eight bytes behind it. This
// is what nearly all time is spent in, and alone it keeps to the registers.
func (c *class) skip(text string, t int) (_ int, ok bool) {
	filter, fold, keep, key, shift, stride := c.filter, c.fold, c.keep, c.key, c.shift, c.stride
	for ; t+8 <= len(text); t += stride {
		h := (load8(text, t) | fold) & keep * key
		word := filter[h>>(shift&63)]
		if word&(1<<(h>>38&63)) != 0 && word&(1<<(h>>32&63)) != 0 {
			return t, true
		}
	}
	return t, false
}

// seen reports whether the filter knows a window.
func (c *class) seen(window uint64) bool {
	h := (window | c.fold) & c.keep * c.key
	word := c.filter[h>>(c.shift&63)]
	return word&(1<<(h>>38&63)) != 0 && word&(1<<(h>>32&63)) != 0
}

// mark puts a window into the filter.
func (c *class) mark(window uint64) {
	h := (window | c.fold) & c.keep * c.key
	c.filter[h>>(c.shift&63)] |= 1<<(h>>38&63) | 1<<(h>>32&63)
}

// A finder is one search through a text for one class.
type finder struct {
	set    *Set
	class  *class
	text   string
	budget int
	hits   []Hit
	// first makes it stop at the first occurrence, which sets found.
	first, found bool
}

// around looks for patterns one of whose windows is the one at t.
func (f *finder) around(t int) {
	c := f.class
	mask := uint64(len(c.heads) - 2)
	for i := max(t-c.stride+1, 0); i <= min(t, len(f.text)-c.length); i++ {
		h := c.anchorHash(f.text, i)
		tag := uint32(h >> 32)
		from, to := c.heads[h&mask], c.heads[h&mask+1]
		for ; from < to; from++ {
			e := &c.entries[from]
			if e.tag != tag {
				continue
			}
			if f.compare(e, i-int(e.anchor)); f.found || f.budget < 0 {
				return
			}
		}
	}
}

// compare looks whether the pattern stands at start.
func (f *finder) compare(e *entry, start int) {
	f.budget -= costCandidate
	end := start + int(e.size)
	if start < 0 || end > len(f.text) {
		return
	}
	text, pattern := f.text[start:end], f.set.text[e.off:e.off+int(e.size)]
	f.budget -= int(e.size)
	if f.set.fold {
		if !equalFold(text, pattern) {
			return
		}
	} else if text != pattern {
		return
	}
	if f.first {
		f.found = true
		return
	}
	// A run of one pattern over itself does not become a list.
	if n := len(f.hits); n > 0 {
		if last := &f.hits[n-1]; last.Pattern == e.pattern && last.Start <= start && start < last.End {
			last.End = end
			return
		}
	}
	f.budget -= costHit
	f.hits = append(f.hits, Hit{Start: start, End: end, Pattern: e.pattern})
}
