package cursor

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

func spoolPath(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "spool.db")
}

// testKey is the key of the tests' spools.
func testKey() []byte { return bytes.Repeat([]byte{7}, KeyBytes) }

// mustOpenSpool opens a spool and closes it at the end of the test.
func mustOpenSpool(tb testing.TB, o SpoolOptions) *Spool {
	tb.Helper()
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Key == nil {
		o.Key = testKey()
	}
	s, err := OpenSpool(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { mustCloseSpool(tb, s) })
	return s
}

func mustCloseSpool(tb testing.TB, s *Spool) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Error(err)
	}
}

func mustAppend(tb testing.TB, s *Spool, bodies ...event.Spooled) {
	tb.Helper()
	for _, b := range bodies {
		if err := s.Append(tb.Context(), b); err != nil {
			tb.Fatal(err)
		}
	}
}

// numbered returns a body of some size that says which number it has and that
// differs from others all over.
func numbered(n, size int) event.Spooled {
	b := make([]byte, max(size, 8))
	for i := range b {
		b[i] = byte(n + i*i>>3)
	}
	binary.BigEndian.PutUint64(b, uint64(n))
	return event.Spooled{
		Sender: fmt.Sprintf("192.0.2.%d", n%250), Received: epoch().Add(time.Duration(n) * time.Millisecond), Body: b,
	}
}

func numberOf(b event.Spooled) int { return int(binary.BigEndian.Uint64(b.Body)) }

// drain reads all bodies after one.
func drain(tb testing.TB, s *Spool, after int64) []event.Spooled {
	tb.Helper()
	var all []event.Spooled
	for {
		b, ok, err := s.Next(tb.Context(), after)
		if err != nil {
			tb.Fatal(err)
		}
		if !ok {
			return all
		}
		if b.Seq <= after {
			tb.Fatalf("seq %d comes after %d", b.Seq, after)
		}
		after = b.Seq
		all = append(all, b)
	}
}

func wantSize(tb testing.TB, s *Spool, bytes, bodies int64) {
	tb.Helper()
	if gotBytes, gotBodies := s.Size(); gotBytes != bytes || gotBodies != bodies {
		tb.Errorf("size %d bytes in %d bodies, want %d in %d", gotBytes, gotBodies, bytes, bodies)
	}
}

func TestSpoolRoundTrip(t *testing.T) {
	path := spoolPath(t)
	s := mustOpenSpool(t, SpoolOptions{Path: path, Now: epoch})
	id := s.ID()
	if len(id) < 26 {
		t.Errorf("identity %q", id)
	}
	bodies := []event.Spooled{
		{Sender: "192.0.2.1", Received: epoch().Add(1), Body: []byte("{}")},
		{Sender: "", Received: time.Unix(0, 0).UTC(), Body: []byte{}},
		{Sender: "a\x00b\xff", Received: epoch(), Body: []byte("\x00\xff\x00"), Seq: 77},
		numbered(1, 5000), numbered(2, 600_000), numbered(3, 17<<20),
	}
	mustAppend(t, s, bodies...)
	// What bears no usable time was received now.
	mustAppend(t, s, event.Spooled{}, event.Spooled{Received: time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)})
	bodies = append(bodies, event.Spooled{Received: epoch(), Body: []byte{}}, event.Spooled{Received: epoch(), Body: []byte{}})
	var size int64
	for i := range bodies {
		bodies[i].Seq = int64(i + 1)
		size += int64(len(bodies[i].Body)) + RowBytes
	}
	for range 2 {
		if diff := cmp.Diff(bodies, drain(t, s, 0), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Error(diff)
		}
		wantSize(t, s, size, int64(len(bodies)))
		if s.ID() != id {
			t.Errorf("identity %q, was %q", s.ID(), id)
		}
		mustCloseSpool(t, s)
		s = mustOpenSpool(t, SpoolOptions{Path: path})
	}
	if other := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)}); other.ID() == id {
		t.Error("two files have one identity")
	}
}

// TestSpoolSeqNeverComesAgain deletes all and appends anew.
func TestSpoolSeqNeverComesAgain(t *testing.T) {
	path := spoolPath(t)
	var last int64
	for range 3 {
		s := mustOpenSpool(t, SpoolOptions{Path: path})
		mustAppend(t, s, numbered(1, 10), numbered(2, 10))
		all := drain(t, s, 0)
		if len(all) != 2 || all[0].Seq <= last {
			t.Fatalf("%d bodies from %d, the last was %d", len(all), all[0].Seq, last)
		}
		last = all[1].Seq
		if err := s.Delete(t.Context(), last+100); err != nil {
			t.Fatal(err)
		}
		wantSize(t, s, 0, 0)
		mustCloseSpool(t, s)
	}
}

func TestSpoolDelete(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)})
	for n := range 300 {
		b := numbered(n, 100)
		if n%60 == 0 {
			b = numbered(n, 3<<20)
		}
		mustAppend(t, s, b)
	}
	for _, through := range []int64{-5, 0, 1, 1, 150, 149, 299} {
		if err := s.Delete(t.Context(), through); err != nil {
			t.Fatal(err)
		}
		var size int64
		left := drain(t, s, 0)
		for _, b := range left {
			size += int64(len(b.Body)) + RowBytes
		}
		if len(left) == 0 || left[0].Seq <= through || left[len(left)-1].Seq != 300 {
			t.Errorf("%d are left after %d", len(left), through)
		}
		wantSize(t, s, size, int64(len(left)))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Delete(ended, 300); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	wantSize(t, s, 100+RowBytes, 1)
}

// TestSpoolFull reaches the limit: what does not fit leaves no trace.
func TestSpoolFull(t *testing.T) {
	const limit = 1000 + 3*RowBytes
	path := spoolPath(t)
	s := mustOpenSpool(t, SpoolOptions{Path: path, MaxBytes: limit})
	mustAppend(t, s, numbered(1, 400), numbered(2, 600))
	wantSize(t, s, 1000+2*RowBytes, 2)
	for size, says := range map[int]string{
		1:         fmt.Sprintf("%d of %d bytes are taken", 1000+2*RowBytes, limit),
		limit + 1: fmt.Sprintf("a body of %d bytes never fits into %d", limit+1, limit),
	} {
		err := s.Append(t.Context(), event.Spooled{Body: make([]byte, size)})
		if !errors.Is(err, event.ErrSpoolFull) || !strings.Contains(err.Error(), says) || KindOf(err) != Other {
			t.Errorf("%v lacks %q", err, says)
		}
	}
	mustAppend(t, s, event.Spooled{})
	wantSize(t, s, limit, 3)
	if err := s.Append(t.Context(), event.Spooled{}); !errors.Is(err, event.ErrSpoolFull) {
		t.Errorf("a body of no bytes into a full spool: %v", err)
	}
	if err := s.Delete(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, numbered(3, 400))
	wantSize(t, s, limit, 3)
	mustCloseSpool(t, s)
	// What was stored under a larger limit stays.
	s = mustOpenSpool(t, SpoolOptions{Path: path, MaxBytes: 10})
	wantSize(t, s, limit, 3)
	if err := s.Append(t.Context(), event.Spooled{Body: []byte{1}}); !errors.Is(err, event.ErrSpoolFull) {
		t.Error(err)
	}
	if got := len(drain(t, s, 0)); got != 3 {
		t.Errorf("%d bodies", got)
	}
}

// TestSpoolTakesOneBodyOfItsLimit: where audit_max_body is all of the spool such
// a body is not refused for ever.
func TestSpoolTakesOneBodyOfItsLimit(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t), MaxBytes: 1000})
	for range 3 {
		mustAppend(t, s, numbered(1, 1000))
		if err := s.Append(t.Context(), event.Spooled{}); !errors.Is(err, event.ErrSpoolFull) {
			t.Errorf("beside a body of the limit's size: %v", err)
		}
		if err := s.Delete(t.Context(), 1<<40); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSpoolOptions(t *testing.T) {
	for _, o := range []SpoolOptions{
		{MaxBytes: 1, Key: testKey()},
		{Path: spoolPath(t), Key: testKey()},
		{Path: spoolPath(t), Key: testKey(), MaxBytes: -1},
		{Path: spoolPath(t), MaxBytes: 1},
		{Path: spoolPath(t), MaxBytes: 1, Key: testKey()[1:]},
	} {
		if s, err := OpenSpool(t.Context(), o); err == nil || KindOf(err) != Other {
			t.Errorf("%+v: %v %v", o, s, err)
		}
	}
}

func TestSpoolAdded(t *testing.T) {
	s := mustOpenSpool(t, SpoolOptions{Path: spoolPath(t)})
	for range 3 {
		mustAppend(t, s, numbered(1, 10), numbered(2, 10))
		<-s.Added()
		select {
		case <-s.Added():
			t.Error("said twice")
		default:
		}
	}
}

func TestSpoolClosed(t *testing.T) {
	path := spoolPath(t)
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	mustAppend(t, s, numbered(1, 100_000))
	for _, suffix := range []string{"", logSuffix, "-shm", lockSuffix} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", suffix, info, err)
		}
	}
	mustCloseSpool(t, s)
	mustCloseSpool(t, s)
	_, _, nextErr := s.Next(t.Context(), 0)
	_, statsErr := s.Stats(t.Context())
	for _, err := range []error{nextErr, statsErr, s.Append(t.Context(), event.Spooled{}), s.Delete(t.Context(), 1)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	for _, suffix := range []string{logSuffix, "-shm"} {
		if _, err := os.Stat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left after Close: %v", suffix, err)
		}
	}
}

// TestSpoolUnderUse appends, reads and deletes at the same time and closes in
// the middle of it: what was acknowledged has been read or is still there.
func TestSpoolUnderUse(t *testing.T) {
	path := spoolPath(t)
	var mu sync.Mutex
	acknowledged, seen := map[string]bool{}, map[string]bool{}
	note := func(m map[string]bool, b event.Spooled) {
		mu.Lock()
		defer mu.Unlock()
		m[b.Sender] = true
	}
	for round := range 4 {
		s := mustOpenSpool(t, SpoolOptions{Path: path})
		var wg sync.WaitGroup
		for worker := range 6 {
			wg.Go(func() {
				for i := 0; ; i++ {
					b := numbered(i, 1000*worker)
					b.Sender = fmt.Sprint(round, worker, i)
					err := s.Append(t.Context(), b)
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					note(acknowledged, b)
				}
			})
		}
		read := make(chan struct{}, 1000)
		wg.Go(func() {
			var after int64
			for i := 0; ; i++ {
				b, ok, err := s.Next(t.Context(), after)
				if err == nil && ok {
					note(seen, b)
					after = b.Seq
					notify(read)
				}
				if err == nil && i%10 == 0 {
					err = s.Delete(t.Context(), after)
				}
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					select {
					case <-s.Added():
					case <-s.ended:
					}
				}
			}
		})
		for range 200 {
			<-read
		}
		mustCloseSpool(t, s)
		wg.Wait()
	}
	s := mustOpenSpool(t, SpoolOptions{Path: path})
	for _, b := range drain(t, s, 0) {
		note(seen, b)
	}
	for sender := range acknowledged {
		if !seen[sender] {
			t.Errorf("body %s is lost", sender)
		}
	}
}
