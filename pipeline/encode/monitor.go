package encode

import "github.com/fluent-live/live-status/pipeline/event"

func (e *encoder) monitor(w writer, m *event.MonitorStatus) {
	w.openMap(12)
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
	if m.Statuses != nil {
		w.key("statuses")
		e.statuses(w, m.Statuses)
	}
	if m.Forward != nil {
		w.key("forward")
		e.forward(w, m.Forward)
	}
	if m.Permissions != nil {
		w.key("permissions")
		permissions(w, m.Permissions)
	}
	w.key("redaction")
	e.redactionStatus(w, &m.Redaction)
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

func (e *encoder) forward(w writer, f *event.ForwardStatus) {
	w.openMap(8)
	text(w, "to", f.To)
	text(w, "state", string(f.State))
	number(w, "acknowledged", f.Acknowledged)
	number(w, "attempts", f.Attempts)
	number(w, "failures", f.Failures)
	number(w, "dead_letters", f.DeadLetters)
	optionalInstant(w, "failing_since", f.Since)
	optional(w, "error", f.Error)
	w.closeMap()
}

func permissions(w writer, p *event.PermissionsStatus) {
	w.openMap(5)
	number(w, "missing_count", p.Missing)
	number(w, "excess_count", p.Excess)
	texts(w, "missing", p.MissingRights[:min(len(p.MissingRights), event.MaxPermissions)])
	texts(w, "excess", p.ExcessRights[:min(len(p.ExcessRights), event.MaxPermissions)])
	optionalInstant(w, "checked", p.Checked)
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
	e.resource(w, k.Resource)
	optional(w, "namespace", string(k.Namespace))
	text(w, "state", string(k.State))
	optional(w, "error", k.Error)
	optionalInstant(w, "since", k.Since)
	w.closeMap()
}

// resource writes a kind as GroupResource.String has it, without the memory for
// it.
func (e *encoder) resource(w writer, r event.GroupResource) {
	w.key("resource")
	e.scratch = append(e.scratch[:0], r.Resource...)
	if r.Group != "" {
		e.scratch = append(append(e.scratch, '.'), r.Group...)
	}
	w.strBytes(validBytes(e.scratch))
}

func (e *encoder) statuses(w writer, s *event.StatusesStatus) {
	w.openMap(5)
	number(w, "objects", s.Objects)
	number(w, "applications", s.Applications)
	counts(e, w, "objects_by", s.ObjectsBy)
	counts(e, w, "applications_by", s.ApplicationsBy)
	if len(s.Stalled) > 0 {
		w.key("stalled")
		w.openArray(len(s.Stalled))
		for i := range s.Stalled {
			stalled := &s.Stalled[i]
			w.openMap(5)
			e.resource(w, stalled.Resource)
			optional(w, "namespace", string(stalled.Namespace))
			optionalInstant(w, "last_received", stalled.Heard)
			optionalInstant(w, "since", stalled.Broken)
			optional(w, "error", stalled.Error)
			w.closeMap()
		}
		w.closeArray()
	}
	w.closeMap()
}

func (e *encoder) redactionStatus(w writer, s *event.RedactionStatus) {
	w.openMap(6)
	number(w, "values", s.Values)
	number(w, "retired", s.Retired)
	number(w, "skipped", s.Skipped)
	counts(e, w, "found", s.Found)
	counts(e, w, "withheld", s.Withheld)
	optional(w, "blocked", s.Blocked)
	w.closeMap()
}

func (e *encoder) counters(w writer, c *event.Counters) {
	w.openMap(16)
	number(w, "received", c.Received)
	number(w, "events", c.Events)
	number(w, "audits", c.Audits)
	number(w, "deployments", c.Deployments)
	number(w, "object_statuses", c.ObjectStatuses)
	number(w, "application_statuses", c.ApplicationStatuses)
	number(w, "emitted", c.Emitted)
	number(w, "deduplicated", c.Deduplicated)
	number(w, "filtered", c.Filtered)
	number(w, "expired", c.Expired)
	number(w, "deleted", c.Deleted)
	number(w, "withheld", c.Withheld)
	counts(e, w, "rejected", c.Rejected)
	counts(e, w, "correlated", c.Correlated)
	number(w, "commits", c.Commits)
	number(w, "commit_errors", c.CommitErrors)
	w.closeMap()
}

// counts writes a map of counts ordered by key, also if it is empty. What is
// counted under no name is left out.
func counts[K ~string](e *encoder, w writer, key string, m map[K]int64) {
	w.key(key)
	w.openMap(len(m))
	for _, k := range sortedKeys(e, m) {
		if k != "" {
			number(w, valid(k), m[K(k)])
		}
	}
	w.closeMap()
}
