package bridge

import (
	"io"
	"sync"
)

// Thread identifies a thread of the host.
type Thread uintptr

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
	// threads tells which instance a thread belongs to. Each has its own, on
	// which all of its calls come; some of them do not say for whom they are.
	threads map[Thread]Handle
}

// Open starts an instance and tells its handle to bind, which makes the host
// pass it to later calls. It reports false where the host must abort its start;
// why has then been logged to w.
func (s *Instances) Open(get Getter, thread Thread, bind func(Handle) bool, version string, w io.Writer) bool {
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
		s.open, s.threads = map[Handle]*Instance{}, map[Thread]Handle{}
	}
	// Handles are not used twice: a call that is late finds nothing rather
	// than another instance.
	s.last++
	s.index++
	s.open[s.last], s.threads[thread] = inst, s.last
	return true
}

// Collect collects from the instance, nothing where it is closed.
func (s *Instances) Collect(h Handle) []byte {
	inst := s.get(h)
	if inst == nil {
		return nil
	}
	return inst.Collect()
}

// Refused says that what Collect returned could not be handed over.
func (s *Instances) Refused(h Handle) {
	if inst := s.get(h); inst != nil {
		inst.Refused()
	}
}

// Pause pauses the instance of the thread.
func (s *Instances) Pause(t Thread) {
	if inst := s.of(t); inst != nil {
		inst.Pause()
	}
}

// Resume resumes the instance of the thread.
func (s *Instances) Resume(t Thread) {
	if inst := s.of(t); inst != nil {
		inst.Resume()
	}
}

func (s *Instances) get(h Handle) *Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[h]
}

func (s *Instances) of(t Thread) *Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[s.threads[t]]
}

// CloseAll closes all instances. Fluent Bit's exit call comes once for each
// instance but does not say which; all of them end together, though, both at
// shutdown and at a hot reload, and new ones begin only afterwards.
func (s *Instances) CloseAll() {
	s.mu.Lock()
	open := s.open
	s.open, s.threads, s.index = nil, nil, 0
	s.mu.Unlock()
	var done sync.WaitGroup
	for _, inst := range open {
		done.Go(inst.Close)
	}
	done.Wait()
}
