package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// timelineTitles are the columns of records for people.
var timelineTitles = []string{"TIME", "TYPE", "OBJECT", "APPLICATION", "WHO", "WHAT"}

// timelineWidths are how wide the columns may become at most.
var timelineWidths = []int{24, 18, 60, 40, 60, 0}

// cellsOf is a record in columns.
func cellsOf(rec *event.Record) []string {
	who, what := tell(rec)
	return []string{
		rec.Time.UTC().Format("2006-01-02T15:04:05.000Z"), string(rec.Type), objectText(rec.Object),
		applicationText(rec.Application), who, what,
	}
}

// objectText is an object as --object takes it.
func objectText(o *event.ObjectRef) string {
	if o == nil || o.IsZero() {
		return ""
	}
	parts := []string{cmp.Or(o.Kind, o.Resource)}
	if o.Namespace != "" {
		parts = append(parts, string(o.Namespace))
	}
	if o.Name != "" {
		parts = append(parts, o.Name)
	}
	return strings.Join(parts, "/")
}

// applicationText is an application as --application takes it.
func applicationText(a *event.Application) string {
	switch {
	case a == nil:
		return ""
	case a.Namespace == "":
		return a.Name
	default:
		return string(a.Namespace) + "/" + a.Name
	}
}

// tell says who did what.
func tell(rec *event.Record) (who, what string) {
	switch {
	case rec.Event != nil:
		return rec.Event.ReportingController, happened(rec.Event)
	case rec.Audit != nil:
		return asker(rec.Audit), asked(rec.Audit)
	case rec.ObjectState != nil:
		s := rec.ObjectState
		return "", became(s.Previous, string(s.Status), s.Deleted, s.Stale) + said(s.Reason, s.Message) + drifted(s)
	case rec.ApplicationState != nil:
		s := rec.ApplicationState
		return "", became(s.Previous, string(s.Status), s.Deleted, s.Stale) + deciding(s)
	case rec.Deployment != nil:
		d := rec.Deployment
		what := words(string(d.Action), string(d.Phase), prefixed("revision ", d.Revision), cmp.Or(d.Chart, d.Version))
		return cmp.Or(d.InitiatedBy, string(d.Tool)), what + said("", d.Message)
	case rec.Rejected != nil:
		r := rec.Rejected
		where := cmp.Or(r.Place.Name, r.Place.Source) + " at " + strconv.FormatInt(r.Place.Offset, 10)
		return "", words(string(r.Reason), "in", where) + said("", r.Detail)
	case rec.Monitor != nil:
		m := rec.Monitor
		return m.Instance, fmt.Sprintf("%s: received %d, emitted %d", m.Phase, m.Count.Received, m.Count.Emitted)
	default:
		return "", ""
	}
}

func happened(o *event.Occurrence) string {
	what := words(o.Type, o.Reason)
	if o.Count > 1 {
		what += fmt.Sprintf(" (x%d)", o.Count)
	}
	return what + said("", o.Message)
}

// asker is the user, whom they acted as, and by what.
func asker(a *event.Audit) string {
	who := a.User.Name
	if a.Impersonated != nil {
		who += " as " + a.Impersonated.Name
	}
	if a.Actor.Tool != "" {
		who = words(who, "("+a.Actor.Tool+")")
	}
	return who
}

// asked is the request and the answer.
func asked(a *event.Audit) string {
	about := a.Object.Subresource
	if a.Object.IsZero() {
		// No path has a query that would be told here.
		about, _, _ = strings.Cut(a.RequestURI, "?")
	}
	what := words(a.Verb, about)
	if a.Code != 0 {
		what += " " + strconv.FormatInt(a.Code, 10)
	}
	if a.Stage != "" && a.Stage != event.StageResponseComplete {
		what += " " + string(a.Stage)
	}
	if a.Code >= 400 {
		return what + said(a.Reason, a.Message)
	}
	if c := a.Changes; c != nil && len(c.Paths) > 0 {
		const enough = 5
		var paths []string
		for _, path := range c.Paths[:min(enough, len(c.Paths))] {
			paths = append(paths, string(path))
		}
		what += ": " + strings.Join(paths, ", ")
		if more := int64(len(c.Paths)-len(paths)) + c.Omitted; more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
	}
	return what
}

// became is a status and the one before.
func became(previous *event.Previous, status string, deleted, stale bool) string {
	what := cmp.Or(status, "no status")
	if previous != nil && cmp.Or(previous.Status, "no status") != what {
		what = cmp.Or(previous.Status, "no status") + " -> " + what
	}
	if deleted {
		what += ", deleted"
	}
	if stale {
		what += ", stale"
	}
	return what
}

func drifted(s *event.ObjectState) string {
	if len(s.Drifts) == 0 {
		return ""
	}
	text := " (" + s.Drifts[0].Path
	if more := int64(len(s.Drifts)-1) + s.Omitted; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + " differs)"
}

// deciding names the worst object.
func deciding(s *event.ApplicationState) string {
	if len(s.Deciding) == 0 {
		return ""
	}
	first := s.Deciding[0]
	text := ": " + words(objectText(&first.Object), string(first.Status)) + said(first.Reason, first.Message)
	if more := int64(len(s.Deciding)-1) + s.Omitted; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// said is a reason and a message after what they explain.
func said(reason, message string) string {
	message = short(message)
	switch {
	case reason != "" && message != "":
		return ": " + reason + ": " + message
	default:
		return prefixed(": ", reason+message)
	}
}

// words joins those that are not empty.
func words(all ...string) string {
	var out []string
	for _, word := range all {
		if word != "" {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}
