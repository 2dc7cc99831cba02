package fluentbit

import (
	"context"
	"time"
)

// impatience is how long a call waits where another has waited in vain and nothing was
// settled since. A thread of the host may have very many chunks to flush before it looks
// whether it is to end, and would wait for each of them.
const impatience = 20 * time.Millisecond

// patience says how long calls wait. The lock of the source guards it.
type patience struct {
	// settled counts what was settled, and stalled is set while a call has waited in
	// vain since the last of it.
	settled int64
	stalled bool
}

// note counts what was settled.
func (p *patience) note(n int) {
	if n > 0 {
		p.settled += int64(n)
		p.stalled = false
	}
}

// patience returns the context in which a call waits, and how much is settled so far.
func (s *Source) patience(ctx context.Context) (_ context.Context, settled int64, cancel context.CancelFunc) {
	s.mu.Lock()
	p := s.patient
	s.mu.Unlock()
	if p.stalled {
		ctx, cancel = context.WithTimeout(ctx, impatience)
		return ctx, p.settled, cancel
	}
	return ctx, p.settled, func() {}
}

// stall notes that a call has waited in vain, if nothing was settled meanwhile.
func (s *Source) stall(settled int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.patient.settled == settled {
		s.patient.stalled = true
	}
}
