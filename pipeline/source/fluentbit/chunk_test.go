package fluentbit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// What Fluent Bit's own inputs make of audit events and events becomes what the API
// server wrote, in its order, times included that a parser has taken out.
func TestRealChunks(t *testing.T) {
	audits := said(t, "audit")
	watch := said(t, "watch")
	for name, want := range map[string]struct {
		kind event.Kind
		said []string
		// notices is set where said are those of a watch, bare where items of a list
		// name no kind.
		notices, bare bool
	}{
		"tail":                 {kind: event.KindAudit, said: audits},
		"tail-json":            {kind: event.KindAudit, said: audits},
		"tail-json-stage":      {kind: event.KindAudit, said: audits},
		"tail-json-received":   {kind: event.KindAudit, said: audits},
		"audit-list":           {kind: event.KindAudit, said: audits[:6], bare: true},
		"audit-array":          {kind: event.KindAudit, said: audits[:4]},
		"kubernetes-events":    {kind: event.KindEvent, said: said(t, "events")},
		"events-list":          {kind: event.KindEvent, said: said(t, "events-v1")},
		"forwarded-tail-watch": {kind: event.KindEvent, said: watch, notices: true},
		"otel":                 {kind: event.KindEvent, said: watch[:4], notices: true},
	} {
		t.Run(name, func(t *testing.T) {
			items := flushed(t, readGzip(t, "chunks/"+name+".msgpack.gz"))
			if name == "otel" {
				last := len(items) - 1
				if items[last].Kind != event.KindAudit || string(items[last].Raw) != audits[0] {
					t.Errorf("the audit event that came as a string: %s", items[last].Raw)
				}
				items = items[:last]
			}
			if len(items) != len(want.said) {
				t.Fatalf("%d items, want %d", len(items), len(want.said))
			}
			for i, line := range want.said {
				check(t, &items[i], want.kind, line, want.notices, want.bare)
				if offset := int64(i); name != "audit-list" && name != "events-list" && items[i].Place != (event.Place{Source: "fluentbit", Name: "a.tag", Offset: offset}) {
					t.Errorf("item %d: place %+v", i, items[i].Place)
				}
			}
		})
	}
}

func check(t *testing.T, item *event.Item, kind event.Kind, line string, notice, bare bool) {
	t.Helper()
	wanted, change := parsed(t, []byte(line)), event.Updated
	object, _ := wanted.(map[string]any)
	if notice {
		if object["type"] == "DELETED" {
			change = event.Deleted
		}
		wanted = object["object"]
	}
	if bare {
		delete(object, "kind")
		delete(object, "apiVersion")
	}
	if item.Skipped != "" || item.Kind != kind || item.Change != change || item.Size != int64(len(item.Raw)) {
		t.Errorf("item: kind %d, change %d, skipped %q, size %d of %d", item.Kind, item.Change, item.Skipped, item.Size, len(item.Raw))
	}
	if diff := cmp.Diff(wanted, parsed(t, item.Raw)); diff != "" {
		t.Errorf("not what was said: %s", diff)
	}
	var d decode.AuditDecoder
	var err error
	if kind == event.KindAudit {
		_, err = d.Decode(item.Raw)
	} else {
		_, err = decode.KubeEvent(item.Raw)
	}
	if err != nil {
		t.Errorf("%v of %s", err, item.Raw)
	}
}

// The order of keys stays: redaction and the reader of large audit events rely on
// the order in which the API server writes them.
func TestTheOrderOfKeysStays(t *testing.T) {
	for _, name := range []string{"tail-json", "tail-json-stage", "tail-json-received"} {
		items := flushed(t, readGzip(t, "chunks/"+name+".msgpack.gz"))
		for i, line := range said(t, "audit") {
			if got, want := keys(t, items[i].Raw), keys(t, []byte(line)); !cmp.Equal(got, want) {
				t.Errorf("%s: keys %v, want %v", name, got, want)
			}
		}
	}
}

// keys are those of an object, in their order.
func keys(t *testing.T, object []byte) (names []string) {
	t.Helper()
	s := scanner{data: object, pos: 1}
	for s.space() == '"' || s.data[s.pos] == ',' {
		if s.data[s.pos] == ',' {
			s.pos++
			s.space()
		}
		begin := s.pos
		s.quoted()
		var name string
		if err := json.Unmarshal(object[begin:s.pos], &name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		s.space()
		s.pos++
		s.value(s.space())
	}
	return names
}

func TestDummyIsNoEvent(t *testing.T) {
	data := readGzip(t, "chunks/dummy.msgpack.gz")
	items := flushed(t, data)
	// All of them become one.
	if len(items) != 1 || items[0].Skipped != event.RejectNotAnEvent || items[0].Size != int64(len(data)) {
		t.Errorf("items %+v", items)
	}
}

// A defect costs the log event that it came over, and not the host.
func TestADefect(t *testing.T) {
	data := append1(t, append1(t, nil, podEvent), newEvent)
	var log bytes.Buffer
	b := newBatch(data, defaultMaxItem, event.Place{}, 1, func([]event.Item) error { return nil })
	tk := taker{unpacker: unpacker{data: data}, batch: b, logger: slog.New(slog.NewTextHandler(&log, nil))}
	tk.find = nil // The defect.
	if err := tk.chunk(); err != nil {
		t.Fatal(err)
	}
	if err := b.endStray(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(summary(b.items)); got != "[skipped panic]" || b.items[0].Size != int64(len(data)) || !errors.Is(tk.fault, errDefect) {
		t.Errorf("items %s, fault %v", got, tk.fault)
	}
	if s := log.String(); !strings.Contains(s, "recogniser") || strings.Contains(s, "involved") {
		t.Errorf("log %s", s)
	}
}
