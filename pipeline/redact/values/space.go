package values

import (
	"maps"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// present returns the weight of the values that are there.
func (sp *space) present() int {
	w := sp.weight
	for _, v := range sp.retired {
		w -= weigh(v.Value)
	}
	return w
}

// set makes next what the Secret has.
func (sp *space) set(name string, next *secret) {
	if old := sp.secrets[name]; old != nil {
		for _, v := range old.values {
			sp.weight -= weigh(v)
		}
	}
	for _, v := range next.values {
		sp.weight += weigh(v)
	}
	if len(next.values)+next.beyond == 0 {
		delete(sp.secrets, name)
		return
	}
	sp.secrets[name] = next
}

// leave keeps the old values that are not among the new ones for d, as far as
// there is room: the oldest go first.
func (sp *space) leave(old, now []known.Value, at time.Time, d time.Duration) {
	for _, v := range old {
		if d <= 0 || slices.ContainsFunc(now, func(n known.Value) bool { return n.Text == v.Text }) {
			continue
		}
		// It may have gone before and come again.
		if i := slices.IndexFunc(sp.retired, func(r retiredValue) bool { return r.Text == v.Text }); i >= 0 {
			sp.weight -= weigh(v)
			sp.retired = slices.Delete(sp.retired, i, i+1)
		}
		sp.weight += weigh(v)
		sp.retired = append(sp.retired, retiredValue{Value: v, until: at.Add(d)})
	}
	sp.shrinkRetired(namespaceLimit)
}

// dropRetired drops the n oldest former values and returns their weight.
func (sp *space) dropRetired(n int) int {
	w := 0
	for _, v := range sp.retired[:n] {
		w += weigh(v.Value)
	}
	sp.retired = slices.Delete(sp.retired, 0, n)
	sp.weight -= w
	return w
}

// shrinkRetired drops former values until the weight is limit, if there are as
// many.
func (sp *space) shrinkRetired(limit int) {
	n, w := 0, sp.weight
	for ; n < len(sp.retired) && w > limit; n++ {
		w -= weigh(sp.retired[n].Value)
	}
	if n > 0 {
		sp.dropRetired(n)
	}
}

// shrink drops values until the weight is limit, former ones first.
func (sp *space) shrink(limit int) {
	sp.shrinkRetired(limit)
	if sp.weight <= limit {
		return
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(sp.secrets))) {
		s := sp.secrets[name]
		for len(s.values) > 0 && sp.weight > limit {
			last := len(s.values) - 1
			sp.weight -= weigh(s.values[last])
			s.values = slices.Delete(s.values, last, last+1)
			s.beyond++
		}
	}
}

func (sp *space) beyond() int {
	n := 0
	for _, s := range sp.secrets {
		n += s.beyond
	}
	return n
}
