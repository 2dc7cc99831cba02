package auditwebhook

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// plain returns options that need no certificates.
func plain() Options {
	opts := Options{Access: Access{Listen: "127.0.0.1:0"}}
	opts.Limits.Sweep = 1e6
	return opts
}

func (f *fixture) await(n int) []event.Item {
	f.t.Helper()
	got, ok := f.sink.await(f.t.Context(), n)
	if !ok || len(got) != n {
		f.t.Fatalf("%d items, want %d", len(got), n)
	}
	return got
}

func TestItems(t *testing.T) {
	f := start(t, plain(), nil)
	client := f.client(false)
	f.post(client, listOpen+`{"auditID":"a"}, 7 ,{"auditID":"b"}]}`)
	f.post(client, `{"kind":"Event","apiVersion":"audit.k8s.io/v1"}`)
	got := f.await(4)
	item := func(raw string, index int64, position event.Position) event.Item {
		return event.Item{
			Kind: event.KindAudit, Stream: "audit_webhook/memory", Raw: []byte(raw), Size: int64(len(raw)), Position: position,
			Place: event.Place{Source: "audit_webhook", Name: "127.0.0.1", Offset: index},
		}
	}
	stray := item(`7`, 1, "1/1")
	stray.Skipped = event.RejectNotAnEvent
	if diff := cmp.Diff([]event.Item{
		item(`{"auditID":"a"}`, 0, "1/0"),
		stray,
		item(`{"auditID":"b"}`, 2, "1"),
		item(`{"kind":"Event","apiVersion":"audit.k8s.io/v1"}`, 0, "2"),
	}, got); diff != "" {
		t.Error(diff)
	}
	f.eventually("all is deleted", func() bool { return f.source.Status().Behind == 0 })
}

// A batch is bounded, and the items of a body are all there, in their order.
func TestBatches(t *testing.T) {
	for _, tc := range []struct{ n, size, batches int }{
		{1, 1, 1},
		{batchItems, 1, 1},
		{batchItems + 1, 1, 2},
		{12, 300 << 10, 4},
		{3, 2 << 20, 3},
	} {
		t.Run(fmt.Sprintf("%d items of %d bytes", tc.n, tc.size), func(t *testing.T) {
			f := start(t, plain(), nil)
			if got := f.post(f.client(false), goodBody(tc.n, tc.size)); got.status != 200 {
				t.Fatalf("got %+v", got)
			}
			for i, item := range f.await(tc.n) {
				want := event.Position(fmt.Sprintf("1/%d", i))
				if i == tc.n-1 {
					want = "1"
				}
				if item.Position != want || item.Place.Offset != int64(i) {
					t.Fatalf("item %d is at %s, number %d", i, item.Position, item.Place.Offset)
				}
			}
			f.sink.mu.Lock()
			defer f.sink.mu.Unlock()
			if f.sink.batches != tc.batches {
				t.Errorf("%d batches, want %d", f.sink.batches, tc.batches)
			}
		})
	}
}

// A body that was damaged on the disk is reported and stops nothing.
func TestDamagedBody(t *testing.T) {
	spool := newMemory()
	spool.put(event.Spooled{Sender: "::1", Body: []byte(`[{"auditID":"a"},{"auditID":"b"`)})
	spool.put(event.Spooled{Sender: "::1", Body: []byte("garbage")})
	spool.put(event.Spooled{Sender: "::1", Body: nil})
	spool.put(event.Spooled{Sender: "::1", Damaged: true})
	spool.put(event.Spooled{Sender: "::1", Body: []byte(`{"auditID":"c"}`)})
	opts := plain()
	opts.Spool = spool
	f := start(t, opts, nil)
	var got []string
	for _, item := range f.await(7) {
		got = append(got, fmt.Sprintf("%s %s %s", item.Position, item.Skipped, item.Raw))
	}
	if diff := cmp.Diff([]string{
		`1/0  {"auditID":"a"}`,
		`1 not_json [{"auditID":"a"},{"auditID":"b"`,
		`2/0 not_an_event garbage`,
		`2 not_json garbage`,
		`3 not_json `,
		`4 undecryptable `,
		`5  {"auditID":"c"}`,
	}, got); diff != "" {
		t.Error(diff)
	}
}

// A source goes on behind the position that was committed.
func TestResume(t *testing.T) {
	for _, tc := range []struct {
		at   event.Position
		want []event.Position
	}{
		{"", []event.Position{"1/0", "1/1", "1", "2/0", "2"}},
		{"1/0", []event.Position{"1/1", "1", "2/0", "2"}},
		{"1/1", []event.Position{"1", "2/0", "2"}},
		{"1/2", []event.Position{"2/0", "2"}},
		{"1", []event.Position{"2/0", "2"}},
		{"2/0", []event.Position{"2"}},
		{"0", []event.Position{"1/0", "1/1", "1", "2/0", "2"}},
		{"nonsense", []event.Position{"1/0", "1/1", "1", "2/0", "2"}},
		{"1/", []event.Position{"1/0", "1/1", "1", "2/0", "2"}},
	} {
		t.Run(string(tc.at), func(t *testing.T) {
			spool := newMemory()
			spool.put(event.Spooled{Body: []byte(goodBody(3, 1))})
			spool.put(event.Spooled{Body: []byte(goodBody(2, 1))})
			at := newSink()
			at.hold = true
			at.commit("audit_webhook/memory", tc.at)
			opts := plain()
			opts.Spool, opts.Sink, opts.Positions = spool, at, at
			f := start(t, opts, nil)
			f.sink = at
			var got []event.Position
			for _, item := range f.await(len(tc.want)) {
				got = append(got, item.Position)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Nothing is deleted before it is committed, and all that is committed is.
func TestSweep(t *testing.T) {
	spool := newMemory()
	for range 3 {
		spool.put(event.Spooled{Body: []byte(goodBody(2, 1))})
	}
	at := newSink()
	at.hold = true
	// An earlier run has left the first body, done but not deleted. It could
	// be what fills the spool.
	at.commit("audit_webhook/memory", "1")
	opts := plain()
	opts.Spool, opts.Sink, opts.Positions = spool, at, at
	f := start(t, opts, nil)
	left := func(n int) func() bool { return func() bool { return len(spool.stored()) == n } }
	f.eventually("what an earlier run has left is deleted", left(2))
	f.sink = at
	f.await(4)
	at.commit("audit_webhook/memory", "2/0")
	at.commit("audit_webhook/memory", "2")
	f.eventually("the body is deleted", left(1))
	at.commit("audit_webhook/memory", "3/0")
	f.post(f.client(false), goodBody(1, 1))
	f.await(5)
	if n := len(spool.stored()); n != 2 {
		t.Errorf("%d bodies left, want 2", n)
	}
	at.commit("audit_webhook/memory", "4")
	f.eventually("all is deleted", left(0))
	if diff := cmp.Diff([]int64{1, 2, 4}, spool.deleteTo); diff != "" {
		t.Error(diff)
	}
}

// While the spool cannot be read, posts are taken; later they are yielded.
func TestReadErrors(t *testing.T) {
	opts := plain()
	f := start(t, opts, nil)
	f.post(f.client(false), goodBody(1, 1))
	f.await(1)
	f.spool.failReads(errors.New("disk I/O error"))
	f.post(f.client(false), goodBody(1, 1))
	f.eventually("the error is seen", func() bool {
		status := f.source.Status()
		return status.State == event.SourceBackingOff && strings.Contains(status.Error, "disk I/O error")
	})
	f.spool.failReads(nil)
	f.await(2)
	if status := f.source.Status(); status.State != event.SourceServing || status.Error != "" {
		t.Errorf("status %+v", status)
	}
}

// A sink that is broken ends the source: posts that nobody can read any more
// are better kept by who sends them.
func TestBrokenSink(t *testing.T) {
	f := start(t, plain(), nil)
	f.sink.mu.Lock()
	f.sink.err = errors.New("broken")
	f.sink.mu.Unlock()
	f.spool.put(event.Spooled{Body: []byte(goodBody(1, 1))})
	f.eventually("the source ends", func() bool { return f.source.Status().State == event.SourceStopped })
	if !strings.Contains(f.logs.String(), "the reader ends") {
		t.Error(f.logs)
	}
}
