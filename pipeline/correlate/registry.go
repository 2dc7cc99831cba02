package correlate

import (
	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/event"
)

// registry is the index as rules ask it. It locks by itself: rules run without
// the lock, since nobody knows how long they take.
type registry struct{ ix *Index }

var _ rule.Registry = registry{}

func (r registry) Claimed(tool event.Tool, object event.ObjectRef) (event.Application, bool) {
	r.ix.mu.RLock()
	defer r.ix.mu.RUnlock()
	c := r.ix.claims.find(tool, &object)
	if c == nil {
		return event.Application{}, false
	}
	return c.app, true
}

func (r registry) Selected(object *rule.Object) (event.Application, bool) {
	r.ix.mu.RLock()
	defer r.ix.mu.RUnlock()
	s := r.ix.selections.find(object)
	if s == nil {
		return event.Application{}, false
	}
	return event.Application{Name: s.name, Namespace: event.Namespace(s.namespace.Value()), Tool: event.ToolApplication}, true
}
