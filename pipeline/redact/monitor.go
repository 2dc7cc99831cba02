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
	return out
}
