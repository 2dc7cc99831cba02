package encode

import "github.com/fluent-live/live-status/pipeline/event"

func (e *encoder) monitor(w writer, m *event.MonitorStatus) {
	w.openMap(8)
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
	if m.Objects != nil {
		w.key("objects")
		e.objects(w, m.Objects)
	}
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

func (e *encoder) objects(w writer, o *event.ObjectsStatus) {
	w.openMap(5)
	number(w, "kinds", o.Kinds)
	number(w, "synced", o.Synced)
	number(w, "objects", o.Objects)
	number(w, "gone", o.Gone)
	if len(o.Troubled) > 0 {
		w.key("troubled")
		w.openArray(len(o.Troubled))
		for i := range o.Troubled {
			e.troubled(w, &o.Troubled[i])
		}
		w.closeArray()
	}
	w.closeMap()
}

func (e *encoder) troubled(w writer, k *event.KindStatus) {
	w.openMap(5)
	w.key("resource")
	// As GroupResource.String has it, without the memory for it.
	e.scratch = append(e.scratch[:0], k.Resource.Resource...)
	if k.Resource.Group != "" {
		e.scratch = append(append(e.scratch, '.'), k.Resource.Group...)
	}
	w.strBytes(validBytes(e.scratch))
	optional(w, "namespace", string(k.Namespace))
	text(w, "state", string(k.State))
	optional(w, "error", k.Error)
	optionalInstant(w, "since", k.Since)
	w.closeMap()
}

func (e *encoder) counters(w writer, c *event.Counters) {
	w.openMap(14)
	number(w, "received", c.Received)
	number(w, "events", c.Events)
	number(w, "audits", c.Audits)
	number(w, "deployments", c.Deployments)
	number(w, "emitted", c.Emitted)
	number(w, "deduplicated", c.Deduplicated)
	number(w, "filtered", c.Filtered)
	number(w, "expired", c.Expired)
	number(w, "deleted", c.Deleted)
	number(w, "withheld", c.Withheld)
	e.counts(w, "rejected", c.Rejected)
	e.counts(w, "correlated", c.Correlated)
	number(w, "commits", c.Commits)
	number(w, "commit_errors", c.CommitErrors)
	w.closeMap()
}

// counts writes a map of counts ordered by key, also if it is empty.
func (e *encoder) counts(w writer, key string, m map[string]int64) {
	w.key(key)
	w.openMap(len(m))
	for _, k := range sortedKeys(e, m) {
		number(w, valid(k), m[k])
	}
	w.closeMap()
}
