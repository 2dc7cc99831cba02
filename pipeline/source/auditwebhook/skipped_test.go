package auditwebhook

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Of an item that is too large its two ends are yielded.
func TestItemTooLarge(t *testing.T) {
	for _, tc := range []struct{ most, size, head, tail int }{
		{4 << 10, 8 << 10, 8 << 10, 8 << 10},
		{4 << 10, 200 << 10, leastKept, leastKept},
		{100 << 10, 100<<10 + 1, 100 << 10, 100 << 10},
		{3 << 20, 3<<20 + 1, 3 << 20, mostTail},
		{9 << 20, 10 << 20, mostHead, mostTail},
	} {
		t.Run(fmt.Sprintf("%d of %d", tc.size, tc.most), func(t *testing.T) {
			opts := plain()
			opts.MaxItem = int64(tc.most)
			f := start(t, opts, nil)
			large := `{"auditID":"` + strings.Repeat("0123456789", tc.size/10+1)
			large = large[:tc.size-2] + `"}`
			f.post(f.client(false), listOpen+`{"auditID":"a"},`+large+`,{"auditID":"b"}]}`)
			got := f.await(3)
			if it := got[1]; it.Skipped != event.RejectTooLarge || it.Size != int64(len(large)) || it.Position != "1/1" ||
				string(it.Raw) != large[:tc.head] || string(it.Tail) != large[len(large)-tc.tail:] {
				t.Errorf("skipped %q, size %d, position %s, %d and %d bytes", it.Skipped, it.Size, it.Position, len(it.Raw), len(it.Tail))
			}
			if got[0].Skipped != "" || got[2].Skipped != "" || got[2].Position != "1" {
				t.Errorf("got %+v and %+v", got[0], got[2])
			}
		})
	}
}

// What is no object between two events is one item, however many there are.
func TestStrays(t *testing.T) {
	const event1, event2 = `{"auditID":"a"}`, `{"auditID":"b"}`
	for _, tc := range []struct {
		name, items string
		want        []string
	}{
		{"between", event1 + `,1,null,"x",[{}],` + event2, []string{"0 1/0  15", "1 1/4 not_an_event 12", "5 1  15"}},
		{"at the ends", `1,2,` + event1 + `,3,4`, []string{"0 1/1 not_an_event 2", "2 1/2  15", "3 1 not_an_event 2"}},
		{"nothing else", `1,2,3`, []string{"0 1 not_an_event 3"}},
		{"several runs", `1,{},2,{},3`, []string{"0 1/0 not_an_event 1", "1 1/1  2", "2 1/2 not_an_event 1", "3 1/3  2", "4 1 not_an_event 1"}},
		{"a large one", `"` + strings.Repeat("x", 5000) + `",1`, []string{"0 1 not_an_event 5003"}},
		{"very many", strings.Repeat("0,", 262_143) + "0", []string{"0 1 not_an_event 262144"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := start(t, plain(), nil)
			if got := f.post(f.client(false), listOpen+tc.items+`]}`); got.status != 200 {
				t.Fatalf("got %+v", got)
			}
			var got []string
			for _, it := range f.await(len(tc.want)) {
				got = append(got, fmt.Sprint(it.Place.Offset, " ", it.Position, " ", it.Skipped, " ", it.Size))
				if it.Skipped != "" && len(it.Raw) > skippedPrefix {
					t.Errorf("%d bytes are kept", len(it.Raw))
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A run is done as a whole, or comes again as a whole.
func TestStraysAreResumed(t *testing.T) {
	for _, tc := range []struct {
		at   event.Position
		want []string
	}{
		{"", []string{"0 1/0", "1 1/3", "4 1"}},
		{"1/0", []string{"1 1/3", "4 1"}},
		{"1/3", []string{"4 1"}},
	} {
		spool := newMemory()
		spool.put(event.Spooled{Body: []byte(listOpen + `{"auditID":"a"},1,2,3,{"auditID":"b"}]}`)})
		at := newSink()
		at.hold = true
		at.commit("audit_webhook/memory", tc.at)
		opts := plain()
		opts.Spool, opts.Sink, opts.Positions = spool, at, at
		f := start(t, opts, nil)
		f.sink = at
		var got []string
		for _, it := range f.await(len(tc.want)) {
			got = append(got, fmt.Sprint(it.Place.Offset, " ", it.Position))
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("from %q: %s", tc.at, diff)
		}
	}
}
