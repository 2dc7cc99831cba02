package health

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxContainers is how many states of containers an assessment has.
const maxContainers = 5

// container is the status of one container.
type container struct {
	ready bool
	// now is its state; none if State is empty. last is how the run before
	// ended, none if State is empty.
	now, last event.ContainerState
}

// container reads an element of the list of statuses at base.
func (o *object) container(item any, base string) container {
	p := o.entry(item, base)
	name, restarts := p.text("name"), p.count("restartCount")
	c := container{ready: p.flag("ready")}
	if w, ok := p.child("state.waiting", "state", "waiting"); ok {
		c.now = w.state("waiting")
	} else if t, ok := p.child("state.terminated", "state", "terminated"); ok {
		c.now = t.state("terminated")
	} else if _, ok := p.child("state.running", "state", "running"); ok {
		c.now.State = "running"
	}
	if t, ok := p.child("lastState.terminated", "lastState", "terminated"); ok {
		c.last = t.state("terminated")
		c.last.Last = true
	}
	c.now.Name, c.last.Name = name, name
	c.now.Restarts, c.last.Restarts = restarts, restarts
	return c
}

func (p part) state(name string) event.ContainerState {
	s := event.ContainerState{State: name, Reason: p.text("reason"), Message: p.text("message")}
	if name == "terminated" {
		s.ExitCode = p.count("exitCode")
	}
	return s
}

// containers gathers what the containers of a pod say; memory does not grow with
// their number, but for the messages of those that wait.
type containers struct {
	// waiting is how many of the containers, without the init containers, wait
	// with an error. The reason is that of the first, the message that of all.
	waiting         int
	waitingReason   string
	waitingMessages strings.Builder
	// restarted is set if one of the same ended before, and lastReason is why
	// the worst of them did.
	restarted  bool
	lastReason string
	lastRank   int
	// failed is the first that ended with a trace of why, of all.
	failed event.ContainerState
	// stuck is the first of the worst that wait, of all.
	stuck event.ContainerState

	found [maxContainers]finding
	count int
}

// finding is a state with how bad it is, 0 the worst.
type finding struct {
	rank  int
	state event.ContainerState
}

// How bad the state of a container is.
const (
	rankFailing = iota
	rankEnded
	rankRestarted
	rankStarting
	rankNotReady
	rankBefore
)

func (s *containers) see(c container, isInit bool) {
	isFailing := c.now.State == "waiting" && failing(c.now.Reason)
	if c.now.State == "waiting" && (s.stuck.State == "" || isFailing && !failing(s.stuck.Reason)) {
		s.stuck = c.now
	}
	if s.failed.State == "" && c.now.State == "terminated" &&
		(c.now.Message != "" || c.now.Reason == "OOMKilled" || c.now.ExitCode != 0) {
		s.failed = c.now
	}
	if !isInit {
		s.decide(c, isFailing)
	}
	s.rank(c, isInit, isFailing)
}

// decide notes what the verdict rests on.
func (s *containers) decide(c container, isFailing bool) {
	if isFailing {
		if s.waiting == 0 {
			s.waitingReason = c.now.Reason
		}
		if s.waitingMessages.Len() > 0 && c.now.Message != "" {
			s.waitingMessages.WriteString(", ")
		}
		s.waitingMessages.WriteString(c.now.Message)
		s.waiting++
	}
	if c.last.State == "" {
		return
	}
	rank := rankRestarted
	if c.ready {
		rank = rankBefore
	}
	if !s.restarted || rank < s.lastRank {
		s.lastReason, s.lastRank = c.last.Reason, rank
	}
	s.restarted = true
}

// rank keeps the states that a person would look at.
func (s *containers) rank(c container, isInit, isFailing bool) {
	switch {
	case isFailing:
		s.add(rankFailing, c.now)
		s.add(rankFailing, c.last)
	case c.now.State == "terminated" && c.now.ExitCode != 0:
		s.add(rankEnded, c.now)
		s.add(rankEnded, c.last)
	case c.now.State == "terminated" && isInit:
		// It has done its work.
	case c.last.State != "" && !c.ready:
		s.add(rankRestarted, c.last)
	case c.now.State == "waiting":
		s.add(rankStarting, c.now)
	case c.now.State != "" && !c.ready:
		s.add(rankNotReady, c.now)
	default:
		s.add(rankBefore, c.last)
	}
}

// add puts a state behind those that are as bad.
func (s *containers) add(rank int, state event.ContainerState) {
	if state.State == "" {
		return
	}
	at := s.count
	for at > 0 && s.found[at-1].rank > rank {
		at--
	}
	if at == maxContainers {
		return
	}
	if s.count < maxContainers {
		s.count++
	}
	copy(s.found[at+1:s.count], s.found[at:s.count-1])
	s.found[at] = finding{rank, state}
}

// worst returns the states, the worst first; nil if there are none.
func (s *containers) worst() []event.ContainerState {
	if s.count == 0 {
		return nil
	}
	states := make([]event.ContainerState, s.count)
	for i := range states {
		states[i] = s.found[i].state
	}
	return states
}
