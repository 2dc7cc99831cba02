package fluentbit

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// patch is an audit event whose request is as large as that, with keys in the order
// of the API server.
func patch(size int, value string) string {
	return `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"id","stage":"ResponseComplete",` +
		`"requestURI":"/api/v1/namespaces/shop/configmaps/c2","verb":"patch","user":{"username":"jane"},` +
		`"objectRef":{"resource":"configmaps","namespace":"shop","name":"c2","apiVersion":"v1"},` +
		`"requestObject":{"data":"` + strings.Repeat(value, size/len(value)) + `"},` +
		`"requestReceivedTimestamp":"2026-11-21T02:29:03.000001Z","stageTimestamp":"2026-11-21T02:29:03.000002Z","annotations":{"a":"b"}}`
}

// Of an audit event that is too large both ends are kept: they tell who did what.
func TestTooLargeAudits(t *testing.T) {
	for _, c := range []struct{ max, size int }{
		{4 << 10, 10 << 10},
		{4 << 10, 300 << 10},
		{64 << 10, 66 << 10},
		{100 << 10, 3 << 20},
		{1 << 20, 1<<20 + 100},
		{9 << 20, 10 << 20},
	} {
		line := patch(c.size, "x")
		without := strings.Replace(line, `"requestReceivedTimestamp":"2026-11-21T02:29:03.000001Z",`, "", 1)
		for form, data := range map[string][]byte{
			"map":             append2(t, nil, at, line),
			"text":            append2(t, nil, at, `{"log":`+quoted(line)+`}`),
			"without its own": append2(t, nil, at, without),
		} {
			items, result, err := flush(t, append2(t, data, at, podEvent), c.max)
			if result != OK || err != nil || len(items) != 2 {
				t.Fatalf("result %d, %v, %d items", result, err, len(items))
			}
			item := items[0]
			want := line
			if form == "without its own" {
				want = strings.Replace(line, "03.000001Z", "03.123456Z", 1)
			}
			kept := max(c.max, leastKept)
			head, tail := min(len(want), kept, mostHead), min(len(want), kept, mostTail)
			if item.Kind != event.KindAudit || item.Skipped != event.RejectTooLarge || item.Size != int64(len(want)) ||
				string(item.Raw) != want[:head] || string(item.Tail) != want[len(want)-tail:] {
				t.Fatalf("%s of %d, at most %d: skipped %q, size %d of %d, head %d of %d, tail %d of %d",
					form, c.size, c.max, item.Skipped, item.Size, len(want), len(item.Raw), head, len(item.Tail), tail)
			}
			var d decode.AuditDecoder
			a, err := d.DecodeCut(item.Raw, item.Tail)
			if err != nil || a.User.Name != "jane" || a.Object.Name != "c2" || a.StageTime.IsZero() || a.ReceivedTime.IsZero() {
				t.Errorf("%s of %d, at most %d: %+v, %v", form, c.size, c.max, a, err)
			}
			if string(items[1].Raw) != podEvent {
				t.Errorf("the next item is %v", summary(items[1:]))
			}
		}
	}
}

func TestTooLargeEvents(t *testing.T) {
	line := strings.Replace(podEvent, `"uid":"1"`, `"uid":"`+strings.Repeat("x", 5000)+`"`, 1)
	for _, body := range []string{line, `{"log":` + quoted(line) + `}`} {
		items, result, err := flush(t, append1(t, append1(t, nil, body), podEvent), 4096)
		if result != OK || err != nil || len(items) != 2 {
			t.Fatalf("result %d, %v, %d items", result, err, len(items))
		}
		if i := items[0]; i.Skipped != event.RejectTooLarge || i.Kind != event.KindEvent || i.Size != int64(len(line)) ||
			string(i.Raw) != line[:skippedPrefix] || i.Tail != nil {
			t.Errorf("item of kind %d, skipped %q, size %d, %d bytes", i.Kind, i.Skipped, i.Size, len(i.Raw))
		}
	}
}

// What is dropped of a large item is not in memory first: each byte of it may be
// written as six.
func TestTooLargeStaysSmall(t *testing.T) {
	const size = 4 << 20
	for name, value := range map[string][]byte{
		"one string":   msgp.AppendString(nil, strings.Repeat("\x01", size)),
		"many strings": append(msgp.AppendArrayHeader(nil, size/8), bytes.Repeat([]byte("\xa7\x01\x01\x01\x01\x01\x01\x01"), size/8)...),
		"many maps":    append(msgp.AppendArrayHeader(nil, size), bytes.Repeat([]byte{0x80}, size)...),
	} {
		data := append([]byte{0x92, 0, 0x83, 0xa4, 'k', 'i', 'n', 'd', 0xa5}, "Event\xaaapiVersion\xafaudit.k8s.io/v1\xa1v"...)
		data = append(data, value...)
		b := newBatch(data, 64<<10, event.Place{}, 1, func([]event.Item) error { return nil })
		tk := taker{unpacker: unpacker{data: data}, batch: b, find: newRecogniser(data, b)}
		if err := tk.chunk(); err != nil || tk.fault != nil || len(b.items) != 1 || b.items[0].Skipped != event.RejectTooLarge {
			t.Fatalf("%s: %v, %v, %d items", name, err, tk.fault, len(b.items))
		}
		if cap(b.buf) > 2<<20 {
			t.Errorf("%s: %d bytes for the ends of %d", name, cap(b.buf), b.items[0].Size)
		}
	}
}

// A chunk is yielded in batches, none of which is large unless its only item is.
func TestBatches(t *testing.T) {
	var data []byte
	want := 0
	for i := range 3000 {
		body := strings.Replace(podEvent, `"1"`, fmt.Sprintf(`"%d"`, i), 1)
		switch {
		case i%100 == 0:
			body = patch(300<<10, "\n")
		case i%3 == 0:
			body = `{"log":` + quoted(body) + `}`
		}
		data = append2(t, data, at, strings.ReplaceAll(body, "\n", `\n`))
		want++
	}
	r := &recorder{}
	s := New(Options{Sink: limited{t, r}})
	r.source = s
	run(t, s)
	if result, err := s.Flush(t.Context(), "a.tag", data); result != OK || err != nil {
		t.Fatalf("result %d, %v", result, err)
	}
	items := r.taken()
	if len(items) != want+1 || r.calls < 40 {
		t.Fatalf("%d items of %d in %d calls", len(items)-1, want, r.calls)
	}
	for i := range items[:want] {
		uid := fmt.Sprintf(`"uid":"%d"`, i)
		if items[i].Place.Offset != int64(i) || items[i].Skipped != "" || i%100 != 0 && !bytes.Contains(items[i].Raw, []byte(uid)) {
			t.Fatalf("item %d at %d is %s", i, items[i].Place.Offset, items[i].Raw)
		}
	}
}

// limited fails where what is yielded at once is too much.
type limited struct {
	t *testing.T
	*recorder
}

func (l limited) YieldAll(ctx context.Context, items []event.Item) error {
	size := 0
	for i := range items {
		size += len(items[i].Raw)
	}
	if len(items) > batchItems+1 || size > batchBytes*5/4 && len(items) > 2 {
		l.t.Errorf("%d items of %d bytes at once", len(items), size)
	}
	return l.recorder.YieldAll(ctx, items)
}
