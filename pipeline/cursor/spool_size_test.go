package cursor

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// quickSpool returns a spool that does not flush to disk.
func quickSpool(t *testing.T) *Spool {
	t.Helper()
	s, err := openSpool(t.Context(), SpoolOptions{Key: testKey(), Path: spoolPath(t), MaxBytes: 1 << 30}, "OFF")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustCloseSpool(t, s) })
	return s
}

func statsOf(t *testing.T, s *Spool) SpoolStats {
	t.Helper()
	stats, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

// TestSpoolShrinks works off a backlog body by body, many at a time and by one
// call, with bodies of which some stay: the file shrinks to what is in it and
// some room for what comes next.
func TestSpoolShrinks(t *testing.T) {
	const n, size, stay = 300, 300_000, 20
	s := quickSpool(t)
	for _, step := range []int64{1, 17, n} {
		for i := range n {
			mustAppend(t, s, numbered(i, size))
		}
		before := statsOf(t, s)
		if before.FileBytes+before.LogBytes < (n-stay)*size {
			t.Fatalf("%+v with all in it", before)
		}
		all := drain(t, s, 0)
		last := all[len(all)-1-stay].Seq
		for through := all[0].Seq; through < last+step; through += step {
			if err := s.Delete(t.Context(), min(through, last)); err != nil {
				t.Fatal(err)
			}
		}
		after := statsOf(t, s)
		if limit := int64(slackBytes + stay*size + 4<<20); after.FileBytes > limit || after.Bodies != stay {
			t.Errorf("by steps of %d: the file has %d bytes after %d before, with %d bodies", step, after.FileBytes, before.FileBytes, after.Bodies)
		}
		left := drain(t, s, 0)
		for i, b := range left {
			if want := numbered(n-stay+i, size); !bytes.Equal(b.Body, want.Body) {
				t.Errorf("body %d was changed", b.Seq)
			}
		}
		if err := s.Delete(t.Context(), left[stay-1].Seq); err != nil {
			t.Fatal(err)
		}
		var verdict string
		if err := s.db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
			t.Error(verdict, err)
		}
	}
}

// TestSpoolLogStaysBounded appends and reads all the time: reads that follow
// one another do not keep the log from starting over.
func TestSpoolLogStaysBounded(t *testing.T) {
	s := quickSpool(t)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for after := int64(0); ; {
				b, ok, err := s.Next(t.Context(), after)
				if err != nil {
					t.Error(err)
					return
				}
				if after = b.Seq; !ok {
					after = 0
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var most int64
	for range 8 {
		var appends sync.WaitGroup
		for worker := range 4 {
			appends.Go(func() {
				for i := range 10 {
					if err := s.Append(t.Context(), numbered(i, 200_000*worker+1000)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		appends.Wait()
		most = max(most, statsOf(t, s).LogBytes)
		if err := s.Delete(t.Context(), 1<<40); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	wg.Wait()
	t.Logf("the log had at most %d bytes", most)
	if most > 3*spoolLogBytes {
		t.Errorf("the log grew to %d bytes", most)
	}
	// What a large body made it grow is cut off.
	mustAppend(t, s, event.Spooled{Body: make([]byte, 3*spoolLogBytes)}, numbered(1, 10), numbered(2, 10))
	if after := statsOf(t, s).LogBytes; after > spoolLogBytes {
		t.Errorf("the log has %d bytes", after)
	}
}

// TestSpoolLimitHoldsForSmallBodies fills a spool with bodies of a few bytes: not
// the file but for a few pages is larger than the limit.
func TestSpoolLimitHoldsForSmallBodies(t *testing.T) {
	const limit = 2 << 20
	s, err := openSpool(t.Context(), SpoolOptions{Key: testKey(), Path: spoolPath(t), MaxBytes: limit}, "OFF")
	if err != nil {
		t.Fatal(err)
	}
	defer mustCloseSpool(t, s)
	small := event.Spooled{
		Sender: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Received: epoch(), Body: []byte(`{"auditID":1}`),
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			var err error
			for err == nil {
				err = s.Append(t.Context(), small)
			}
			if !errors.Is(err, event.ErrSpoolFull) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	each := int64(len(small.Body)) + RowBytes
	wantSize(t, s, limit/each*each, limit/each)
	mustCloseSpool(t, s)
	if file, err := sizeOf(s.path); err != nil || file > limit+8*spoolPageBytes {
		t.Errorf("the file has %d bytes, the limit is %d: %v", file, limit, err)
	}
}

// TestSpoolSettings asks the connections for what no test of ours can show: a
// power cut.
func TestSpoolSettings(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)})
	for pragma, want := range map[string]string{
		"synchronous": "2", "journal_mode": "wal", "auto_vacuum": "2", "page_size": "16384", "query_only": "0", "secure_delete": "1",
	} {
		var got string
		if err := s.db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s: %v", pragma, got, want, err)
		}
	}
	if _, err := s.reads.Exec("DELETE FROM body"); err == nil {
		t.Error("the connection for reads writes")
	}
}
