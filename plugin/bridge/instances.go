package bridge

import (
	"io"
	"sync"
)

// Handle stands for an instance on the C side. Zero is none.
type Handle uintptr

// Instances are the open instances of a process. The zero value is ready. Its
// methods may be called from any thread.
type Instances struct {
	mu   sync.Mutex
	last Handle
	// index counts the instances since the last start or reload, as Fluent Bit
	// numbers them.
	index int
	open  map[Handle]*Instance
}

// Open starts an instance and tells its handle to bind, which makes the host
// pass it to later calls. It reports false where the host must abort its start;
// why has then been logged to w.
func (s *Instances) Open(get Getter, bind func(Handle) bool, version string, w io.Writer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	inst, err := Open(get, s.index, version, w)
	if err != nil {
		return false
	}
	if !bind(s.last + 1) {
		inst.log.Error("the host gave this instance no context: it is no Fluent Bit that this plugin knows")
		inst.Close()
		return false
	}
	if s.open == nil {
		s.open = map[Handle]*Instance{}
	}
	// Handles are not used twice: a call that is late finds nothing rather
	// than another instance.
	s.last++
	s.index++
	s.open[s.last] = inst
	return true
}

// Collect collects from the instance, nothing where it is closed.
func (s *Instances) Collect(h Handle) []byte {
	s.mu.Lock()
	inst := s.open[h]
	s.mu.Unlock()
	if inst == nil {
		return nil
	}
	return inst.Collect()
}

// CloseAll closes all instances. Fluent Bit's exit call comes once for each
// instance but does not say which; all of them end together, though, both at
// shutdown and at a hot reload, and new ones begin only afterwards.
func (s *Instances) CloseAll() {
	s.mu.Lock()
	open := s.open
	s.open, s.index = nil, 0
	s.mu.Unlock()
	var done sync.WaitGroup
	for _, inst := range open {
		done.Go(inst.Close)
	}
	done.Wait()
}
