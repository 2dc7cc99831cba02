package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// crashEvents are created while the plugin is killed crashKills times.
	crashEvents = 20_000
	crashKills  = 22
	// crashRate makes the creation last as long as the kills do.
	crashRate = 450
	bumped    = 500
)

// TestNothingIsLost creates events while the plugin is killed at random
// moments, the API server restarts, the token is exchanged and the stored
// version is compacted away. Every version that the server could still serve
// must arrive.
func TestNothingIsLost(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		s := newCrash(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()

		// The first list is committed: from here on every life goes on where
		// the cursor is, and what it repeats is in the order it was put out.
		s.recover(ctx, t, "the start")
		s.live(t, 3*time.Second)

		writing := make(chan struct{})
		go func() {
			defer close(writing)
			s.create(ctx, t, "crash", crashEvents, 16, crashRate)
		}()
		for kill := range crashKills {
			s.live(t, time.Duration(300+rand.IntN(4000))*time.Millisecond)
			switch kill {
			case 5:
				s.restartServer(t, syscall.SIGKILL)
				s.recover(ctx, t, "the API server was killed and came back")
			case 11:
				s.restartServer(t, syscall.SIGTERM)
				s.recover(ctx, t, "the API server was restarted")
			case 16:
				// The open watch goes on with a token that is no longer valid;
				// the next one does not.
				s.account.rotate(t)
				s.restartServer(t, syscall.SIGKILL)
				s.recover(ctx, t, "the token was exchanged")
			}
			s.kill(t)
			s.start(t)
		}
		<-writing
		s.await(t, "all events after the kills")
		kills := s.kills

		// Repeats of events, while the plugin runs.
		uids := s.uids(bumped)
		s.bump(ctx, t, uids)
		s.await(t, "the bumped counts")

		// Twice more while it is away; then the stored version is gone.
		s.live(t, 3*time.Second)
		s.kill(t)
		s.bump(ctx, t, uids)
		s.bump(ctx, t, uids)
		compacted, err := s.cluster.Compact(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s.compacted = compacted
		s.start(t)
		s.await(t, "the latest versions after the compaction")
		if s.missing.Load() == 0 {
			t.Error("the compaction left nothing out: the list after it was not tested")
		}

		// In order, nothing is repeated.
		before := s.repeats(t)
		for range 5 {
			s.create(ctx, t, "term"+time.Now().Format("150405.000"), 200, 8, 0)
			s.await(t, "the events of the orderly restarts")
			// The engine gets the time to take the last batch.
			s.live(t, time.Duration(1000+rand.IntN(2000))*time.Millisecond)
			s.terminate(t)
			s.start(t)
		}
		s.await(t, "the events of the orderly restarts")
		s.live(t, 3*time.Second)
		s.terminate(t)
		if after := s.repeats(t); after != before {
			t.Errorf("%d records repeated by orderly restarts", after-before)
		}
		if !h.real {
			checkBatches(t, s.ids(t), s.lives)
		}
		s.report(t, kills, before)
	})
}

// crash is one plugin with a server and a writer.
type crash struct {
	*writer
	cluster interface {
		Compact(context.Context) (int64, error)
		RestartAPIServer(context.Context, syscall.Signal) error
	}
	account   *account
	run       *run
	reader    *reader
	process   *process
	kills     int
	compacted int64
	// lives are the numbers of records that had come when a life began.
	lives []int
	// missing is how many versions were superseded before a compaction, and
	// not seen: no server could serve them.
	missing atomic.Int64
}

func newCrash(t *testing.T, h host) *crash {
	c := cluster(t)
	acc := newAccount(t, c)
	r := newRun(t, h)
	r.inputs = append(r.inputs, acc.options(filepath.Join(r.dir, "cursor.db")))
	r.configure(t)
	s := &crash{writer: newWriter(t, c.Client(), "crash"), cluster: c, account: acc, run: r, reader: &reader{path: r.out}}
	s.start(t)
	return s
}

func (s *crash) start(t *testing.T) {
	s.lives = append(s.lives, len(s.reader.events(t)))
	s.process = s.run.start(t)
}

func (s *crash) live(t *testing.T, d time.Duration) {
	select {
	case <-s.process.done:
		t.Fatalf("the host ended by itself: %v", s.process.err)
	case <-time.After(d):
	}
}

func (s *crash) kill(t *testing.T) {
	t.Helper()
	s.process.kill()
	s.kills++
}

func (s *crash) terminate(t *testing.T) { s.process.terminate(t) }

func (s *crash) restartServer(t *testing.T, how syscall.Signal) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.cluster.RestartAPIServer(ctx, how); err != nil {
		t.Fatalf("restart the API server: %v", err)
	}
}

// recover waits until the plugin, still the same process, reports an event that
// was created after a failure.
func (s *crash) recover(ctx context.Context, t *testing.T, after string) {
	t.Helper()
	name := fmt.Sprintf("marker-%d", time.Now().UnixNano())
	s.create(ctx, t, name, 1, 1, 0)
	deadline := time.Now().Add(time.Minute)
	for {
		events := s.reader.events(t)
		if slices.ContainsFunc(events[min(s.lives[len(s.lives)-1], len(events)):], func(r record) bool { return r.Event.Name == name+"-0" }) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no events within a minute after %s", after)
		}
		s.live(t, 100*time.Millisecond)
	}
}

// outstanding returns the versions that the server could serve and that have
// not arrived.
func (s *crash) outstanding(t *testing.T) []version {
	arrived := map[version]int64{}
	for _, rec := range s.reader.events(t) {
		arrived[rec.version()] = rec.Event.Count
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing.Store(0)
	var missing []version
	for v, count := range s.written {
		got, ok := arrived[v]
		if ok && got != count {
			t.Errorf("version %v arrived with count %d, want %d", v, got, count)
		}
		if ok {
			continue
		}
		latest := s.latest[v.uid].ResourceVersion
		if latest != v.resourceVersion && number(t, v.resourceVersion) < s.compacted {
			s.missing.Add(1)
			continue
		}
		missing = append(missing, v)
	}
	return missing
}

func (s *crash) await(t *testing.T, what string) {
	t.Helper()
	var missing []version
	deadline := time.Now().Add(2 * time.Minute)
	for {
		if missing = s.outstanding(t); len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d versions are missing, for example %v", what, len(missing), missing[0])
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// ids returns the IDs of the records of events, as they came.
func (s *crash) ids(t *testing.T) []string {
	var ids []string
	for _, rec := range s.reader.events(t) {
		ids = append(ids, rec.ID)
	}
	return ids
}

// repeats returns how many records of events came more than once.
func (s *crash) repeats(t *testing.T) int {
	seen := map[string]bool{}
	n := 0
	for _, id := range s.ids(t) {
		if seen[id] {
			n++
		}
		seen[id] = true
	}
	return n
}

// report checks what can be said at the end, and prints what was measured.
func (s *crash) report(t *testing.T, kills, repeats int) {
	events := s.reader.events(t)
	sums, counts := map[string]int64{}, map[string]int64{}
	known := map[string]bool{}
	for _, rec := range events {
		if known[rec.ID] {
			continue
		}
		known[rec.ID] = true
		sums[rec.Event.UID] += rec.Event.CountDelta
		counts[rec.Event.UID] = max(counts[rec.Event.UID], rec.Event.Count)
	}
	for uid, count := range counts {
		if sums[uid] != count {
			t.Errorf("event %s: the deltas add up to %d, the count is %d", uid, sums[uid], count)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rec := range events {
		if rec.Event.Namespace != s.namespace {
			continue
		}
		if _, ok := s.written[rec.version()]; !ok {
			t.Errorf("invented: %+v", rec)
		}
	}
	t.Logf("%d versions of %d events written, %d records; %d kills repeated %d records (%.1f per kill); %d lines torn by a kill; %d versions were gone before they could be read",
		len(s.written), len(s.latest), len(events), kills+1, repeats, float64(repeats)/float64(kills+1), s.reader.torn, s.missing.Load())
}
