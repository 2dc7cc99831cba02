package pipeline

import (
	"fmt"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// monitorRecord makes the record that the pipeline says of itself.
func (p *Pipeline) monitorRecord(phase event.Phase) event.Record {
	now := time.Now()
	for _, w := range p.rules {
		w.look()
	}
	m := p.monitorStatus(now)
	m.Phase = phase
	return event.Record{
		Type: event.TypeMonitorStatus, Time: now, Cluster: p.pump.cluster, Monitor: &m,
		ID: event.RecordID(fmt.Sprintf("monitor_status/%s/%d/%d", p.opts.Instance, p.started.UnixNano(), now.UnixNano())),
	}
}

// monitorStatus is what it says. It may be called at any time once Start has returned,
// and changes nothing.
func (p *Pipeline) monitorStatus(now time.Time) event.MonitorStatus {
	m := event.MonitorStatus{
		Phase: event.PhaseRunning, Instance: p.opts.Instance, Version: p.opts.Version,
		Uptime: now.Sub(p.started).Round(time.Second), Queue: p.outbox.queue(), Count: p.count.snapshot(),
	}
	for _, src := range p.sources {
		st := src.Status()
		st.Lag = p.count.lagOf(st.Name)
		m.Sources = append(m.Sources, st)
	}
	if p.output != nil {
		st := p.output.deliverer.Status()
		m.Forward = &st
	}
	m.Permissions = p.permissions.status()
	m.Redaction = p.redaction()
	if p.objects != nil {
		st := p.objects.Objects()
		st.Objects, st.Gone = p.pump.index.Status()
		m.Objects = &st
	}
	if s := p.pump.statuses; s != nil {
		st := s.tracker.Status()
		m.Statuses = &st
	}
	return m
}
