package health

import (
	"cmp"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Where the conditions of most kinds are.
const statusConditions = "status.conditions[*]"

// condition is one of an object's conditions; the zero value is none.
type condition struct {
	typ, status, reason, message string
	// changed is when the status last changed, as the API writes it.
	changed string
	// generation is what the condition is about, if it says so.
	generation    int64
	hasGeneration bool
}

// condition reads an element of the list of conditions at base.
func (o *object) condition(item any, base string) condition {
	p := o.entry(item, base)
	return condition{
		typ:     p.text("type"),
		status:  p.text("status"),
		reason:  p.text("reason"),
		message: p.text("message"),
		changed: p.text("lastTransitionTime"),
	}
}

// observed reads the generation that the condition is about as well.
func (o *object) observed(item any, base string) condition {
	c := o.condition(item, base)
	c.generation, c.hasGeneration = o.entry(item, base).number("observedGeneration")
	return c
}

// first keeps the first condition of each type it is asked for.
func (c *condition) first(typ string, of condition) {
	if c.typ == "" && of.typ == typ {
		*c = of
	}
}

// says returns the assessment that the condition decided.
func (c condition) says(h event.Health) event.Assessment {
	return event.Assessment{Health: h, Reason: c.reason, Message: c.message, Condition: c.evidence()}
}

// explains adds the condition to an assessment that it did not decide, but gives
// the reason for.
func (c condition) explains(a event.Assessment) event.Assessment {
	a.Reason = cmp.Or(c.reason, a.Reason)
	a.Condition = c.evidence()
	return a
}

// evidence returns nil for no condition.
func (c condition) evidence() *event.Condition {
	if c.typ == "" {
		return nil
	}
	// A time that cannot be read decides nothing.
	changed, err := time.Parse(time.RFC3339, c.changed)
	if err != nil {
		changed = time.Time{}
	}
	return &event.Condition{
		Type: c.typ, Status: c.status, Reason: c.reason, Message: c.message, Time: changed,
	}
}
