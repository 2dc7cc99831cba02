package auditwebhook

import (
	"net/netip"
	"sync"
)

// budget bounds a sum of bytes, in all and by network. Nobody waits for it:
// what does not fit is refused.
type budget struct {
	mu         sync.Mutex
	used, most int64
	by         map[netip.Addr]int64
}

func newBudget(most int64) *budget {
	return &budget{most: most, by: make(map[netip.Addr]int64)}
}

// room reports whether s could take n now. One network gets half at most, so
// that it leaves something to others; but what a single request may need, it
// gets of the whole. The caller holds the lock.
func (b *budget) room(s *share, n int64) bool {
	its := b.by[s.network]
	alone := its == s.n
	return b.used+n <= b.most && (alone || its+n <= b.most/2)
}

// share is what one request has taken of a budget.
type share struct {
	of      *budget
	network netip.Addr
	n       int64
}

// fits reports whether n could be taken now.
func (s *share) fits(n int64) bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.of.room(s, n)
}

func (s *share) take(n int64) bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if !s.of.room(s, n) {
		return false
	}
	s.of.used += n
	s.of.by[s.network] += n
	s.n += n
	return true
}

func (s *share) give(n int64) {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.used -= n
	if s.of.by[s.network] -= n; s.of.by[s.network] == 0 {
		delete(s.of.by, s.network)
	}
	s.n -= n
}

func (s *share) release() { s.give(s.n) }

// gate bounds how many are within, in all and by network, and lets nobody in
// once it is closed.
type gate struct {
	mu     sync.Mutex
	within int
	most   int
	by     map[netip.Addr]int
	closed bool
	empty  chan struct{}
}

func newGate(most int) *gate {
	return &gate{most: most, by: make(map[netip.Addr]int), empty: make(chan struct{})}
}

// enter lets in who comes from a network that has less than half of the places.
func (g *gate) enter(network netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.within >= g.most || g.by[network] >= (g.most+1)/2 {
		return false
	}
	g.within++
	g.by[network]++
	return true
}

func (g *gate) leave(network netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.within--
	if g.by[network]--; g.by[network] == 0 {
		delete(g.by, network)
	}
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
