package fluentbit

import (
	"context"
	"slices"
	"sync"
)

// room bounds the bytes of chunks under way. Who waits for some gets it in the
// order of asking, so that many small chunks do not keep a large one out for ever.
type room struct {
	most int64

	mu      sync.Mutex
	used    int64
	waiting []*asking
}

// asking is one who waits; granted is closed once he has got n bytes.
type asking struct {
	n       int64
	granted chan struct{}
}

// take waits until n bytes are free, or nothing is used at all: one chunk is always
// let in. It reports false if ctx or ended came first.
func (r *room) take(ctx context.Context, n int64, ended <-chan struct{}) bool {
	r.mu.Lock()
	if len(r.waiting) == 0 && r.fits(n) {
		r.used += n
		r.mu.Unlock()
		return true
	}
	a := &asking{n: n, granted: make(chan struct{})}
	r.waiting = append(r.waiting, a)
	r.mu.Unlock()

	select {
	case <-a.granted:
		return true
	case <-ctx.Done():
	case <-ended:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.waiting, a)
	if i < 0 {
		// It was granted in this moment.
		return true
	}
	r.waiting = slices.Delete(r.waiting, i, i+1)
	r.grant()
	return false
}

func (r *room) fits(n int64) bool { return r.used == 0 || r.used+n <= r.most }

// give gives back n bytes.
func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	r.grant()
}

// grant lets in who waits, in order, as long as they fit.
func (r *room) grant() {
	for len(r.waiting) > 0 && r.fits(r.waiting[0].n) {
		a := r.waiting[0]
		r.waiting = slices.Delete(r.waiting, 0, 1)
		r.used += a.n
		close(a.granted)
	}
}
