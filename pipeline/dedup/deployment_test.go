package dedup

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// step is a state that is seen, or something else that happens.
type step struct {
	// then: commit, crash (what is not committed is lost), forget, or a day.
	then    string
	version int
	order   int
	attempt string
	phase   event.DeploymentPhase
	// at is when the state was reached, in minutes.
	at   int
	want Verdict
}

const (
	begun     = event.DeploymentBegun
	succeeded = event.DeploymentSucceeded
	failed    = event.DeploymentFailed
)

func TestLedger(t *testing.T) {
	tests := map[string]struct {
		retention time.Duration
		steps     []step
	}{
		"a rollout": {steps: []step{
			{version: 1, attempt: "a", phase: begun, want: News},
			{version: 2, attempt: "a", phase: begun, want: Repeat},
			{version: 3, attempt: "a", phase: succeeded, want: News},
			{version: 4, attempt: "a", phase: succeeded, want: Repeat},
		}},
		"Flux reconciles the same thing every few minutes": {steps: []step{
			{version: 1, attempt: "a@1", phase: succeeded, want: News},
			{version: 2, attempt: "a@1", phase: begun, want: Repeat},
			{version: 3, attempt: "a@1", phase: succeeded, at: 10, want: Repeat},
			{version: 4, attempt: "a@1", phase: begun, want: Repeat},
			{version: 5, attempt: "b@1", phase: begun, at: 20, want: News},
			{version: 6, attempt: "b@1", phase: succeeded, at: 21, want: News},
			{version: 7, attempt: "a@1", phase: begun, at: 30, want: News},
		}},
		"it fails, is tried again and succeeds in the end, and fails later": {steps: []step{
			{version: 1, attempt: "a", phase: begun, want: News},
			{version: 2, attempt: "a", phase: failed, want: News},
			{version: 3, attempt: "a", phase: begun, want: Repeat},
			{version: 4, attempt: "a", phase: failed, want: Repeat},
			{version: 5, attempt: "a", phase: succeeded, want: News},
			{version: 6, attempt: "a", phase: failed, want: News},
		}},
		"the object tells of none": {steps: []step{
			{version: 1, want: Repeat},
			{version: 2, attempt: "a", phase: succeeded, want: News},
			{version: 3, attempt: "a", want: Repeat},
			{version: 4, attempt: "a", phase: succeeded, want: Repeat},
		}},
		"a restart lists what was reported": {steps: []step{
			{version: 1, attempt: "a", phase: begun, want: News},
			{version: 2, attempt: "a", phase: succeeded, want: News},
			{then: "commit"},
			{then: "crash"},
			{version: 2, attempt: "a", phase: succeeded, want: Repeat},
		}},
		"a crash before the commit": {steps: []step{
			{version: 1, attempt: "a", phase: begun, want: News},
			{then: "commit"},
			{version: 2, attempt: "a", phase: succeeded, want: News},
			{then: "crash"},
			{version: 2, attempt: "a", phase: succeeded, want: News},
		}},
		"it ended while nobody looked, however long ago": {retention: time.Hour, steps: []step{
			{version: 1, attempt: "a", phase: begun, want: News},
			{then: "commit"},
			{then: "crash"},
			{then: "a day"},
			{version: 2, attempt: "a", phase: failed, at: 1, want: News},
			{then: "a day"},
			{version: 9, attempt: "b", phase: succeeded, at: 2, want: News},
		}},
		"what is old at first sight is remembered and not told": {retention: time.Hour, steps: []step{
			{then: "a day"},
			{version: 1, attempt: "a", phase: failed, want: Expired},
			{version: 1, attempt: "a", phase: failed, want: Repeat},
			{version: 2, attempt: "a", phase: succeeded, at: 1, want: News},
		}},
		"what is under way at first sight is told however old": {retention: time.Hour, steps: []step{
			{then: "a day"},
			{version: 1, attempt: "a", phase: begun, want: News},
		}},
		"no limit": {steps: []step{
			{then: "a day"},
			{version: 1, attempt: "a", phase: succeeded, want: News},
		}},
		"an API server that lags behind lists older versions": {steps: []step{
			{version: 7, attempt: "a", phase: succeeded, at: 5, want: News},
			{version: 9, attempt: "b", phase: succeeded, at: 15, want: News},
			{version: 7, attempt: "a", phase: succeeded, at: 5, want: Repeat},
			{version: 8, attempt: "b", phase: failed, at: 14, want: Repeat},
		}},
		"an etcd was restored from a backup": {steps: []step{
			{version: 900, attempt: "a", phase: succeeded, at: 5, want: News},
			{version: 100, attempt: "b", phase: succeeded, at: 60, want: News},
		}},
		"Helm's revisions are objects of their own": {steps: []step{
			{version: 1, order: 1, attempt: "u1", phase: begun, want: News},
			{version: 2, order: 1, attempt: "u1", phase: succeeded, want: News},
			{version: 3, order: 2, attempt: "u2", phase: begun, want: News},
			// The former is marked superseded.
			{version: 4, order: 1, attempt: "u1", phase: succeeded, want: Repeat},
			{version: 5, order: 2, attempt: "u2", phase: succeeded, want: News},
			{version: 6, order: 2, attempt: "u2/uninstall", phase: begun, want: News},
			{version: 5, order: 2, attempt: "u2", phase: succeeded, want: Repeat},
			{version: 6, order: 2, attempt: "u2/uninstall", phase: succeeded, want: News},
			{version: 9, order: 3, attempt: "u3", phase: begun, want: News},
		}},
		"revisions that came while nobody looked": {retention: time.Hour, steps: []step{
			{version: 1, order: 1, attempt: "u1", phase: begun, want: News},
			{then: "commit"},
			{then: "crash"},
			{then: "a day"},
			// They are read side by side.
			{version: 9, order: 10, attempt: "u10", phase: succeeded, want: News},
			{version: 4, order: 2, attempt: "u2", phase: failed, want: News},
			{then: "commit"},
			{version: 3, order: 1, attempt: "u1", phase: succeeded, want: News},
			{version: 8, order: 9, attempt: "u9", phase: succeeded, want: News},
			{then: "commit"},
			{then: "crash"},
			{version: 9, order: 10, attempt: "u10", phase: succeeded, want: Repeat},
			{version: 8, order: 9, attempt: "u9", phase: succeeded, want: Repeat},
		}},
		"the history of a release at first sight": {retention: time.Hour, steps: []step{
			{then: "a day"},
			{version: 9, order: 10, attempt: "u10", phase: succeeded, want: Expired},
			{then: "commit"},
			{then: "crash"},
			{version: 8, order: 9, attempt: "u9", phase: succeeded, want: Repeat},
			{version: 10, order: 11, attempt: "u11", phase: succeeded, want: News},
		}},
		"a release that is removed and installed again": {steps: []step{
			{version: 1, order: 7, attempt: "u7", phase: succeeded, want: News},
			{then: "commit"},
			{then: "crash"},
			{version: 2, order: 8, attempt: "u8", phase: begun, want: News},
		}},
		"an application that is gone and comes again": {steps: []step{
			{version: 5, attempt: "a", phase: succeeded, want: News},
			{then: "forget"},
			{version: 5, attempt: "a", phase: succeeded, want: News},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := &ledgerBench{now: noon, memory: memory{}, retention: tt.retention}
			b.restart()
			for i, s := range tt.steps {
				if !b.happens(s.then) {
					continue
				}
				r := Rollout{Key: "k", Attempt: s.attempt, Phase: s.phase, Version: event.ResourceVersion(strconv.Itoa(s.version)), Time: noon.Add(time.Duration(s.at) * time.Minute)}
				if s.order > 0 {
					r.Key = event.SeenKey("k" + strconv.Itoa(s.order))
					r.Series, r.Order = "s", noon.Add(time.Duration(s.order))
				}
				got, err := b.ledger.Judge(t.Context(), &r)
				if err != nil || got != s.want {
					t.Fatalf("step %d: verdict %d, error %v; want %d", i, got, err, s.want)
				}
				b.note(t, got, &r)
			}
		})
	}
}

// ledgerBench is a ledger with what is around it.
type ledgerBench struct {
	now       time.Time
	retention time.Duration
	memory    memory
	pending   memory
	mark      Mark
	filter    *Filter
	ledger    *Ledger
	ids       []event.RecordID
}

func (b *ledgerBench) restart() {
	b.filter, b.pending, b.mark = New(b.memory), memory{}, 1
	b.ledger = NewLedger(b.filter, LedgerOptions{Retention: b.retention, Now: func() time.Time { return b.now }})
}

// happens reports whether what happens is that a state is seen.
func (b *ledgerBench) happens(what string) bool {
	switch what {
	case "commit":
		maps.Copy(b.memory, b.pending)
		b.filter.Committed(b.mark)
		b.mark++
		b.pending = memory{}
	case "crash":
		b.restart()
	case "forget":
		delete(b.pending, b.ledger.Forget(b.mark, "k"))
	case "a day":
		b.now = b.now.Add(24 * time.Hour)
	default:
		return true
	}
	return false
}

func (b *ledgerBench) note(t *testing.T, verdict Verdict, r *Rollout) {
	t.Helper()
	if verdict == Repeat {
		return
	}
	if verdict == News {
		b.ids = append(b.ids, r.RecordID())
	}
	key, seen := b.ledger.Note(b.mark, r)
	b.pending[key] = seen
	note, ok, err := b.ledger.NoteSeries(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		key, seen := note(b.mark)
		b.pending[key] = seen
	}
}

// Each record has an id of its own, also where an attempt comes to the same end
// twice, and the one that it had where it is made again after a crash.
func TestLedgerIDs(t *testing.T) {
	b := &ledgerBench{now: noon, memory: memory{}}
	b.restart()
	see := func(version int, phase event.DeploymentPhase) {
		t.Helper()
		r := Rollout{Key: "k", Attempt: "a", Phase: phase, Version: event.ResourceVersion(strconv.Itoa(version))}
		v, err := b.ledger.Judge(t.Context(), &r)
		if v != News || err != nil {
			t.Fatalf("version %d: verdict %d, error %v", version, v, err)
		}
		b.note(t, v, &r)
	}
	see(1, failed)
	see(2, succeeded)
	b.happens("commit")
	see(3, failed)
	b.happens("crash")
	see(4, failed)
	see(5, succeeded)
	if b.ids[2] != b.ids[3] {
		t.Error("a record that is made again has another id")
	}
	ids := slices.Delete(slices.Clone(b.ids), 3, 4)
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 4 {
		t.Errorf("ids are not distinct: %v", b.ids)
	}
}

// An application that was installed while nobody looked is news however long that
// was, and one that is older than that is not.
func TestLedgerAfterALongAbsence(t *testing.T) {
	l := NewLedger(New(memory{}), LedgerOptions{Retention: time.Hour, Before: noon, Now: func() time.Time { return noon.Add(48 * time.Hour) }})
	for at, want := range map[time.Duration]Verdict{-time.Minute: Expired, time.Minute: News, 48 * time.Hour: News} {
		r := Rollout{Key: event.SeenKey(at.String()), Attempt: "a", Phase: succeeded, Version: "1", Time: noon.Add(at)}
		if got, err := l.Judge(t.Context(), &r); got != want || err != nil {
			t.Errorf("%s: verdict %d, error %v; want %d", at, got, err, want)
		}
	}
}

func TestLedgerWithoutMemory(t *testing.T) {
	l := NewLedger(New(broken{}), LedgerOptions{Now: time.Now})
	if _, err := l.Judge(t.Context(), &Rollout{Key: "k", Phase: begun}); err == nil {
		t.Error("no error")
	}
}

var errGone = errors.New("the disk is gone")

// flaky fails while it is told to.
type flaky struct {
	memory
	failing bool
}

func (m *flaky) Seen(ctx context.Context, k event.SeenKey) (event.Seen, bool, error) {
	if m.failing {
		return event.Seen{}, false, errGone
	}
	return m.memory.Seen(ctx, k)
}

// What could not be judged is judged the same when asked again.
func TestLedgerAsksAgain(t *testing.T) {
	m := &flaky{memory: memory{}, failing: true}
	l := NewLedger(New(m), LedgerOptions{Now: time.Now})
	r := Rollout{Key: "k", Attempt: "a", Phase: begun, Version: "1"}
	if _, err := l.Judge(t.Context(), &r); !errors.Is(err, errGone) {
		t.Fatalf("error %v", err)
	}
	m.failing = false
	if v, err := l.Judge(t.Context(), &r); v != News || r.Turn != 0 || err != nil {
		t.Errorf("verdict %d, turn %d, error %v", v, r.Turn, err)
	}
}

func TestDeploymentExpiry(t *testing.T) {
	if got, want := DeploymentExpiry(noon), noon.Truncate(24*time.Hour).Add(400*24*time.Hour); !got.Equal(want) {
		t.Errorf("%s, want %s", got, want)
	}
}
