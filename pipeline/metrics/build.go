package metrics

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sort"

	dto "github.com/prometheus/client_model/go"
)

// builder makes the metrics of one scrape. What they have in common they share: of
// what a scrape takes in memory most is names.
type builder struct {
	families map[*family]*dto.MetricFamily
	// orders say at which place each label of a family is among those sorted by name.
	orders map[*family][]int
	pairs  map[pairKey]*dto.LabelPair
	// seen are the metrics of which nobody else makes certain that they are told once.
	seen map[uint64]*dto.Metric
	hash maphash.Hash
	one  *dto.Gauge
	// metrics and spare are memory for those to come.
	metrics []dto.Metric
	spare   []*dto.LabelPair
}

type pairKey struct{ name, value string }

func newBuilder() *builder {
	one := 1.0
	return &builder{
		families: map[*family]*dto.MetricFamily{}, orders: map[*family][]int{},
		pairs: map[pairKey]*dto.LabelPair{}, seen: map[uint64]*dto.Metric{}, one: &dto.Gauge{Value: &one},
	}
}

// slab is for how many metrics memory is taken at once.
const slab = 256

// put adds a metric. Whoever calls it makes certain that there is none with these
// labels yet.
func (b *builder) put(f *family, value float64, values ...label) *dto.Metric {
	mf := b.families[f]
	if mf == nil {
		mf = b.family(f)
	}
	if len(b.metrics) == 0 {
		b.metrics = make([]dto.Metric, slab)
	}
	m := &b.metrics[0]
	b.metrics = b.metrics[1:]
	m.Label = b.pairsOf(f, values)
	switch {
	case f.counter:
		m.Counter = &dto.Counter{Value: &value}
	case value == 1:
		m.Gauge = b.one
	default:
		m.Gauge = &dto.Gauge{Value: &value}
	}
	mf.Metric = append(mf.Metric, m)
	return m
}

func (b *builder) family(f *family) *dto.MetricFamily {
	kind := dto.MetricType_GAUGE
	if f.counter {
		kind = dto.MetricType_COUNTER
	}
	mf := &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: &kind}
	b.families[f] = mf
	order := make([]int, len(f.labels))
	for i, name := range f.labels {
		for _, other := range f.labels {
			if other < name {
				order[i]++
			}
		}
	}
	b.orders[f] = order
	return mf
}

func (b *builder) pairsOf(f *family, values []label) []*dto.LabelPair {
	n := len(values)
	if n == 0 {
		return nil
	}
	if len(b.spare) < n {
		b.spare = make([]*dto.LabelPair, slab*8)
	}
	out := b.spare[:n:n]
	b.spare = b.spare[n:]
	for i, at := range b.orders[f] {
		out[at] = b.pair(&f.labels[i], string(values[i]))
	}
	return out
}

// maxPairs bounds the pairs that are kept to be shared.
const maxPairs = 20_000

func (b *builder) pair(name *string, value string) *dto.LabelPair {
	key := pairKey{*name, value}
	p := b.pairs[key]
	if p == nil {
		p = &dto.LabelPair{Name: name, Value: &value}
		if len(b.pairs) < maxPairs {
			b.pairs[key] = p
		}
	}
	return p
}

// add adds a metric, or adds its value to that of the one that has these labels.
func (b *builder) add(f *family, value float64, values ...label) {
	m := b.same(f, values)
	if m == nil {
		b.seen[b.hash.Sum64()] = b.put(f, value, values...)
		return
	}
	if f.counter {
		*m.Counter.Value += value
		return
	}
	sum := *m.Gauge.Value + value
	m.Gauge = &dto.Gauge{Value: &sum}
}

// set adds a metric, or raises the value of the one that has these labels to it.
func (b *builder) set(f *family, value float64, values ...label) {
	m := b.same(f, values)
	switch {
	case m == nil:
		b.seen[b.hash.Sum64()] = b.put(f, value, values...)
	case *m.Gauge.Value < value:
		m.Gauge = &dto.Gauge{Value: &value}
	}
}

// same returns the metric with these labels; nil if there is none. It leaves the hash
// of them.
func (b *builder) same(f *family, values []label) *dto.Metric {
	b.hash.Reset()
	b.text(f.name)
	for _, v := range values {
		b.text(string(v))
	}
	return b.seen[b.hash.Sum64()]
}

// text adds a text to the hash.
func (b *builder) text(s string) {
	// A hash never fails to write.
	_, _ = b.hash.WriteString(s)
	_ = b.hash.WriteByte(0xff) // No valid text has it.
}

// sorted returns what was made, families by name and metrics by their labels.
func (b *builder) sorted() []*dto.MetricFamily {
	all := make([]*dto.MetricFamily, 0, len(b.families))
	for _, mf := range b.families {
		slices.SortFunc(mf.Metric, compareMetrics)
		all = append(all, mf)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].GetName() < all[j].GetName() })
	return all
}

func compareMetrics(a, b *dto.Metric) int {
	for i, p := range a.Label {
		if q := b.Label[i]; p != q {
			if order := cmp.Compare(*p.Value, *q.Value); order != 0 {
				return order
			}
		}
	}
	return 0
}
