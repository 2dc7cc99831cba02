package metrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
)

// gatherer makes what a scrape gets. It is no prometheus.Collector: each of a hundred
// thousand series would go through a channel and keep its labels for itself, and a
// single one that came twice would fail the scrape.
type gatherer struct {
	opts *Options
	// process has what client_golang tells of the process.
	process *prometheus.Registry
}

func newGatherer(o *Options) (*gatherer, error) {
	g := &gatherer{opts: o, process: prometheus.NewRegistry()}
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := g.process.Register(c); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Gather implements prometheus.Gatherer.
func (g *gatherer) Gather() ([]*dto.MetricFamily, error) {
	own := g.own()
	process, err := g.process.Gather()
	all := slices.Concat(own, process)
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, err
}

// scrape is one scrape under way.
type scrape struct {
	*builder
	*cleaner
	cluster label
}

// withheld stands for what everything is told of and yet may not be told.
const withheld = "[withheld]"

// own returns the metrics of this module.
func (g *gatherer) own() []*dto.MetricFamily {
	s := &scrape{builder: newBuilder(), cleaner: newCleaner(g.opts.Clean)}
	m := g.opts.State.Monitor()
	var ok bool
	if s.cluster, ok = s.label(string(m.Cluster)); !ok {
		s.cluster = withheld
	}
	s.monitor(&m, g.opts.Now())
	left := s.applications(g.opts.State, g.opts.MaxSeries)
	s.objects(g.opts.State, g.opts.Objects, left)
	return s.sorted()
}
