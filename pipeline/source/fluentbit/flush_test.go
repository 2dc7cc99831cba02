package fluentbit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// later returns a context that ends after d.
func later(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx
}

// receipts are those of the chunks that were yielded whole.
func (r *recorder) receipts() (out []event.Receipt) {
	for _, item := range r.taken() {
		if item.Change == event.Progress {
			out = append(out, item.Receipt)
		}
	}
	return out
}

// started returns a running source whose sink settles nothing.
func started(t *testing.T, o Options) (*Source, *recorder) {
	t.Helper()
	r := &recorder{}
	o.Sink = r
	s := New(o)
	run(t, s)
	return s, r
}

// entries is how many chunks the table has.
func (s *Source) entries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, same := range s.table.chunks {
		n += len(same)
	}
	return n
}

// used is how much room is taken.
func (s *Source) used() int64 {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	return s.room.used
}

const timeout = 4 * time.Second

func TestAChunkIsRetriedUntilItArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := started(t, Options{})
		data := append2(t, nil, at, podEvent)
		// Where one has waited in vain, others wait for moments only.
		for _, waits := range []time.Duration{timeout, impatience, impatience} {
			begun := time.Now()
			if result, err := s.Flush(later(t, timeout), "tag", data); result != Retry || err != nil || time.Since(begun) != waits {
				t.Fatalf("result %d, %v after %s", result, err, time.Since(begun))
			}
		}
		if n := len(r.receipts()); n != 1 {
			t.Fatalf("the chunk was yielded %d times", n)
		}
		if st := s.Status(); st.Behind != int64(len(data)) || st.State != event.SourceServing || st.LastReceived.IsZero() {
			t.Errorf("status %+v", st)
		}
		// It arrives while nobody waits.
		s.Settled([]Settled{{Receipt: r.receipts()[0]}})
		if s.used() != 0 || s.Status().Behind != 0 {
			t.Error("a chunk that has arrived takes room")
		}
		if result, err := s.Flush(later(t, timeout), "tag", data); result != OK || err != nil {
			t.Fatalf("result %d, %v", result, err)
		}
		if s.entries() != 0 || s.table.finished.Len() != 0 {
			t.Error("a chunk is remembered that was answered")
		}
		// The same bytes again are another chunk, for which there is time again.
		begun := time.Now()
		if result, _ := s.Flush(later(t, timeout), "tag", data); result != Retry || len(r.receipts()) != 2 || time.Since(begun) != timeout {
			t.Errorf("result %d, %d receipts after %s", result, len(r.receipts()), time.Since(begun))
		}
	})
}

func TestAChunkThatArrivesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := started(t, Options{})
		data := append2(t, nil, at, podEvent)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if result, err := s.Flush(later(t, timeout), "tag", data); result != OK || err != nil {
					t.Errorf("result %d, %v", result, err)
				}
			})
		}
		synctest.Wait()
		s.Settled([]Settled{{Receipt: 99}, {Receipt: r.receipts()[0]}, {Receipt: r.receipts()[0]}})
		all.Wait()
		if s.entries() != 0 || s.used() != 0 || len(r.receipts()) != 1 {
			t.Errorf("%d entries, %d bytes, %d receipts", s.entries(), s.used(), len(r.receipts()))
		}
	})
}

// Chunks are the same where tag and bytes are, whatever their hash is.
func TestChunksAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := started(t, Options{})
		one, other := append2(t, nil, at, podEvent), append2(t, nil, at, newEvent)
		flushes := []struct {
			tag  string
			data []byte
		}{{"a", one}, {"b", one}, {"a", other}}
		for round := range 2 {
			for i, f := range flushes {
				if result, _ := s.Flush(later(t, timeout), f.tag, f.data); result != Retry {
					t.Fatalf("round %d, chunk %d: result %d", round, i, result)
				}
			}
		}
		if n := len(r.receipts()); n != 3 {
			t.Fatalf("%d chunks, want 3", n)
		}
		s.Settled([]Settled{{Receipt: r.receipts()[0]}})
		for i, f := range flushes {
			want := Retry
			if i == 0 {
				want = OK
			}
			if result, _ := s.Flush(later(t, timeout), f.tag, f.data); result != want {
				t.Errorf("chunk %d: result %d, want %d", i, result, want)
			}
		}
	})
}

// Two chunks with the same hash are told apart by their bytes, also by what is
// remembered of them.
func TestCollisions(t *testing.T) {
	tb := newTable()
	k := key{1, 3}
	one, two := &chunk{key: k, data: []byte("one")}, &chunk{key: k, data: []byte("two")}
	tb.add(one)
	tb.add(two)
	for _, c := range []*chunk{one, two} {
		if found, unsure := tb.find(k, "", c.data, nil); found != c || unsure {
			t.Errorf("%s: found %v, unsure %t", c.data, found, unsure)
		}
	}
	one.digest, one.digested = digest{1}, true
	one.data = nil
	tb.remember(one, at)
	if found, unsure := tb.find(k, "", []byte("one"), nil); found != nil || !unsure {
		t.Errorf("found %v, unsure %t", found, unsure)
	}
	if found, _ := tb.find(k, "", []byte("one"), &digest{1}); found != one {
		t.Errorf("found %v", found)
	}
	if found, unsure := tb.find(k, "", []byte("six"), &digest{6}); found != nil || unsure {
		t.Errorf("found %v, unsure %t", found, unsure)
	}
	tb.remove(one)
	tb.remove(two)
	if len(tb.chunks) != 0 || tb.finished.Len() != 0 {
		t.Error("something is left")
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tb := newTable()
		for i := range remembered + 10 {
			c := &chunk{key: key{uint64(i), 0}}
			tb.add(c)
			tb.remember(c, time.Now())
		}
		if tb.finished.Len() != remembered || len(tb.chunks) != remembered || tb.chunks[key{9, 0}] != nil {
			t.Errorf("%d remembered", tb.finished.Len())
		}
		time.Sleep(rememberedFor)
		if tb.forget(time.Now()); tb.finished.Len() != 0 || len(tb.chunks) != 0 {
			t.Errorf("%d remembered for too long", tb.finished.Len())
		}
	})
}

func TestRefusals(t *testing.T) {
	good := func(t *testing.T) []byte { return append2(t, nil, at, podEvent) }
	for name, c := range map[string]struct {
		fault []byte
		dead  int
		want  string
	}{
		"a dead letter":      {nil, 1, "1 of its records can never be delivered; it is in the dead letters"},
		"dead letters":       {nil, 3, "3 of its records can never be delivered; they are in the dead letters"},
		"malformed":          {[]byte{0xc1}, 0, "log event 1 at byte %d: a byte that msgpack does not use"},
		"malformed and more": {[]byte{0xc1}, 2, "log event 1 at byte %d: a byte that msgpack does not use\n2 of its records can never be delivered; they are in the dead letters"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := started(t, Options{})
				data := append(good(t), c.fault...)
				want := c.want
				if c.fault != nil {
					want = fmt.Sprintf(c.want, len(good(t)))
				}
				for _, waits := range []bool{true, false} {
					done := make(chan struct{})
					go func() {
						defer close(done)
						result, err := s.Flush(later(t, timeout), "tag", data)
						if waits && (result != Refused || err == nil || err.Error() != want) || !waits && result != Retry {
							t.Errorf("result %d, %v", result, err)
						}
					}()
					synctest.Wait()
					if !waits {
						<-done
					}
					all := r.receipts()
					s.Settled([]Settled{{Receipt: all[len(all)-1], Dead: c.dead}})
					<-done
				}
				if result, err := s.Flush(later(t, timeout), "tag", data); result != Refused || err == nil || err.Error() != want {
					t.Errorf("once nobody waited: result %d, %v", result, err)
				}
				if s.Status().Refused != 2 || s.entries() != 0 {
					t.Errorf("%d refused, %d entries", s.Status().Refused, s.entries())
				}
			})
		})
	}
}

// data belongs to the host once Flush has returned.
func TestDataIsCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		s := New(Options{Sink: r})
		data := append2(t, nil, at, `{"log":`+quoted(podEvent)+`}`)
		if result, _ := s.Flush(later(t, timeout), "tag", data); result != Retry {
			t.Fatalf("result %d", result)
		}
		clear(data)
		run(t, s)
		synctest.Wait()
		if got := fmt.Sprint(summary(r.taken()[:1])); got != "[event "+podEvent+"]" {
			t.Errorf("items %s", got)
		}
	})
}

func TestTheEndOfTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		s := New(Options{Sink: r, MaxPending: 1})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx)
		}()
		var all sync.WaitGroup
		// One waits for its end, the other for room.
		for _, body := range []string{podEvent, newEvent} {
			all.Go(func() {
				if result, err := s.Flush(t.Context(), "tag", append2(t, nil, at, body)); result != Retry || err != nil {
					t.Errorf("result %d, %v", result, err)
				}
			})
		}
		synctest.Wait()
		stop()
		<-ended
		all.Wait()
		if result, err := s.Flush(t.Context(), "tag", append2(t, nil, at, audit)); result != Retry || err != nil {
			t.Errorf("afterwards: result %d, %v", result, err)
		}
		if s.Status().State != event.SourceStopped {
			t.Errorf("state %s", s.Status().State)
		}
		// What is committed at last does no harm.
		s.Settled([]Settled{{Receipt: r.receipts()[0]}})
	})
}

// broken is a sink that fails.
type broken struct{}

var errBroken = errors.New("broken")

func (broken) YieldAll(context.Context, []event.Item) error { return errBroken }

func TestABrokenSinkEndsTheSource(t *testing.T) {
	s := New(Options{Sink: broken{}})
	run(t, s)
	if result, err := s.Flush(t.Context(), "tag", append2(t, nil, at, podEvent)); result != Retry || err != nil {
		t.Errorf("result %d, %v", result, err)
	}
	if st := s.Status(); st.State != event.SourceStopped || st.Error != "broken" {
		t.Errorf("status %+v", st)
	}
}
