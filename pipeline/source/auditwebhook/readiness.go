package auditwebhook

import (
	"errors"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// readiness remembers how the last write to the spool went, so that a probe
// need not make one.
type readiness struct {
	mu  sync.Mutex
	err error
	// at is when err came, and size how much was in the spool then.
	at   time.Time
	size int64
}

// doubtFor is how long a failure is believed. While probes fail, nothing may be
// sent here that could show that it is over.
const doubtFor = 10 * time.Second

// wrote notes the outcome of a write.
func (r *readiness) wrote(err error, now time.Time, size int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.at, r.size = err, now, size
}

// check returns why nothing can be stored now, or nil.
func (r *readiness) check(now time.Time, size, bodies int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.err == nil:
		return nil
	case errors.Is(r.err, event.ErrSpoolFull):
		// Full it stays until something was taken from it.
		if size < r.size || bodies == 0 {
			r.err = nil
		}
	case now.Sub(r.at) >= doubtFor:
		r.err = nil
	}
	return r.err
}
