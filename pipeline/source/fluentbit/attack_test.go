package fluentbit

import (
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// A record is made of each event of a list: of what is none, however many a chunk has
// room for, one.
func TestAttackListsOfNothing(t *testing.T) {
	const most = 100_000
	packed := func(version string) []byte {
		b := msgp.AppendArrayHeader(nil, 2)
		b = appendTime(b, at)
		b = msgp.AppendMapHeader(b, 3)
		b = msgp.AppendString(msgp.AppendString(b, "kind"), "EventList")
		b = msgp.AppendString(msgp.AppendString(b, "apiVersion"), version)
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "items"), most)
		return append(b, strings.Repeat("\x80", most)...)
	}
	text := func(version, item string) []byte {
		items := strings.Repeat(item+",", most-1) + item
		return append1(t, nil, `{"log":"`+strings.ReplaceAll(`{"kind":"EventList","apiVersion":"`+version+`","items":[`+items+`]}`, `"`, `\"`)+`"}`)
	}
	for name, data := range map[string][]byte{
		"events":         packed("v1"),
		"audit events":   packed("audit.k8s.io/v1"),
		"text":           text("v1", "{}"),
		"text of audits": text("audit.k8s.io/v1", `{"auditID":1}`),
		"half of one":    text("v1", `{"metadata":{}}`),
	} {
		t.Run(name, func(t *testing.T) {
			items := flushed(t, data)
			if len(items) != 1 || items[0].Skipped != event.RejectNotAnEvent || items[0].Size < most {
				t.Errorf("%d items, the first of %d bytes: %q", len(items), items[0].Size, items[0].Skipped)
			}
		})
	}
}

// What is an event in a list of nothing is still found.
func TestAttackEventsAmongNothing(t *testing.T) {
	items := flushed(t, append1(t, nil, `{"kind":"EventList","apiVersion":"v1","items":[{},{"metadata":{},"regarding":{}},{},{},{"kind":"Event","apiVersion":"v1"},{}]}`))
	var got []event.RejectReason
	for i := range items {
		got = append(got, items[i].Skipped)
	}
	if len(got) != 5 || got[1] != "" || got[3] != "" || got[0] != event.RejectNotAnEvent || got[2] != got[0] || got[4] != got[0] {
		t.Errorf("got %q", got)
	}
}
