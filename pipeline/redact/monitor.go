package redact

import (
	"slices"
	"strconv"

	"github.com/fluent-live/live-status/pipeline/event"
)

func (e *edit) monitor(in *event.MonitorStatus) *event.MonitorStatus {
	out := applyFields(e, "/monitor", monitorFields[:], in)
	owned := false
	for i := range in.Sources {
		src := &in.Sources[i]
		first := len(e.withheld)
		cleaned := applyFields(e, "", sourceFields[:], src)
		if len(e.withheld) > first {
			e.relocate(first, "/monitor/sources/"+strconv.Itoa(i))
		}
		if cleaned == src {
			continue
		}
		if !owned {
			if out == in {
				out = new(*in)
			}
			out.Sources, owned = slices.Clone(in.Sources), true
		}
		out.Sources[i] = *cleaned
	}
	own := func() *event.MonitorStatus {
		if out == in {
			out = new(*in)
		}
		return out
	}
	if in.Objects != nil {
		if troubled, changed := e.troubled(in.Objects.Troubled); changed {
			objects := *in.Objects
			objects.Troubled = troubled
			own().Objects = &objects
		}
	}
	if in.Statuses != nil {
		if stalled, changed := entries(e, "/monitor/statuses/stalled/", in.Statuses.Stalled, e.watch); changed {
			statuses := *in.Statuses
			statuses.Stalled = stalled
			own().Statuses = &statuses
		}
	}
	if f := in.Forward; f != nil {
		clean := *f
		clean.To = e.apply("/monitor", "/forward/to", place{}, f.To)
		clean.Error = e.apply("/monitor", "/forward/error", place{}, f.Error)
		if clean != *f {
			own().Forward = &clean
		}
	}
	if p := in.Permissions; p != nil {
		missing, m := e.rights("/permissions/missing/", p.MissingRights)
		excess, x := e.rights("/permissions/excess/", p.ExcessRights)
		if m || x {
			clean := *p
			clean.MissingRights, clean.ExcessRights = missing, excess
			own().Permissions = &clean
		}
	}
	if blocked := e.apply("/monitor", "/redaction/blocked", place{}, in.Redaction.Blocked); blocked != in.Redaction.Blocked {
		own().Redaction.Blocked = blocked
	}
	return out
}

func (e *edit) watch(_ int, in *event.WatchState) *event.WatchState {
	return applyFields(e, "", watchFields[:], in)
}

// rights redacts what is said of rights, and returns the list or a changed copy.
func (e *edit) rights(name string, in []string) ([]string, bool) {
	out, owned := in, false
	for i, s := range in {
		clean := e.apply("/monitor", name+strconv.Itoa(i), place{}, s)
		if clean == s {
			continue
		}
		if !owned {
			out, owned = slices.Clone(in), true
		}
		out[i] = clean
	}
	return out, owned
}

// troubled redacts what is said of kinds, and returns the list or a changed
// copy.
func (e *edit) troubled(in []event.KindStatus) ([]event.KindStatus, bool) {
	out, owned := in, false
	for i := range in {
		first := len(e.withheld)
		clean := applyFields(e, "", kindFields[:], &in[i])
		if len(e.withheld) > first {
			e.relocate(first, "/monitor/objects/troubled/"+strconv.Itoa(i))
		}
		if clean == &in[i] {
			continue
		}
		if !owned {
			out, owned = slices.Clone(in), true
		}
		out[i] = *clean
	}
	return out, owned
}
