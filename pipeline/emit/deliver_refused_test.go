package emit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestTooLargeIsRemembered learns how much a downstream takes once and for all.
func TestTooLargeIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 300 << 10
		b := batchOf(t, FormatJSON, specs("r", 2000, 1000))
		c := &downstream{}
		c.answer = func(_ context.Context, ids []event.RecordID) error {
			if size := len(ids) * 1000; size > limit {
				return &RefusedError{Reason: "413", TooLarge: len(ids) > 1}
			}
			return nil
		}
		l := &letters{}
		d := deliverer(c, l, nil)
		for range 2 {
			c.got = nil
			before := d.Status().Failures
			if dead, err := d.Deliver(t.Context(), b); err != nil || len(dead) > 0 || !slices.Equal(c.got, b.IDs) {
				t.Fatalf("dead %v, %v, %d arrived", dead, err, len(c.got))
			}
			if s := d.Status(); before > 0 && s.Failures != before {
				t.Errorf("refused again: %+v", s)
			}
		}
	})
}

// TestLessIsSentAtOnce is a connection that breaks where it is to carry much.
func TestLessIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := batchOf(t, FormatJSON, specs("r", 1000, 1000))
		c := &downstream{answer: func(_ context.Context, ids []event.RecordID) error {
			if len(ids) > 100 {
				return errors.New("connection reset by peer")
			}
			return nil
		}}
		d := deliverer(c, &letters{}, nil)
		dead, err := d.Deliver(t.Context(), b)
		if err != nil || len(dead) > 0 || !slices.Equal(c.got, b.IDs) {
			t.Errorf("dead %v, %v, %d arrived", dead, err, len(c.got))
		}
		if most := 100; c.sends > most {
			t.Errorf("%d sends", c.sends)
		}
	})
}

// TestWhatIsRefusedWhole is a downstream that takes nothing until its configuration
// is mended, two hours later.
func TestWhatIsRefusedWhole(t *testing.T) {
	for name, before := range map[string]int{"at once": 0, "after a while": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log lockedBuffer
				b := batchOf(t, FormatJSON, specs("r", 10_000, 40))
				mended := time.Now().Add(2 * time.Hour)
				c := &downstream{}
				c.answer = func(context.Context, []event.RecordID) error {
					if c.sends <= before || time.Now().After(mended) {
						return nil
					}
					return &RefusedError{Reason: "400 unknown format"}
				}
				l := &letters{}
				d := deliverer(c, l, &log)
				for range before {
					if _, err := d.Deliver(t.Context(), b.Slice(0, 1)); err != nil {
						t.Fatal(err)
					}
				}
				quick := fewRefusals
				if before > 0 {
					quick = manyRefusals
				}
				done := make(chan []int, 1)
				go func() {
					dead, err := d.Deliver(t.Context(), b)
					if err != nil {
						t.Error(err)
					}
					done <- dead
				}()
				time.Sleep(time.Hour)
				if s := d.Status(); s.State != event.ForwardRetrying || s.Error != "400 unknown format" || s.Since.IsZero() {
					t.Errorf("status %+v", s)
				}
				dead := <-done
				if most := quick + int(2*time.Hour/maxWait) + 8; len(dead) > most || len(dead) < quick {
					t.Errorf("%d dead letters, at most %d", len(dead), most)
				}
				if len(dead)+len(c.got)-before != b.Len() || len(l.written) != len(dead) {
					t.Errorf("%d dead, %d arrived", len(dead), len(c.got))
				}
				if n := strings.Count(log.String(), "refuses every record"); n < 2 || n > 13 {
					t.Errorf("logged %d times", n)
				}
			})
		})
	}
}

func TestWithoutDeadLettersItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		b := batchOf(t, FormatJSON, specs("r", 100, 40))
		mended := time.Now().Add(time.Hour)
		refuse := bad(b.IDs[40])
		c := &downstream{answer: func(ctx context.Context, ids []event.RecordID) error {
			if time.Now().After(mended) {
				return nil
			}
			return refuse(ctx, ids)
		}}
		d := deliverer(c, nil, &log)
		dead, err := d.Deliver(t.Context(), b)
		if err != nil || dead != nil || !slices.Equal(c.got, b.IDs) {
			t.Fatalf("dead %v, %v, %d arrived", dead, err, len(c.got))
		}
		if time.Now().Before(mended) {
			t.Error("delivered before it was mended")
		}
		if n := strings.Count(log.String(), "set dead_letter_path"); n < 2 || n > 7 {
			t.Errorf("logged %d times:\n%s", n, log.String())
		}
	})
}
