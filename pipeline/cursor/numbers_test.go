package cursor

import (
	"errors"
	"math"
	"sync"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func startAbove(t *testing.T, s *Spool, through int64) {
	t.Helper()
	if err := s.StartAbove(t.Context(), through); err != nil {
		t.Fatal(err)
	}
}

// lastOf appends a body and returns its number.
func lastOf(t *testing.T, s *Spool) int64 {
	t.Helper()
	mustAppend(t, s, numbered(1, 10))
	all := drain(t, s, 0)
	return all[len(all)-1].Seq
}

func TestStartAbove(t *testing.T) {
	path := spoolPath(t)
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	for _, step := range []struct{ through, next int64 }{
		// Before any body has had a number, beyond the last, below and at it.
		{0, 1}, {-7, 2}, {100, 101}, {101, 102}, {50, 103}, {103, 104}, {105, 106},
	} {
		startAbove(t, s, step.through)
		if got := lastOf(t, s); got != step.next {
			t.Errorf("number %d above %d, want %d", got, step.through, step.next)
		}
	}
	// It stores nothing that is read or counted.
	wantSize(t, s, 7*(10+RowBytes), 7)
	for _, b := range drain(t, s, 0) {
		if numberOf(b) != 1 {
			t.Errorf("body %d is %q", b.Seq, b.Body)
		}
	}
	// It outlives the process, also where no body came since.
	startAbove(t, s, 1000)
	mustCloseSpool(t, s)
	s = mustOpenSpool(t, SpoolOptions{Path: path})
	startAbove(t, s, 999)
	if got := lastOf(t, s); got != 1001 {
		t.Errorf("number %d after it was opened again", got)
	}
	// Behind the last number nothing could be appended ever again.
	for _, through := range []int64{math.MaxInt64, maxReserved + 1} {
		if err := s.StartAbove(t.Context(), through); err == nil || KindOf(err) != Other {
			t.Errorf("%d: %v", through, err)
		}
	}
	startAbove(t, s, maxReserved)
	if got := lastOf(t, s); got != maxReserved+1 {
		t.Errorf("number %d", got)
	}
	mustCloseSpool(t, s)
	if err := s.StartAbove(t.Context(), 1); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// TestStartAboveWhileOthersAppend: no number comes twice, and none up to the
// reserved ones once they are.
func TestStartAboveWhileOthersAppend(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)})
	const workers, each, rounds = 8, 40, 20
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for n := range each {
				if err := s.Append(t.Context(), numbered(n, 100)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for round := range int64(rounds) {
			through := (round + 1) * 1_000_000
			if err := s.StartAbove(t.Context(), through); err != nil {
				t.Error(err)
			}
			b := event.Spooled{Sender: "above", Received: epoch(), Body: numbered(int(through), 100).Body}
			if err := s.Append(t.Context(), b); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	above := 0
	all := drain(t, s, 0)
	for _, b := range all {
		if b.Sender != "above" {
			continue
		}
		if above++; b.Seq <= int64(numberOf(b)) {
			t.Errorf("number %d was given after %d was reserved", b.Seq, numberOf(b))
		}
	}
	const want = workers*each + rounds
	if len(all) != want || above != rounds {
		t.Errorf("%d bodies, want %d; %d of them above", len(all), want, above)
	}
	wantSize(t, s, want*(100+RowBytes), want)
}
