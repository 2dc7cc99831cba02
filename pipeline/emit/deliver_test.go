package emit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// downstream is a Client whose answers a test decides.
type downstream struct {
	// answer is asked for each batch; nil acknowledges.
	answer func(ctx context.Context, ids []event.RecordID) error
	// got are the records that were acknowledged, and sends how often it was sent to.
	got   []event.RecordID
	sends int
	// largest is the size in bytes of the largest batch of the last sends.
	largest int
}

func (d *downstream) Format() Format { return FormatJSON }

func (d *downstream) Close() error { return nil }

func (d *downstream) Send(ctx context.Context, b Batch) error {
	d.sends++
	d.largest = max(d.largest, len(b.Bytes()))
	if d.answer != nil {
		if err := d.answer(ctx, b.IDs); err != nil {
			return err
		}
	}
	d.got = append(d.got, b.IDs...)
	return nil
}

// letters are dead letters in memory, that fail as often as fail says.
type letters struct {
	fail    int
	written []DeadLetter
}

func (l *letters) Write(list ...DeadLetter) error {
	if l.fail > 0 {
		l.fail--
		return errors.New("disk full")
	}
	l.written = append(l.written, list...)
	return nil
}

// lockedBuffer takes a log.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// deliverer returns one without chance: it waits as long as it may.
func deliverer(c Client, l letterWriter, log *lockedBuffer) *Deliverer {
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, nil))
	}
	d := NewDeliverer(DelivererOptions{Client: c, To: "https://there", Logger: logger, Random: func() float64 { return 0 }})
	d.letters = l
	return d
}

// bad returns an answer that refuses what holds one of the records.
func bad(ids ...event.RecordID) func(context.Context, []event.RecordID) error {
	return func(_ context.Context, got []event.RecordID) error {
		for _, id := range ids {
			if slices.Contains(got, id) {
				return &RefusedError{Reason: "400 mapping"}
			}
		}
		return nil
	}
}

func TestDeliverTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		var at []time.Duration
		start := time.Now()
		c := &downstream{answer: func(context.Context, []event.RecordID) error {
			at = append(at, time.Since(start))
			switch {
			case len(at) == 11:
				return &RetryError{After: 2 * time.Minute, Err: errors.New("429")}
			case len(at) == 12:
				return &RetryError{After: time.Hour, Err: errors.New("429")}
			case len(at) < 14:
				return errors.New("connection refused")
			}
			return nil
		}}
		d := deliverer(c, &letters{}, &log)
		if s := d.Status(); s.State != event.ForwardIdle || s.To != "https://there" {
			t.Errorf("status %+v", s)
		}
		done := make(chan error, 1)
		go func() {
			_, err := d.Deliver(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 50)))
			done <- err
		}()
		time.Sleep(5 * time.Second)
		if s := d.Status(); s.State != event.ForwardRetrying || s.Error != "connection refused" || !s.Since.Equal(start) || s.Attempts != s.Failures {
			t.Errorf("status %+v", s)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		var waits []time.Duration
		for i := 1; i < len(at); i++ {
			waits = append(waits, at[i]-at[i-1])
		}
		want := []time.Duration{
			250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
			30 * time.Second, 30 * time.Second, 30 * time.Second, 2 * time.Minute, maxRetryAfter, 30 * time.Second,
		}
		if !slices.Equal(waits, want) {
			t.Errorf("waits %v, want %v", waits, want)
		}
		if s := d.Status(); s != (event.ForwardStatus{To: "https://there", State: event.ForwardDelivering, Acknowledged: 1, Attempts: 14, Failures: 13}) {
			t.Errorf("status %+v", s)
		}
		if n := strings.Count(log.String(), "did not acknowledge"); n != 3 { // One whenever the error is another one.
			t.Errorf("logged %d times:\n%s", n, log.String())
		}
	})
}

func TestBackoffIsSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := backoff{random: func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "chance") }}
		whole := minWait
		for range rapid.IntRange(1, 20).Draw(t, "attempts") {
			asked := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "asked"))
			asked *= time.Duration(rapid.IntRange(0, 1).Draw(t, "asks"))
			d := b.wait(asked)
			if least := max(whole/2, min(asked, maxRetryAfter)); d < least || d > max(whole, min(asked, maxRetryAfter)+minWait) {
				t.Fatalf("waits %s, asked %s, whole %s", d, asked, whole)
			}
			whole = min(2*whole, maxWait)
		}
	})
}

// TestRefusedRecordsAreFound refuses three of ten thousand.
func TestRefusedRecordsAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 10_000
		records := specs("r", n, 40)
		b := batchOf(t, FormatJSON, records)
		wrong := []int{17, 5000, n - 1}
		c := &downstream{answer: bad(b.IDs[17], b.IDs[5000], b.IDs[n-1])}
		l := &letters{}
		var log lockedBuffer
		d := deliverer(c, l, &log)
		start := time.Now()
		dead, err := d.Deliver(t.Context(), b)
		if err != nil || !slices.Equal(dead, wrong) {
			t.Fatalf("dead %v, %v", dead, err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %s", waited)
		}
		// Two halves on each level for each of them.
		if most := 3 * 2 * bits.Len(n); c.sends > most {
			t.Errorf("%d sends, at most %d expected", c.sends, most)
		}
		want := slices.Clone(b.IDs)
		for _, i := range slices.Backward(wrong) {
			want = slices.Delete(want, i, i+1)
		}
		if !slices.Equal(c.got, want) {
			t.Errorf("%d records in another order than they had, or others", len(c.got))
		}
		for i, letter := range l.written {
			if letter.ID != b.IDs[wrong[i]] || !bytes.Equal(letter.Record, b.Record(wrong[i])) || letter.Reason != "400 mapping" || letter.To != "https://there" || letter.Format != FormatJSON {
				t.Errorf("letter %+v", letter)
			}
		}
		s := d.Status()
		if s.Acknowledged != n-3 || s.DeadLetters != 3 || s.State != event.ForwardDelivering || s.Error != "" || s.Attempts != int64(c.sends) {
			t.Errorf("status %+v", s)
		}
		if n := strings.Count(log.String(), "among the dead letters"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, log.String())
		}
	})
}

// TestAnyDownstream lets a downstream fail and refuse by chance: each record arrives
// once or is a dead letter once, in order.
func TestAnyDownstream(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(rt, "records")
		b := batchOf(t, FormatJSON, specs("r", n, rapid.IntRange(0, 2000).Draw(rt, "size")))
		var wrong []int
		for i := range n {
			if rapid.IntRange(0, 9).Draw(rt, "wrong") == 0 {
				wrong = append(wrong, i)
			}
		}
		named := rapid.Bool().Draw(rt, "named")
		limit := rapid.IntRange(1000, 1<<20).Draw(rt, "limit")
		l := &letters{fail: rapid.IntRange(0, 3).Draw(rt, "disk")}
		c := &downstream{}
		taken := map[event.RecordID]bool{}
		c.answer = func(_ context.Context, ids []event.RecordID) error {
			var refused []int
			for i, id := range ids {
				if taken[id] {
					rt.Fatalf("%s came twice", id)
				}
				if slices.ContainsFunc(wrong, func(w int) bool { return b.IDs[w] == id }) {
					refused = append(refused, i)
				}
			}
			switch {
			case rapid.IntRange(0, 4).Draw(rt, "fails") == 0:
				return errors.New("reset")
			case len(ids) > 1 && c.largest > limit:
				c.largest = 0
				return &RefusedError{Reason: "413", TooLarge: true}
			case len(refused) == 0:
			case named && len(ids) > 1:
				for i, id := range ids {
					if !slices.Contains(refused, i) {
						taken[id] = true
						c.got = append(c.got, id)
					}
				}
				return &RefusedError{Reason: "some", Records: refused}
			default:
				return &RefusedError{Reason: "400"}
			}
			for _, id := range ids {
				taken[id] = true
			}
			c.largest = 0
			return nil
		}
		synctest.Test(t, func(t *testing.T) {
			d := deliverer(c, l, nil)
			dead, err := d.Deliver(t.Context(), b)
			if err != nil || !slices.Equal(dead, wrong) {
				rt.Fatalf("dead %v, want %v, %v", dead, wrong, err)
			}
			if !slices.IsSortedFunc(c.got, func(x, y event.RecordID) int { return slices.Index(b.IDs, x) - slices.Index(b.IDs, y) }) {
				rt.Fatal("not in order")
			}
			if s := d.Status(); len(c.got) != n-len(wrong) || s.Acknowledged != int64(len(c.got)) || s.DeadLetters != int64(len(l.written)) || len(l.written) != len(wrong) {
				rt.Fatalf("%d of %d arrived, %d letters, %+v", len(c.got), n, len(l.written), s)
			}
		})
	})
}

// TestEnd ends the context while each of the things is done that take time.
func TestEnd(t *testing.T) {
	hang := func(ctx context.Context, _ []event.RecordID) error {
		<-ctx.Done()
		return fmt.Errorf("send: %w", ctx.Err())
	}
	for name, c := range map[string]struct {
		answer  func(context.Context, []event.RecordID) error
		letters letterWriter
	}{
		"sends":          {hang, &letters{}},
		"waits":          {func(context.Context, []event.RecordID) error { return errors.New("no") }, &letters{}},
		"writes letters": {bad("r-1"), &letters{fail: 1 << 30}},
		"is refused":     {bad("r-1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stopped := errors.New("stopped")
				ctx, cancel := context.WithCancelCause(t.Context())
				d := deliverer(&downstream{answer: c.answer}, c.letters, nil)
				start := time.Now()
				time.AfterFunc(10*time.Second, func() { cancel(stopped) })
				_, err := d.Deliver(ctx, batchOf(t, FormatJSON, specs("r", 4, 40)))
				if !errors.Is(err, stopped) || time.Since(start) != 10*time.Second {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		})
	}
}
