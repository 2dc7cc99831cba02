package fluentbit

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{most: 10}
		never := make(chan struct{})
		if !r.take(t.Context(), 100, never) {
			t.Fatal("one is always let in")
		}
		if r.take(later(t, time.Second), 1, never) {
			t.Fatal("there is no room beside it")
		}
		// In the order of asking: the small one does not overtake the large one.
		var order []int64
		var all sync.WaitGroup
		for _, n := range []int64{8, 9, 2} {
			all.Go(func() {
				if r.take(t.Context(), n, never) {
					order = append(order, n)
					time.Sleep(time.Second)
					r.give(n)
				}
			})
			synctest.Wait()
		}
		r.give(100)
		all.Wait()
		if fmt.Sprint(order) != "[8 9 2]" || r.used != 0 || len(r.waiting) != 0 {
			t.Errorf("order %v, %d used, %d waiting", order, r.used, len(r.waiting))
		}
		// Who gives up lets in who waits behind him.
		r.take(t.Context(), 5, never)
		all.Go(func() { r.take(later(t, time.Second), 9, never) })
		synctest.Wait()
		all.Go(func() {
			begun := time.Now()
			if !r.take(t.Context(), 2, never) || time.Since(begun) != time.Second {
				t.Errorf("let in after %s", time.Since(begun))
			}
		})
		all.Wait()
	})
}

func TestAChunkWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := started(t, Options{MaxPending: 4 * overhead})
		one := append2(t, nil, at, `{"log":"`+string(bytes.Repeat([]byte("x"), 8*overhead))+`"}`)
		if result, _ := s.Flush(later(t, timeout), "tag", one); result != Retry {
			t.Fatalf("result %d", result)
		}
		// The same needs no room once more, another does.
		begun := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if result, err := s.Flush(later(t, timeout), "tag", append2(t, nil, at, podEvent)); result != Retry || err != nil || time.Since(begun) != impatience {
				t.Errorf("result %d, %v after %s", result, err, time.Since(begun))
			}
		}()
		if result, _ := s.Flush(later(t, timeout), "tag", one); result != Retry || len(r.receipts()) != 1 {
			t.Errorf("result %d, %d chunks", result, len(r.receipts()))
		}
		<-done
		if s.entries() != 1 {
			t.Errorf("%d entries", s.entries())
		}
		time.AfterFunc(impatience/2, func() { s.Settled([]Settled{{Receipt: r.receipts()[0]}}) })
		if result, _ := s.Flush(later(t, timeout), "tag", append2(t, nil, at, podEvent)); result != Retry || len(r.receipts()) != 2 {
			t.Errorf("result %d, %d chunks", result, len(r.receipts()))
		}
		s.Settled([]Settled{{Receipt: r.receipts()[1]}})
		if s.used() != 0 {
			t.Errorf("%d bytes used", s.used())
		}
	})
}

// settler settles chunks after a while, in another order than they came in.
type settler struct {
	source  *Source
	settled atomic.Int64
}

func (s *settler) YieldAll(_ context.Context, items []event.Item) error {
	last := items[len(items)-1]
	if last.Change == event.Progress {
		time.AfterFunc(time.Duration(rand.IntN(int(time.Second))), func() {
			s.settled.Add(1)
			s.source.Settled([]Settled{{Receipt: last.Receipt}})
		})
	}
	return nil
}

// Many threads flush at once, each chunk until it is told that it arrived: all are
// told, and in the end nothing is left.
func TestManyThreads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &settler{}
		s := New(Options{Sink: sink, MaxPending: 20 * overhead})
		sink.source = s
		run(t, s)
		var all sync.WaitGroup
		for worker := range 16 {
			all.Go(func() {
				for i := range 40 {
					// Each chunk is flushed by two threads.
					data := append2(t, nil, at, fmt.Sprintf(`{"log":"%d %d"}`, worker/2, i))
					for {
						result, err := s.Flush(later(t, time.Duration(rand.IntN(int(time.Second)))), "tag", data)
						if result == OK {
							break
						}
						if result != Retry || err != nil {
							t.Errorf("result %d, %v", result, err)
							return
						}
						runtime.Gosched()
					}
				}
			})
		}
		all.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if s.used() != 0 || s.Status().Behind != 0 || len(s.byReceipt) != 0 || len(s.queue) != 0 || s.entries() != s.table.finished.Len() {
			t.Errorf("%d bytes used, status %+v, %d entries", s.used(), s.Status(), s.entries())
		}
		if n := sink.settled.Load(); n < 320 || n > 640 {
			t.Errorf("%d chunks were taken apart", n)
		}
	})
}
