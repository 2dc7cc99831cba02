package generic

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/event"
)

const (
	// maxConditions is how many conditions of an object are read. Controllers
	// write some tens at most.
	maxConditions = 256
	// maxText is the most bytes of a reason or message that are taken over. It is
	// more than is told: secrets are looked for in a text before it is cut.
	maxText = 256 << 10
)

const (
	statusTrue    = "True"
	statusFalse   = "False"
	statusUnknown = "Unknown"
)

// condition is one entry of a list of conditions, by reference to the object.
type condition struct {
	kind, status, reason, message, severity string
	fields                                  map[string]any
	last                                    bool
}

// conditionsOf reads list, which may be anything. The result is appended to into.
func conditionsOf(into []condition, list any) []condition {
	items, _ := list.([]any)
	first := len(into)
	for _, item := range items {
		if len(into) == maxConditions {
			break
		}
		fields, ok := item.(map[string]any)
		if !ok {
			continue
		}
		c := condition{
			kind: text(fields["type"]), reason: text(fields["reason"]), message: text(fields["message"]),
			severity: text(fields["severity"]), fields: fields,
		}
		switch status := fields["status"].(type) {
		case string:
			c.status = status
		case bool:
			c.status = statusFalse
			if status {
				c.status = statusTrue
			}
		}
		if c.kind != "" || c.status != "" {
			into = append(into, c)
		}
	}
	if len(into) > first {
		into[len(into)-1].last = true
	}
	return into
}

// stale reports whether the condition speaks of another generation than the
// object is of; false where it does not say.
func (c *condition) stale(generation int64) bool {
	seen, ok := integer(c.fields["observedGeneration"])
	return ok && generation != 0 && seen != generation
}

func (c *condition) evidence() *event.Condition {
	e := &event.Condition{Type: cut(c.kind), Status: cut(c.status), Reason: cut(c.reason), Message: cut(c.message)}
	for _, name := range []string{"lastTransitionTime", "lastTransition", "lastUpdateTime"} {
		if t, err := time.Parse(time.RFC3339, text(c.fields[name])); err == nil {
			e.Time = t.UTC()
			break
		}
	}
	return e
}

// assessment is health as c has it.
func (c *condition) assessment(health event.Health) event.Assessment {
	e := c.evidence()
	return event.Assessment{Health: health, Reason: e.Reason, Message: e.Message, Condition: e}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// cut bounds s to maxText bytes, never within a rune.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	// A copy, so that a kept verdict does not keep the object's text.
	return strings.Clone(s[:end])
}
