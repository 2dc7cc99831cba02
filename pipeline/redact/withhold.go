package redact

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// withholdAll keeps of a record only what the pipeline made itself: its
// identity, its times and its counts.
func (r *Redactor) withholdAll(rec event.Record, reason string) event.Record {
	out := event.Record{Type: rec.Type, ID: rec.ID, Time: rec.Time, Cluster: MarkWithheld, Correlation: rec.Correlation}
	if o := rec.Event; o != nil {
		out.Event = &event.Occurrence{
			FirstTime: o.FirstTime, LastTime: o.LastTime, Count: o.Count, CountDelta: o.CountDelta,
			Message: MarkWithheld,
		}
	}
	if a := rec.Audit; a != nil {
		out.Audit = &event.Audit{Code: a.Code, ReceivedTime: a.ReceivedTime, StageTime: a.StageTime, Message: MarkWithheld}
		out.Audit.Actor = event.Actor{Class: a.Actor.Class, By: a.Actor.By}
		stated := false
		switch a.Stage {
		case event.StageRequestReceived, event.StageResponseStarted, event.StageResponseComplete, event.StagePanic:
			out.Audit.Stage, stated = a.Stage, true
		}
		switch a.Level {
		case event.LevelNone, event.LevelMetadata, event.LevelRequest, event.LevelRequestResponse:
			out.Audit.Level = a.Level
		}
		// The client may have chosen it, and the record's identity mostly has it.
		chosen := !isUUID(string(a.AuditID))
		if !chosen {
			out.Audit.AuditID = a.AuditID
		}
		if (chosen || !stated) && !isAnonymous(rec.Type, rec.ID) {
			out.ID = anonymous(r.hasher, rec.Type, rec.ID)
		}
	}
	if d := rec.Deployment; d != nil {
		out.Deployment = &event.Deployment{
			Phase: d.Phase, Action: d.Action, Started: d.Started, Finished: d.Finished,
			ApplicationStatus: d.ApplicationStatus, Message: MarkWithheld,
			Omitted: d.Omitted + int64(len(d.Objects)),
		}
		// Names of the cluster are part of it.
		if !isAnonymous(rec.Type, rec.ID) {
			out.ID = anonymous(r.hasher, rec.Type, rec.ID)
		}
	}
	if s := rec.ObjectState; s != nil {
		out.ObjectState = &event.ObjectState{
			Status: knownWord(s.Status), Health: knownWord(s.Health), Sync: knownWord(s.Sync), Message: MarkWithheld,
			Since: s.Since, Previous: knownPrevious(s.Previous), Deleted: s.Deleted, Stale: s.Stale, Resync: s.Resync,
			DesiredBy: knownWord(s.DesiredBy), Omitted: s.Omitted + int64(len(s.Drifts)),
		}
	}
	if s := rec.ApplicationState; s != nil {
		out.ApplicationState = &event.ApplicationState{
			Status: knownWord(s.Status), Health: knownWord(s.Health), Sync: knownWord(s.Sync),
			Since: s.Since, Previous: knownPrevious(s.Previous), Deleted: s.Deleted, Stale: s.Stale, Resync: s.Resync,
			Objects: s.Objects, Statuses: s.Statuses, Omitted: s.Omitted + int64(len(s.Deciding)),
		}
	}
	if (rec.ObjectState != nil || rec.ApplicationState != nil) && !isAnonymous(rec.Type, rec.ID) {
		out.ID = anonymous(r.hasher, rec.Type, rec.ID)
	}
	if bad := rec.Rejected; bad != nil {
		out.Rejected = &event.Rejection{
			Place: event.Place{Source: MarkWithheld, Offset: bad.Place.Offset}, Reason: bad.Reason, Bytes: bad.Bytes,
		}
	}
	if m := rec.Monitor; m != nil {
		out.Monitor = &event.MonitorStatus{Phase: m.Phase, Uptime: m.Uptime, Queue: m.Queue, Count: m.Count}
		out.Monitor.Count.Rejected, out.Monitor.Count.Correlated = nil, nil
		// It says of rules and reasons what this package and its rules call them.
		out.Monitor.Redaction = m.Redaction
		if s := m.Statuses; s != nil {
			out.Monitor.Statuses = &event.StatusesStatus{
				Objects: s.Objects, Applications: s.Applications, ObjectsBy: s.ObjectsBy, ApplicationsBy: s.ApplicationsBy,
			}
		}
		if p := m.Permissions; p != nil {
			out.Monitor.Permissions = &event.PermissionsStatus{Missing: p.Missing, Excess: p.Excess, Checked: p.Checked}
		}
		if o := m.Objects; o != nil {
			out.Monitor.Objects = &event.ObjectsStatus{Kinds: o.Kinds, Synced: o.Synced, Objects: o.Objects, Gone: o.Gone}
		}
	}
	out.Withheld = append(out.Withheld, event.Withheld{Path: "", Reason: reason})
	return out
}

func knownPrevious(p *event.Previous) *event.Previous {
	if p == nil {
		return nil
	}
	return &event.Previous{Status: knownWord(p.Status), Health: knownWord(p.Health), Sync: knownWord(p.Sync), Duration: p.Duration}
}

// isUUID reports whether s has the form in which API servers make audit IDs.
func isUUID(s string) bool {
	if len(s) != len("00000000-0000-0000-0000-000000000000") {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if _, ok := hexDigit(s[i]); !ok {
				return false
			}
		}
	}
	return true
}

// anonymous returns an identity that stands for id and tells nothing of it.
func anonymous(h hasher, t event.Type, id event.RecordID) event.RecordID {
	return event.RecordID(string(t) + "/" + strings.TrimPrefix(h.hash("id", []byte(id), false), MarkHash))
}

// isAnonymous reports whether id has nothing of what it identifies but a hash.
func isAnonymous(t event.Type, id event.RecordID) bool {
	hash, ok := strings.CutPrefix(string(id), string(t)+"/")
	return ok && len(hash) == 32 && strings.Trim(hash, "0123456789abcdef") == ""
}
