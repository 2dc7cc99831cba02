package encode

import "github.com/fluent-live/live-status/pipeline/event"

func (e *encoder) monitor(w writer, m *event.MonitorStatus) {
	w.openMap(7)
	text(w, "phase", string(m.Phase))
	optional(w, "instance", m.Instance)
	optional(w, "version", m.Version)
	seconds(w, "uptime_seconds", m.Uptime)
	w.key("sources")
	w.openArray(len(m.Sources))
	for i := range m.Sources {
		source(w, &m.Sources[i])
	}
	w.closeArray()
	w.key("queue")
	w.openMap(4)
	number(w, "records", m.Queue.Records)
	number(w, "bytes", m.Queue.Bytes)
	number(w, "max_bytes", m.Queue.MaxBytes)
	number(w, "uncommitted", m.Queue.Uncommitted)
	w.closeMap()
	w.key("counters")
	e.counters(w, &m.Count)
	w.closeMap()
}

func source(w writer, s *event.SourceStatus) {
	w.openMap(12)
	text(w, "name", s.Name)
	optional(w, "scope", s.Scope)
	optional(w, "api", s.API)
	text(w, "state", string(s.State))
	optional(w, "resource_version", string(s.ResourceVersion))
	optionalInstant(w, "last_received", s.LastReceived)
	if s.Lag != 0 {
		seconds(w, "lag_seconds", s.Lag)
	}
	number(w, "reconnects", s.Reconnects)
	number(w, "relists", s.Relists)
	positive(w, "behind_bytes", s.Behind)
	positive(w, "refused", s.Refused)
	optional(w, "error", s.Error)
	w.closeMap()
}

func (e *encoder) counters(w writer, c *event.Counters) {
	w.openMap(12)
	number(w, "received", c.Received)
	number(w, "events", c.Events)
	number(w, "audits", c.Audits)
	number(w, "emitted", c.Emitted)
	number(w, "deduplicated", c.Deduplicated)
	number(w, "filtered", c.Filtered)
	number(w, "expired", c.Expired)
	number(w, "deleted", c.Deleted)
	number(w, "withheld", c.Withheld)
	w.key("rejected")
	w.openMap(len(c.Rejected))
	for _, reason := range sortedKeys(e, c.Rejected) {
		number(w, valid(reason), c.Rejected[reason])
	}
	w.closeMap()
	number(w, "commits", c.Commits)
	number(w, "commit_errors", c.CommitErrors)
	w.closeMap()
}
