package redact

import "github.com/fluent-live/live-status/pipeline/event"

// maxValues is how many bytes the values of a record's drifts may have together.
const maxValues = maxBodySize

// objectState redacts the status of an object, which is given as it was and
// redacted.
func (e *edit) objectState(in *event.ObjectState, recorded, object *event.ObjectRef) *event.ObjectState {
	at := place{about: onlySecret(recorded)}
	out := applyFieldsAt(e, "", at, stateFields[:], in)
	own := func() *event.ObjectState {
		if out == in {
			out = new(*in)
		}
		return out
	}
	if s := statusWord(e, "/status", in.Status); s != in.Status {
		own().Status = s
	}
	if h := statusWord(e, "/health", in.Health); h != in.Health {
		own().Health = h
	}
	if s := statusWord(e, "/sync", in.Sync); s != in.Sync {
		own().Sync = s
	}
	if s := statusWord(e, "/desired_by", in.DesiredBy); s != in.DesiredBy {
		own().DesiredBy = s
	}
	if previous := e.previous(in.Previous); previous != in.Previous {
		own().Previous = previous
	}
	if evidence, changed := e.evidence(&in.Evidence, at, object); changed {
		own().Evidence = evidence
	}
	if drifts, changed := e.drifts(in.Drifts, recorded); changed {
		own().Drifts = drifts
	}
	return out
}

// onlySecret returns the object if it is a Secret, of which a text may quote
// the values, or else nil.
func onlySecret(o *event.ObjectRef) *event.ObjectRef {
	if o != nil && isSecrets(o) {
		return o
	}
	return nil
}

// statusWord redacts what should be one of the words of a status. Those need no look,
// and are not lost to a value that happens to be one of them.
func statusWord[S ~string](e *edit, name string, s S) S {
	if s == "" || isWord(string(s)) {
		return s
	}
	if out := e.apply("", name, place{}, string(s)); out != string(s) {
		return S(out)
	}
	return s
}

// knownWord returns s if it is a word that the pipeline itself writes, or else
// nothing.
func knownWord[S ~string](s S) S {
	if isWord(string(s)) {
		return s
	}
	return ""
}

// isWord reports whether s is one of the words of health, sync, status or of
// DesiredBy, all of which are made by the pipeline.
func isWord(s string) bool {
	switch s {
	case string(event.StatusProgressing), string(event.StatusHealthy), string(event.StatusUnknown), string(event.StatusDegraded),
		string(event.StatusOutOfSync), string(event.StatusMissing), string(event.StatusInSync), string(event.StatusSuspended),
		string(event.SyncOrphaned), string(event.SyncDeleting),
		string(event.ApplicationWaiting), string(event.ApplicationUnavailable),
		string(event.DesiredByLastApplied), string(event.DesiredByHelm), string(event.DesiredByFile):
		return true
	}
	return false
}

func (e *edit) previous(in *event.Previous) *event.Previous {
	if in == nil {
		return nil
	}
	out := *in
	out.Status = statusWord(e, "/previous/status", in.Status)
	out.Health = statusWord(e, "/previous/health", in.Health)
	out.Sync = statusWord(e, "/previous/sync", in.Sync)
	if out == *in {
		return in
	}
	return new(out)
}

// evidence redacts the evidence for the status of an object, which has been
// redacted already.
func (e *edit) evidence(in *event.Evidence, at place, object *event.ObjectRef) (event.Evidence, bool) {
	out, changed := *in, false
	if in.Condition != nil {
		out.Condition = applyFieldsAt(e, "/evidence/condition", at, conditionFields[:], in.Condition)
		changed = out.Condition != in.Condition
	}
	containers, changedContainers := entries(e, "/evidence/containers/", in.Containers, func(_ int, c *event.ContainerState) *event.ContainerState {
		return applyFieldsAt(e, "", at, containerFields[:], c)
	})
	objects, changedObjects := e.findings("/evidence/objects/", in.Objects, object)
	var before *event.ObjectRef
	events, changedEvents := entries(e, "/evidence/events/", in.Events, func(_ int, f *event.WarningFinding) *event.WarningFinding {
		clean := applyFieldsAt(e, "", place{about: onlySecret(&f.Object)}, eventFindingFields[:], f)
		ref := e.reference("/object", &f.Object, object, before)
		if before = ref; ref == &f.Object {
			return clean
		}
		if clean == f {
			clean = new(*f)
		}
		clean.Object = *ref
		return clean
	})
	if !changed && !changedContainers && !changedObjects && !changedEvents {
		return *in, false
	}
	out.Containers, out.Objects, out.Events = containers, objects, events
	return out, true
}

// findings redacts the statuses of objects. Those of one list have much in
// common with each other, and with the object given, which has been redacted.
func (e *edit) findings(base string, in []event.ObjectFinding, object *event.ObjectRef) ([]event.ObjectFinding, bool) {
	var before *event.ObjectRef
	return entries(e, base, in, func(_ int, f *event.ObjectFinding) *event.ObjectFinding {
		clean := applyFieldsAt(e, "", place{about: onlySecret(&f.Object)}, findingFields[:], f)
		status := statusWord(e, "/status", f.Status)
		ref := e.reference("/object", &f.Object, object, before)
		if before = ref; ref == &f.Object && status == f.Status {
			return clean
		}
		if clean == f {
			clean = new(*f)
		}
		clean.Object, clean.Status = *ref, status
		return clean
	})
}

// drifts redacts what differs in the object given.
func (e *edit) drifts(in []event.Drift, about *event.ObjectRef) ([]event.Drift, bool) {
	if about == nil {
		about = &event.ObjectRef{} // It may be anything.
	}
	left := maxValues
	return entries(e, "/drift/", in, func(_ int, d *event.Drift) *event.Drift {
		clean := applyFields(e, "", driftFields[:], d)
		at := place{kind: placeValue, key: d.Path, about: about}
		desired := e.driftValue("/desired", at, d.Desired, &left)
		live := e.driftValue("/live", at, d.Live, &left)
		if desired == d.Desired && live == d.Live {
			return clean
		}
		if clean == d {
			clean = new(*d)
		}
		clean.Desired, clean.Live = desired, live
		return clean
	})
}

// quotedMark stands in place of a value that could not be examined.
const quotedMark = event.JSON(`"` + MarkWithheld + `"`)

// driftValue redacts a value of a drift. Left is how many bytes all that follow
// may have.
func (e *edit) driftValue(name string, at place, v event.JSON, left *int) event.JSON {
	if v == "" {
		return ""
	}
	if *left -= len(v); *left < 0 {
		e.withheld = append(e.withheld, event.Withheld{Path: name, Reason: ReasonTooLarge})
		return quotedMark
	}
	switch out := e.apply("", name, at, string(v)); out {
	case string(v):
		return v
	case MarkWithheld:
		return quotedMark
	default:
		return event.JSON(out)
	}
}

// applicationState redacts the status of an application.
func (e *edit) applicationState(in *event.ApplicationState) *event.ApplicationState {
	out := in
	own := func() *event.ApplicationState {
		if out == in {
			out = new(*in)
		}
		return out
	}
	if s := statusWord(e, "/status", in.Status); s != in.Status {
		own().Status = s
	}
	if h := statusWord(e, "/health", in.Health); h != in.Health {
		own().Health = h
	}
	if s := statusWord(e, "/sync", in.Sync); s != in.Sync {
		own().Sync = s
	}
	if previous := e.previous(in.Previous); previous != in.Previous {
		own().Previous = previous
	}
	if deciding, changed := e.findings("/deciding/", in.Deciding, nil); changed {
		own().Deciding = deciding
	}
	if in.Deployment != nil {
		if d := e.deployment(in.Deployment); d != in.Deployment {
			own().Deployment = d
		}
	}
	return out
}
