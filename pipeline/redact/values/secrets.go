package values

import "time"

// Put tells what a Secret of the cluster holds, in place of what it held before.
// What is not for the matcher is left out. The data is copied. A Secret may be
// told again unchanged.
func (s *Store) Put(key SecretKey, kind string, data map[string][]byte) {
	values, beyond := admit(content{key: key, kind: kind, data: data}, s.cluster.min)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.cluster
	s.changed(c.put(key, values, beyond, time.Now()))
	if c.unread[key] {
		delete(c.unread, key)
		s.uncover()
	}
}

// Forget tells that a Secret is gone.
func (s *Store) Forget(key SecretKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.changed(s.cluster.forget(key, now))
	delete(s.cluster.unread, key)
	s.republish(now)
}

// Unread tells that a Secret is there and cannot be read. Payloads are withheld
// until Put or Forget for it. What it held before is still looked for.
func (s *Store) Unread(key SecretKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cluster.unread[key] = true
	s.republish(time.Now())
}

// Listed tells that all Secrets of the cluster have been told. As soon as the
// matcher knows them payloads are withheld no more on their account.
func (s *Store) Listed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.cluster
	if c.listed && !c.failed {
		return
	}
	c.listed, c.failed = true, false
	s.uncover()
}

// Failed tells that what was told of the Secrets may be out of date. Payloads are
// withheld until Listed.
func (s *Store) Failed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cluster.listed, s.cluster.covered, s.cluster.failed = false, false, true
	s.republish(time.Now())
}

// uncover has payloads withheld until a matcher is built that knows what was
// told; one that is being built may lack the last of it. The caller holds the
// lock.
func (s *Store) uncover() {
	s.cluster.listing++
	s.cluster.covered = false
	s.stale = true
	s.republish(time.Now())
	s.signal()
}

// changed has the matcher built when it is time. The caller holds the lock.
func (s *Store) changed(is bool) {
	if is {
		s.late = true
		s.signal()
	}
}

// signal wakes Run.
func (s *Store) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
