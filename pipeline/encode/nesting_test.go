package encode

import (
	"errors"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// nested returns JSON of n levels: objects, lists, or both in turn.
func nested(n int, units ...[2]string) event.JSON {
	var open, end strings.Builder
	for i := range n {
		open.WriteString(units[i%len(units)][0])
	}
	for i := range n {
		end.WriteString(units[(n-1-i)%len(units)][1])
	}
	return event.JSON(open.String() + "1" + end.String())
}

var (
	inObjects = [2]string{`{"a":`, "}"}
	inLists   = [2]string{"[", "]"}
)

// levels returns how many maps and arrays lie within each other in the first
// value of b, and what follows it. Unpackers need a place for each.
func levels(t *testing.T, b []byte) (int, []byte) {
	t.Helper()
	var n uint32
	var most int
	var err error
	switch msgp.NextType(b) {
	case msgp.MapType:
		n, b, err = msgp.ReadMapHeaderBytes(b)
		n *= 2
	case msgp.ArrayType:
		n, b, err = msgp.ReadArrayHeaderBytes(b)
	default:
		if b, err = msgp.Skip(b); err != nil {
			t.Fatal(err)
		}
		return 0, b
	}
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		var within int
		within, b = levels(t, b)
		most = max(most, within)
	}
	return most + 1, b
}

// TestEventsAreNoDeeperThanFluentBitUnpacks has bodies of all depths. At an
// event of more than 64 levels Fluent Bit drops the rest of the chunk, silently.
func TestEventsAreNoDeeperThanFluentBitUnpacks(t *testing.T) {
	r := redact.New(redact.Options{})
	deepest := 0
	for n := 1; n <= 200; n++ {
		for _, units := range [][][2]string{{inObjects}, {inLists}, {inObjects, inLists}, {inLists, inObjects}} {
			body := nested(n, units...)
			rec := r.Redact(event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{AuditID: "a", Request: body, Response: body}})
			m, err := AppendMsgpack(nil, rec)
			if err != nil {
				t.Fatal(err)
			}
			got, rest := levels(t, m)
			if got > 56 || len(rest) > 0 {
				t.Errorf("%d levels of a body of %d, then %d bytes", got, n, len(rest))
			}
			deepest = max(deepest, got)
			if kept, withheld := rec.Fields().Audit.Request != "", len(rec.Fields().Withheld) == 2; kept != (n <= 48) || withheld == kept {
				t.Errorf("body of %d levels: kept %v, %v", n, kept, rec.Fields().Withheld)
			}
		}
	}
	if deepest != redact.MaxBodyDepth+3 {
		t.Errorf("the deepest has %d levels", deepest)
	}
}

// TestDriftsAreNoDeeperThanFluentBitUnpacks has values of all depths.
func TestDriftsAreNoDeeperThanFluentBitUnpacks(t *testing.T) {
	r := redact.New(redact.Options{})
	deepest := 0
	for n := 1; n <= 100; n++ {
		value := nested(n, inObjects, inLists)
		rec := r.Redact(event.Record{Type: event.TypeObjectStatus, ID: "i", ObjectState: &event.ObjectState{
			Drifts: []event.Drift{{Path: "spec.a", Desired: value, Live: value}},
		}})
		m, err := AppendMsgpack(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		got, rest := levels(t, m)
		if got > maxLevels || len(rest) > 0 {
			t.Errorf("%d levels of a value of %d, then %d bytes", got, n, len(rest))
		}
		deepest = max(deepest, got)
		if kept, withheld := rec.Fields().ObjectState.Drifts[0].Live == value, len(rec.Fields().Withheld) == 2; kept != (n <= 48) || withheld == kept {
			t.Errorf("value of %d levels: kept %v, %v", n, kept, rec.Fields().Withheld)
		}
	}
	if deepest != redact.MaxBodyDepth+4 {
		t.Errorf("the deepest has %d levels", deepest)
	}
}

// TestWritersGoNoDeeperThanTheirBound has bodies that no redactor lets pass.
func TestWritersGoNoDeeperThanTheirBound(t *testing.T) {
	for _, units := range [][][2]string{{inObjects}, {inLists}, {inObjects, inLists}} {
		for n, want := range map[int]error{maxBody: nil, maxBody + 1: errBody, 10_000: errBody} {
			rec := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{Request: nested(n, units...)}}
			var e encoder
			e.msgpack.reset(appendHeader(nil, rec.Time))
			if err := e.record(&e.msgpack, &rec); !errors.Is(err, want) {
				t.Errorf("msgpack of a body of %d levels: %v", n, err)
			}
			if want == nil {
				if got, _ := levels(t, e.msgpack.buf); got != maxLevels {
					t.Errorf("%d levels", got)
				}
			}
			if err := e.record(&e.json, &rec); !errors.Is(err, want) {
				t.Errorf("JSON of a body of %d levels: %v", n, err)
			}
		}
		for n, want := range map[int]error{maxValue: nil, maxValue + 1: errBody} {
			rec := event.Record{Type: event.TypeObjectStatus, ID: "i", ObjectState: &event.ObjectState{Drifts: []event.Drift{{Live: nested(n, units...)}}}}
			var e encoder
			e.msgpack.reset(appendHeader(nil, rec.Time))
			if err := e.record(&e.msgpack, &rec); !errors.Is(err, want) {
				t.Errorf("msgpack of a value of %d levels: %v", n, err)
			}
			if err := e.record(&e.json, &rec); !errors.Is(err, want) {
				t.Errorf("JSON of a value of %d levels: %v", n, err)
			}
		}
	}
}
