package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/event"
)

// store keeps what is committed, and fails while told to.
type store struct {
	mu      sync.Mutex
	fail    error
	commits []cursor.Changes
}

func (s *store) Seen(context.Context, event.SeenKey) (event.Seen, bool, error) {
	return event.Seen{}, false, nil
}

func (s *store) Commit(_ context.Context, c cursor.Changes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.commits = append(s.commits, c)
	return nil
}

func (s *store) Expire(context.Context, time.Time, int) (int64, error) { return 0, nil }

func (s *store) ForgetPassed(context.Context, time.Time, int) (int64, error) { return 0, nil }

func (s *store) set(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// statuses returns what is remembered of statuses.
func (s *store) statuses() map[event.StatusKey][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[event.StatusKey][]byte{}
	for _, c := range s.commits {
		for _, row := range c.Statuses {
			if all[row.Key] = row.Data; row.Data == nil {
				delete(all, row.Key)
			}
		}
	}
	return all
}

// positions returns the positions committed, in order.
func (s *store) positions() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, c := range s.commits {
		all = append(all, string(c.Positions["s"]))
	}
	return strings.Join(all, " ")
}

// bench is an outbox with a committer and no sources.
type bench struct {
	*Pipeline
	store *store
	log   *bytes.Buffer
}

func newBench(t *testing.T, maxBytes int, interval time.Duration) *bench {
	b := &bench{Pipeline: &Pipeline{outbox: newOutbox(maxBytes, 0)}, store: &store{}, log: &bytes.Buffer{}}
	b.cfg.Interval = interval
	b.commits = &committer{store: b.store, outbox: b.outbox, count: &b.count, logger: slog.New(slog.NewTextHandler(b.log, nil))}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { b.commits.run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return b
}

func (b *bench) put(t *testing.T, record string, position int) {
	t.Helper()
	e := entry{stream: "s", position: event.Position(fmt.Sprint(position)), remembered: remembered{seen: func(dedup.Mark) cursor.SeenChange { return cursor.SeenChange{} }}}
	if record != "" {
		e.record = []byte(record)
	}
	if err := b.outbox.add(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

const wait = 150 * time.Millisecond

func TestABatchIsCommittedByTheNextTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 0)
		b.put(t, "a", 1)
		b.put(t, "b", 2)
		if got := string(b.Take(wait)); got != "ab" {
			t.Fatalf("took %q", got)
		}
		synctest.Wait()
		if got := b.store.positions(); got != "" {
			t.Fatalf("committed %q before the host came back", got)
		}
		b.put(t, "c", 3)
		if got := string(b.Take(wait)); got != "c" {
			t.Fatalf("took %q", got)
		}
		if got := b.store.positions(); got != "2" {
			t.Fatalf("committed %q", got)
		}
		if got := b.Take(wait); got != nil {
			t.Fatalf("took %q", got)
		}
		synctest.Wait()
		if got := b.store.positions(); got != "2 3" {
			t.Fatalf("committed %q", got)
		}
	})
}

func TestNothingIsHandedOverWhileTheDiskIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 4, 0)
		b.put(t, "aaaa", 1)
		b.Take(wait)
		b.store.set(errors.New("database or disk is full"))
		b.put(t, "bbbb", 2)
		blocked := make(chan struct{})
		go func() { defer close(blocked); b.put(t, "cccc", 3) }()
		for range 100 {
			began := time.Now()
			if got := b.Take(wait); got != nil {
				t.Fatalf("took %q", got)
			}
			if d := time.Since(began); d > 200*time.Millisecond {
				t.Fatalf("the host's call took %v", d)
			}
			time.Sleep(time.Second) // the bubble's clock: Fluent Bit's tick
		}
		select {
		case <-blocked:
			t.Fatal("the full batch took a further record")
		default:
		}
		if n := strings.Count(b.log.String(), "cannot commit"); n != 1 {
			t.Errorf("said %d times that it cannot commit", n)
		}
		b.store.set(nil)
		time.Sleep(2 * time.Second)
		var got string
		for range 4 {
			got += string(b.Take(wait))
			synctest.Wait()
		}
		if got != "bbbbcccc" || b.store.positions() != "1 2 3" {
			t.Errorf("after it had room: took %q, committed %q", got, b.store.positions())
		}
	})
}

// A quiet stream moves its position without records: lists that bring nothing
// new, bookmarks. That needs no hand-over.
func TestPositionsAloneAreCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 0)
		b.put(t, "", 7)
		if got := b.Take(wait); got != nil {
			t.Fatalf("took %q", got)
		}
		synctest.Wait()
		if got := b.store.positions(); got != "7" {
			t.Errorf("committed %q", got)
		}
	})
}

// The interval sets the pace of batches, it does not hold back the first.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 5*time.Second)
		b.put(t, "a", 1)
		if got := string(b.Take(wait)); got != "a" {
			t.Fatalf("took %q at once", got)
		}
		b.put(t, "b", 2)
		time.Sleep(4 * time.Second)
		if got := b.Take(wait); got != nil {
			t.Fatalf("took %q after 4 s", got)
		}
		b.put(t, "c", 3)
		time.Sleep(time.Second)
		if got := string(b.Take(wait)); got != "bc" {
			t.Fatalf("took %q after 5 s", got)
		}
	})
}

func TestARecordLargerThanABatchPassesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 4, 0)
		b.put(t, "too-large", 1)
		if got := string(b.Take(wait)); got != "too-large" {
			t.Errorf("took %q", got)
		}
	})
}

// A batch with statuses is handed over once the cursor knows which: the host may
// have it when the process is killed, although nobody remembers that.
func TestStatusesAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 0)
		row := event.StatusRow{Key: "o/web", Data: []byte("healthy")}
		if err := b.outbox.add(t.Context(), entry{record: []byte("a"), remembered: remembered{statuses: []event.StatusRow{row}}}); err != nil {
			t.Fatal(err)
		}
		if got := string(b.Take(wait)); got != "a" {
			t.Fatalf("took %q", got)
		}
		statuses := b.store.statuses()
		if len(statuses) != 1 || !strings.Contains(string(statuses["announced"]), "o/web") {
			t.Errorf("when the host has it, the cursor has %q", statuses)
		}
		b.Take(wait)
		if statuses := b.store.statuses(); len(statuses) != 1 || string(statuses["o/web"]) != "healthy" {
			t.Errorf("when the host came back, the cursor has %q", statuses)
		}
		// A store that fails keeps the batch here.
		if err := b.outbox.add(t.Context(), entry{record: []byte("b"), remembered: remembered{statuses: []event.StatusRow{{Key: "o/web"}}}}); err != nil {
			t.Fatal(err)
		}
		b.store.set(errors.New("disk full"))
		if got := b.Take(wait); got != nil {
			t.Errorf("took %q although it could not be announced", got)
		}
		b.store.set(nil)
		time.Sleep(2 * commitRetry)
		if got := string(b.Take(wait)); got != "b" {
			t.Errorf("took %q", got)
		}
		if left := b.outbox.settle(time.Now()); left != 0 {
			t.Errorf("%d records left", left)
		}
	})
}

// What the host surely has is committed at the end, what it may not have is
// not, and nothing is committed out of order.
func TestSettle(t *testing.T) {
	for _, tt := range []struct {
		name          string
		paused, after time.Duration
		refused       bool
		committed     string
		left          int64
	}{
		{name: "just handed over", after: 900 * time.Millisecond, left: 1},
		{name: "had time to pass on", after: time.Second, committed: "1"},
		{name: "had time before the pause", paused: time.Second, after: time.Millisecond, committed: "1"},
		{name: "was paused before it had time", paused: 900 * time.Millisecond, after: time.Hour, left: 1},
		{name: "did not arrive", after: time.Hour, refused: true, left: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 1000, 0)
				b.outbox.settled = time.Second
				b.put(t, "a", 1)
				b.Take(wait)
				b.put(t, "", 2)
				if tt.paused > 0 {
					time.Sleep(tt.paused)
					b.Pause()
				}
				time.Sleep(tt.after)
				if tt.refused {
					b.Refuse()
				}
				left := b.outbox.settle(time.Now())
				b.commits.commit(t.Context())
				if got := b.store.positions(); got != tt.committed || left != tt.left {
					t.Errorf("committed %q, left %d; want %q, %d", got, left, tt.committed, tt.left)
				}
			})
		})
	}
}

// Fluent Bit may pause an input and yet call it: what it takes then waits in a
// ring that a full chunk buffer keeps from draining.
func TestAPausedHostAcceptsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 0)
		b.put(t, "a", 1)
		b.Take(wait)
		b.put(t, "b", 2)
		b.Pause()
		for range 5 {
			time.Sleep(time.Second)
			if got := b.Take(wait); got != nil || b.store.positions() != "" {
				t.Fatalf("took %q, committed %q", got, b.store.positions())
			}
		}
		b.Resume()
		if got := string(b.Take(wait)); got != "b" || b.store.positions() != "1" {
			t.Errorf("after the pause: took %q, committed %q", got, b.store.positions())
		}
	})
}

// Ticks that come too close after each other say nothing about the batch.
func TestAHastyHostAcceptsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 0)
		b.outbox.settled = 350 * time.Millisecond
		b.put(t, "a", 1)
		b.Take(wait)
		b.put(t, "b", 2)
		time.Sleep(300 * time.Millisecond)
		if got := b.Take(wait); got != nil || b.store.positions() != "" {
			t.Fatalf("after 300 ms: took %q, committed %q", got, b.store.positions())
		}
		time.Sleep(time.Second)
		if got := string(b.Take(wait)); got != "b" || b.store.positions() != "1" {
			t.Errorf("after a second: took %q, committed %q", got, b.store.positions())
		}
	})
}

func TestARefusedBatchIsHandedOverAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 1000, 0)
		b.put(t, "a", 1)
		b.Take(wait)
		b.Refuse()
		b.put(t, "b", 2)
		if got := string(b.Take(wait)); got != "a" || b.store.positions() != "" {
			t.Fatalf("took %q, committed %q", got, b.store.positions())
		}
		if got := string(b.Take(wait)); got != "b" || b.store.positions() != "1" {
			t.Errorf("took %q, committed %q", got, b.store.positions())
		}
	})
}

// The bytes of a batch must not change while the host copies them, and a
// buffer that a backlog has grown must not be kept for ever.
func TestBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 64<<20, 0)
		b.put(t, strings.Repeat("x", 8<<20), 1)
		first := b.Take(wait)
		b.put(t, "y", 2)
		if !bytes.Equal(first, bytes.Repeat([]byte("x"), 8<<20)) {
			t.Fatal("the batch with the host was overwritten")
		}
		for i := range 4 {
			b.Take(wait)
			b.put(t, "z", 3+i)
		}
		b.outbox.mu.Lock()
		defer b.outbox.mu.Unlock()
		if c := cap(b.outbox.filling.data) + cap(b.outbox.spare); c > 2*spareMax {
			t.Errorf("%d bytes of buffers kept", c)
		}
	})
}
