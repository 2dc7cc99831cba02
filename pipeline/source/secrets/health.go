package secrets

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// health knows how each watcher is doing and tells the state when it changes.
type health struct {
	tell     State
	log      *slog.Logger
	patience time.Duration
	// synced is closed once everything was listed for the first time.
	synced chan struct{}

	mu    sync.Mutex
	parts map[event.Namespace]*part
	// told is what was last told: nothing, that all is listed, or an error.
	told   told
	failed *ReadError
	// once is set once synced is closed, and closed once nothing is told any more.
	once, closed bool
}

// told is what the state was told.
type told uint8

const (
	toldNothing told = iota
	toldListed
	toldFailed
)

// part is how one watcher is doing.
type part struct {
	// listed is set while what was listed can be gone on from.
	listed bool
	// trouble is nil where all is well.
	trouble *ReadError
	// patience runs while the watcher does not watch although the state believes
	// so.
	patience *time.Timer
}

func newHealth(tell State, log *slog.Logger, patience time.Duration) *health {
	return &health{tell: tell, log: log, patience: patience, synced: make(chan struct{}), parts: map[event.Namespace]*part{}}
}

// expect says which watchers there will be, in place of those before.
func (h *health) expect(namespaces []event.Namespace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.quiet()
	clear(h.parts)
	for _, ns := range namespaces {
		h.parts[ns] = &part{}
	}
}

// close has nothing told any more.
func (h *health) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.quiet()
}

func (h *health) quiet() {
	for _, p := range h.parts {
		p.calm()
	}
}

// calm ends a trouble.
func (p *part) calm() {
	p.trouble = nil
	if p.patience != nil {
		p.patience.Stop()
		p.patience = nil
	}
}

// behind notes that a watcher is about to connect: until it watches, what was
// told gets old.
func (h *health) behind(ns event.Namespace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.parts[ns]
	if p.patience == nil && !h.closed && (p.listed || h.told == toldListed) {
		p.patience = time.AfterFunc(h.patience, func() { h.expired(p, ns) })
	}
}

// expired notes that a watcher has not watched for too long.
func (h *health) expired(p *part, ns event.Namespace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parts[ns] != p || p.patience == nil {
		return
	}
	if p.listed = false; p.trouble == nil {
		p.trouble = &ReadError{text: "read secrets " + place(ns) + ": the server has not answered yet"}
	}
	h.judge()
}

// failure is the end of a session.
type failure struct {
	err *ReadError
	// lost is set where there is nothing to be patient about.
	lost bool
	// retry is when it is tried again.
	retry time.Duration
}

// broken notes that a watcher is in trouble.
func (h *health) broken(ctx context.Context, ns event.Namespace, f failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.parts[ns]
	level := slog.LevelWarn
	if p.trouble != nil && p.trouble.text == f.err.text {
		level = slog.LevelDebug
	}
	h.log.Log(ctx, level, "secrets: "+f.err.text, "retry_in", f.retry.Round(time.Millisecond))
	p.trouble = f.err
	if f.lost {
		p.listed = false
	}
	h.judge()
}

// isListed reports whether a watcher may go on from where it was.
func (h *health) isListed(ns event.Namespace) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.parts[ns].listed
}

// listed notes that a watcher has told everything there is.
func (h *health) listed(ns event.Namespace) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts[ns].listed = true
	h.recovered(ns)
}

// working notes that a watcher goes on from where it was. It reports false where
// that is not good enough any more.
func (h *health) working(ns event.Namespace) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.parts[ns].listed {
		return false
	}
	h.recovered(ns)
	return true
}

func (h *health) recovered(ns event.Namespace) {
	p := h.parts[ns]
	if p.trouble != nil {
		h.log.Info("secrets: read again", "namespace", cmp.Or(string(ns), everywhere))
	}
	p.calm()
	h.judge()
}

// judge tells the state if it has changed.
func (h *health) judge() {
	if h.closed {
		return
	}
	lost, all := h.worst()
	switch {
	case lost != nil:
		if h.told != toldFailed || h.failed.text != lost.text {
			h.told, h.failed = toldFailed, lost
			h.tell.Failed(lost)
		}
	case all && h.told != toldListed:
		h.told, h.failed = toldListed, nil
		h.tell.Listed()
		if !h.once {
			h.once = true
			close(h.synced)
		}
	}
}

// worst returns the trouble of the first watcher that is lost, and whether all
// have listed what there is.
func (h *health) worst() (lost *ReadError, all bool) {
	all = true
	for _, ns := range slices.Sorted(maps.Keys(h.parts)) {
		p := h.parts[ns]
		if p.trouble != nil && !p.listed && lost == nil {
			lost = p.trouble
		}
		all = all && p.listed
	}
	return lost, all
}

func (h *health) failing() *ReadError {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}

// status returns what the watchers do, and the trouble of the first that has one.
func (h *health) status() (state event.SourceState, line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	state = event.SourceWatching
	for _, ns := range slices.Sorted(maps.Keys(h.parts)) {
		switch p := h.parts[ns]; {
		case p.trouble != nil:
			return event.SourceBackingOff, p.trouble.text
		case !p.listed:
			state = event.SourceListing
		}
	}
	return state, ""
}
