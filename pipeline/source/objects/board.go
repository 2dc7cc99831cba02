package objects

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// board knows how each watcher is doing.
type board struct {
	catalog Catalog
	log     *slog.Logger
	// news is signalled when there may be something to log.
	news chan struct{}
	// synced is closed once all watchers have settled.
	synced chan struct{}

	mu     sync.Mutex
	places map[place]*progress
	// known is set once the kinds are.
	known bool
	// unreadable are the resources that may be read nowhere.
	unreadable          map[event.GroupResource]bool
	reconnects, relists int64
}

// progress is how one watcher is doing.
type progress struct {
	// listed is set once everything was listed, settled once that was tried.
	listed, settled bool
	// heard is when the server last said anything, in Unix nanoseconds.
	heard atomic.Int64
	// trouble is nil where all is well.
	trouble *event.KindStatus
	// said is the trouble that the log knows of, and saidAt when it was said.
	said   event.KindState
	saidAt time.Time
}

// hopeless reports whether nobody should wait for the watcher's objects: it may not
// read them, or has tried for a while and never could. One that was listed goes on.
func (at *progress) hopeless() bool {
	return at.trouble != nil && (at.trouble.State == event.KindForbidden || !at.listed && time.Since(at.trouble.Since) > patience)
}

// patience is how long a kind may fail before it counts as one that cannot be read.
const patience = 30 * time.Second

func newBoard(catalog Catalog, log *slog.Logger) *board {
	return &board{
		catalog: catalog, log: log, news: make(chan struct{}, 1), synced: make(chan struct{}),
		places: map[place]*progress{}, unreadable: map[event.GroupResource]bool{},
	}
}

func (b *board) add(p place) *progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := &progress{}
	b.places[p] = at
	return at
}

func (b *board) remove(p place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.places, p)
	b.tellReadable(p.GroupResource())
	b.checkSynced()
}

// discovered says that all kinds are on the board.
func (b *board) discovered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = true
	b.checkSynced()
}

func (b *board) listed(p place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places[p].listed, b.places[p].settled = true, true
	b.checkSynced()
}

func (b *board) relisted() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.relists++
}

// failed notes that a watcher is in trouble.
func (b *board) failed(p place, state event.KindState, line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reconnects++
	at := b.places[p]
	since, was := time.Now(), event.KindState("")
	if at.trouble != nil {
		since, was = at.trouble.Since, at.trouble.State
	}
	at.settled = true
	at.trouble = &event.KindStatus{Resource: p.GroupResource(), Namespace: p.namespace, State: state, Error: line, Since: since}
	if was != state || !at.listed {
		b.tellReadable(p.GroupResource())
	}
	b.checkSynced()
	b.signal()
}

// working notes that a watcher is no longer in trouble.
func (b *board) working(p place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.places[p].trouble = nil
	b.tellReadable(p.GroupResource())
	b.signal()
}

// tellReadable tells the catalog whether a resource can be read anywhere, where
// that has changed.
func (b *board) tellReadable(r event.GroupResource) {
	here, refused := 0, 0
	for p, at := range b.places {
		if p.GroupResource() == r {
			here++
			if at.hopeless() {
				refused++
			}
		}
	}
	unreadable := here > 0 && here == refused
	if unreadable == b.unreadable[r] {
		return
	}
	if unreadable {
		b.unreadable[r] = true
	} else {
		delete(b.unreadable, r)
	}
	b.catalog.Readable(r, !unreadable)
}

func (b *board) checkSynced() {
	select {
	case <-b.synced:
		return
	default:
	}
	if b.known && b.settled() {
		close(b.synced)
	}
}

func (b *board) settled() bool {
	for _, at := range b.places {
		if !at.settled {
			return false
		}
	}
	return true
}

// count adds the numbers of all watchers to a status, and reports whether all
// have settled.
func (b *board) count(st *event.SourceStatus) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	st.Reconnects += b.reconnects
	st.Relists += b.relists
	return b.known && b.settled()
}

// objects returns the state of all kinds.
func (b *board) objects() event.ObjectsStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	var st event.ObjectsStatus
	whole := map[event.GroupResource]bool{}
	for p, at := range b.places {
		r := p.GroupResource()
		before, known := whole[r]
		whole[r] = at.listed && (before || !known)
		if at.trouble != nil {
			st.Troubled = append(st.Troubled, *at.trouble)
		}
	}
	st.Kinds = int64(len(whole))
	for _, all := range whole {
		if all {
			st.Synced++
		}
	}
	slices.SortFunc(st.Troubled, compare)
	return st
}

// watches returns how each watcher is doing.
func (b *board) watches() []event.WatchState {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]event.WatchState, 0, len(b.places))
	for p, at := range b.places {
		st := event.WatchState{Resource: p.GroupResource(), Namespace: p.namespace, Listed: at.listed}
		if n := at.heard.Load(); n != 0 {
			st.Heard = time.Unix(0, n)
		}
		if at.trouble != nil {
			st.Broken, st.Error = at.trouble.Since, at.trouble.Error
		}
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b event.WatchState) int {
		return cmp.Or(strings.Compare(a.Resource.String(), b.Resource.String()), strings.Compare(string(a.Namespace), string(b.Namespace)))
	})
	return all
}

func compare(a, b event.KindStatus) int {
	return cmp.Or(strings.Compare(a.Resource.String(), b.Resource.String()), strings.Compare(string(a.Namespace), string(b.Namespace)))
}

func (b *board) signal() {
	select {
	case b.news <- struct{}{}:
	default:
	}
}

const (
	// reportAfter is how long troubles are collected: kinds are seldom forbidden
	// alone, and what passes by itself need not be told.
	reportAfter = 2 * time.Second
	// maxNamed is how many kinds one line names.
	maxNamed = 20
)

// report logs troubles until ctx ends.
func (b *board) report(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.news:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(reportAfter):
		}
		b.say()
	}
}

// say logs the troubles that are new, and those that are over.
func (b *board) say() {
	begun, ended := b.unsaid()
	for state, text := range map[event.KindState]string{
		event.KindForbidden:  "objects: kinds that may not be read; tried again every 5 minutes",
		event.KindBackingOff: "objects: kinds that cannot be read; tried again",
	} {
		if all := begun[state]; len(all) > 0 {
			b.log.Warn(text, "kinds", names(all), "count", len(all), "error", all[0].Error)
		}
	}
	if len(ended) > 0 {
		b.log.Info("objects: kinds are read again", "kinds", names(ended), "count", len(ended))
	}
}

func (b *board) unsaid() (begun map[event.KindState][]event.KindStatus, ended []event.KindStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	begun = map[event.KindState][]event.KindStatus{}
	for p, at := range b.places {
		switch {
		case at.trouble == nil && at.said != "":
			at.said = ""
			ended = append(ended, event.KindStatus{Resource: p.GroupResource(), Namespace: p.namespace})
		case at.trouble != nil && at.said != at.trouble.State && time.Since(at.saidAt) > sayAgain:
			at.said, at.saidAt = at.trouble.State, time.Now()
			begun[at.said] = append(begun[at.said], *at.trouble)
		}
	}
	for _, all := range begun {
		slices.SortFunc(all, compare)
	}
	slices.SortFunc(ended, compare)
	return begun, ended
}

// names lists kinds, the first of them.
func names(all []event.KindStatus) string {
	var list []string
	for _, k := range all[:min(len(all), maxNamed)] {
		name := k.Resource.String()
		if k.Namespace != "" {
			name += " in " + string(k.Namespace)
		}
		list = append(list, name)
	}
	if more := len(all) - maxNamed; more > 0 {
		list = append(list, "...")
	}
	return strings.Join(list, ", ")
}
