package encode

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

// What the types object_status and application_status add stands in the record
// itself, not in a part of it: one rule of a router or an alert then takes the
// status of either.

// objectState writes what an object_status adds.
func (e *encoder) objectState(w writer, s *event.ObjectState) error {
	optional(w, "status", string(s.Status))
	optional(w, "health", string(s.Health))
	optional(w, "sync", string(s.Sync))
	optional(w, "reason", s.Reason)
	optional(w, "message", s.Message)
	optionalInstant(w, "since", s.Since)
	previous(w, s.Previous)
	flag(w, "deleted", s.Deleted)
	flag(w, "stale", s.Stale)
	flag(w, "resync", s.Resync)
	evidence(w, &s.Evidence)
	optional(w, "desired_by", string(s.DesiredBy))
	if len(s.Drifts) > 0 {
		w.key("drift")
		w.openArray(len(s.Drifts))
		for i := range s.Drifts {
			if err := e.drift(w, &s.Drifts[i]); err != nil {
				return fmt.Errorf("write drift %d: %w", i, err)
			}
		}
		w.closeArray()
	}
	positive(w, "drift_omitted", s.Omitted)
	return nil
}

func (e *encoder) drift(w writer, d *event.Drift) error {
	w.openMap(4)
	text(w, "path", d.Path)
	if err := e.bodies.body(w, "desired", d.Desired, maxValue); err != nil {
		return err
	}
	if err := e.bodies.body(w, "live", d.Live, maxValue); err != nil {
		return err
	}
	optional(w, "manager", d.Manager)
	w.closeMap()
	return nil
}

// applicationState writes what an application_status adds.
func (e *encoder) applicationState(w writer, s *event.ApplicationState) {
	optional(w, "status", string(s.Status))
	optional(w, "health", string(s.Health))
	optional(w, "sync", string(s.Sync))
	optionalInstant(w, "since", s.Since)
	previous(w, s.Previous)
	flag(w, "deleted", s.Deleted)
	flag(w, "stale", s.Stale)
	flag(w, "resync", s.Resync)
	number(w, "objects", s.Objects)
	counts(e, w, "objects_by", s.Statuses)
	findings(w, "deciding", s.Deciding)
	positive(w, "deciding_omitted", s.Omitted)
	if s.Deployment != nil {
		w.key("deployment")
		deployment(w, s.Deployment)
	}
}

// previous writes the status before, or nothing for the first one.
func previous(w writer, p *event.Previous) {
	if p == nil {
		return
	}
	w.key("previous")
	w.openMap(4)
	optional(w, "status", p.Status)
	optional(w, "health", string(p.Health))
	optional(w, "sync", string(p.Sync))
	seconds(w, "duration_seconds", p.Duration)
	w.closeMap()
}

// evidence writes the evidence, or nothing if there is none.
func evidence(w writer, v *event.Evidence) {
	if v.IsZero() {
		return
	}
	w.key("evidence")
	w.openMap(4)
	if c := v.Condition; c != nil {
		w.key("condition")
		w.openMap(5)
		text(w, "type", c.Type)
		text(w, "status", c.Status)
		optional(w, "reason", c.Reason)
		optional(w, "message", c.Message)
		optionalInstant(w, "time", c.Time)
		w.closeMap()
	}
	if len(v.Containers) > 0 {
		w.key("containers")
		w.openArray(len(v.Containers))
		for i := range v.Containers {
			container(w, &v.Containers[i])
		}
		w.closeArray()
	}
	findings(w, "objects", v.Objects)
	if len(v.Events) > 0 {
		w.key("events")
		w.openArray(len(v.Events))
		for i := range v.Events {
			found := &v.Events[i]
			w.openMap(5)
			object(w, "object", &found.Object)
			optional(w, "reason", found.Reason)
			optional(w, "message", found.Message)
			number(w, "count", found.Count)
			optionalInstant(w, "time", found.Time)
			w.closeMap()
		}
		w.closeArray()
	}
	w.closeMap()
}

func container(w writer, c *event.ContainerState) {
	w.openMap(7)
	text(w, "name", c.Name)
	text(w, "state", c.State)
	optional(w, "reason", c.Reason)
	optional(w, "message", c.Message)
	if c.State == "terminated" {
		number(w, "exit_code", c.ExitCode)
	}
	number(w, "restarts", c.Restarts)
	flag(w, "last", c.Last)
	w.closeMap()
}

// findings writes a list of findings, or nothing if it is empty.
func findings(w writer, key string, list []event.ObjectFinding) {
	if len(list) == 0 {
		return
	}
	w.key(key)
	w.openArray(len(list))
	for i := range list {
		w.openMap(4)
		object(w, "object", &list[i].Object)
		optional(w, "status", string(list[i].Status))
		optional(w, "reason", list[i].Reason)
		optional(w, "message", list[i].Message)
		w.closeMap()
	}
	w.closeArray()
}
