package auditwebhook

import "sync"

// budget bounds a sum of bytes. Nobody waits for it: what does not fit is
// refused.
type budget struct {
	mu         sync.Mutex
	used, most int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.most {
		return false
	}
	b.used += n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

// fits reports whether n could be taken now.
func (b *budget) fits(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used+n <= b.most
}

// share is what one request has taken of a budget.
type share struct {
	of *budget
	n  int64
}

func (s *share) take(n int64) bool {
	if !s.of.take(n) {
		return false
	}
	s.n += n
	return true
}

func (s *share) give(n int64) {
	s.of.give(n)
	s.n -= n
}

func (s *share) release() { s.give(s.n) }

// gate bounds how many are within, and lets nobody in once it is closed.
type gate struct {
	mu     sync.Mutex
	within int
	most   int
	closed bool
	empty  chan struct{}
}

func newGate(most int) *gate { return &gate{most: most, empty: make(chan struct{})} }

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.within >= g.most {
		return false
	}
	g.within++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.within--
	if g.closed && g.within == 0 {
		close(g.empty)
	}
}

// close lets nobody in any more and returns a channel that is closed once all
// have left. It is called once.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	if g.within == 0 {
		close(g.empty)
	}
	return g.empty
}
