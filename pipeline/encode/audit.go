package encode

import (
	"fmt"

	"github.com/fluent-live/live-status/pipeline/event"
)

func (e *encoder) audit(w writer, a *event.Audit) error {
	w.openMap(21)
	optional(w, "audit_id", string(a.AuditID))
	optional(w, "stage", string(a.Stage))
	optional(w, "level", string(a.Level))
	optional(w, "verb", a.Verb)
	optional(w, "request_uri", a.RequestURI)
	user(w, "user", &a.User)
	if a.Impersonated != nil {
		user(w, "impersonated_user", a.Impersonated)
	}
	texts(w, "source_ips", a.SourceIPs)
	optional(w, "user_agent", a.UserAgent)
	if a.Actor.Class != "" {
		actor(w, &a.Actor)
	}
	optional(w, "decision", a.Decision)
	optional(w, "decision_reason", a.DecisionReason)
	positive(w, "code", a.Code)
	optional(w, "reason", a.Reason)
	optional(w, "message", a.Message)
	optionalInstant(w, "received_time", a.ReceivedTime)
	optionalInstant(w, "stage_time", a.StageTime)
	if latency, ok := a.Latency(); ok {
		seconds(w, "latency_seconds", latency)
	}
	if len(a.Annotations) > 0 {
		w.key("annotations")
		w.openMap(len(a.Annotations))
		for i := range a.Annotations {
			text(w, valid(a.Annotations[i].Key), a.Annotations[i].Value)
		}
		w.closeMap()
	}
	if err := e.bodies.body(w, "request", a.Request, maxBody); err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	if err := e.bodies.body(w, "response", a.Response, maxBody); err != nil {
		return fmt.Errorf("write the response: %w", err)
	}
	w.closeMap()
	return nil
}

// user writes a user, or nothing if it is no one.
func user(w writer, key string, u *event.User) {
	if u.Name == "" && u.UID == "" && len(u.Groups) == 0 && len(u.Extra) == 0 {
		return
	}
	w.key(key)
	w.openMap(4)
	optional(w, "name", u.Name)
	optional(w, "uid", u.UID)
	texts(w, "groups", u.Groups)
	if len(u.Extra) > 0 {
		w.key("extra")
		w.openMap(len(u.Extra))
		for i := range u.Extra {
			w.key(valid(u.Extra[i].Key))
			w.openArray(len(u.Extra[i].Values))
			for _, value := range u.Extra[i].Values {
				w.str(valid(value))
			}
			w.closeArray()
		}
		w.closeMap()
	}
	w.closeMap()
}

func actor(w writer, a *event.Actor) {
	w.key("actor")
	w.openMap(4)
	text(w, "class", string(a.Class))
	optional(w, "tool", a.Tool)
	optional(w, "tool_version", a.ToolVersion)
	optional(w, "by", string(a.By))
	w.closeMap()
}

func changes(w writer, c *event.Changes) {
	w.openMap(4)
	text(w, "type", string(c.Type))
	if c.Type == event.ChangeUpdate {
		w.key("compared")
		w.boolean(c.Compared)
	}
	texts(w, "paths", c.Paths)
	positive(w, "omitted", c.Omitted)
	w.closeMap()
}

func rejection(w writer, r *event.Rejection) {
	w.openMap(6)
	text(w, "source", r.Place.Source)
	optional(w, "name", r.Place.Name)
	number(w, "offset", r.Place.Offset)
	text(w, "reason", string(r.Reason))
	optional(w, "detail", r.Detail)
	number(w, "bytes", r.Bytes)
	w.closeMap()
}
