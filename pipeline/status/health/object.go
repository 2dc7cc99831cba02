package health

import (
	"math"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// object reads the fields of one object, and remembers the first that was not of
// the type that its reader asked for. A field that is absent or null reads as
// its zero value, like in the API's Go types.
type object struct {
	root map[string]any
	// malformed is the path of that first field; empty while there is none.
	malformed string
}

// part is an object, or one inside of it.
type part struct {
	o *object
	m map[string]any
	// base and via make the path of m, in two so that neither must be built.
	base, via string
}

func (o *object) top() part { return part{o: o, m: o.root} }

// entry returns an element of a list whose path is base.
func (o *object) entry(item any, base string) part {
	p := part{o: o, base: base}
	m, ok := item.(map[string]any)
	if !ok && item != nil {
		p.fail()
	}
	p.m = m
	return p
}

// fail remembers a field of the wrong type.
func (p part) fail(path ...string) {
	if p.o.malformed != "" {
		return
	}
	var b strings.Builder
	for _, s := range append([]string{p.base, p.via}, path...) {
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	p.o.malformed = b.String()
}

// field returns the value under path, nil if there is none.
func (p part) field(path ...string) any {
	m := p.m
	last := len(path) - 1
	for i := range last {
		switch v := m[path[i]].(type) {
		case nil:
			return nil
		case map[string]any:
			m = v
		default:
			p.fail(path[:i+1]...)
			return nil
		}
	}
	return m[path[last]]
}

// text returns the string under path.
func (p part) text(path ...string) string {
	switch v := p.field(path...).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		p.fail(path...)
		return ""
	}
}

// flag returns the boolean under path.
func (p part) flag(path ...string) bool {
	switch v := p.field(path...).(type) {
	case nil:
		return false
	case bool:
		return v
	default:
		p.fail(path...)
		return false
	}
}

// number returns the integer under path, and whether there is one. JSON knows no
// integers, so a float without fraction is one.
func (p part) number(path ...string) (int64, bool) {
	switch v := p.field(path...).(type) {
	case nil:
		return 0, false
	case int64:
		return v, true
	case int:
		return int64(v), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= 1<<53 {
			return int64(v), true
		}
	}
	p.fail(path...)
	return 0, false
}

// count returns the integer under path, zero if there is none.
func (p part) count(path ...string) int64 {
	n, _ := p.number(path...)
	return n
}

// list returns the list under path, and whether there is one.
func (p part) list(path ...string) ([]any, bool) {
	switch v := p.field(path...).(type) {
	case nil:
		return nil, false
	case []any:
		return v, true
	default:
		p.fail(path...)
		return nil, false
	}
}

// child returns the object under path, and whether there is one. Via is the path
// once more, with dots.
func (p part) child(via string, path ...string) (part, bool) {
	switch v := p.field(path...).(type) {
	case nil:
		return part{o: p.o, base: p.base, via: via}, false
	case map[string]any:
		return part{o: p.o, m: v, base: p.base, via: via}, true
	default:
		p.fail(path...)
		return part{o: p.o, base: p.base, via: via}, false
	}
}

// generations returns the generation of the spec and the one that the status
// belongs to.
func (o *object) generations() (want, observed int64) {
	return o.top().count("metadata", "generation"), o.top().count("status", "observedGeneration")
}

func (o *object) name() string { return o.top().text("metadata", "name") }

// says returns an assessment that no condition decided.
func says(h event.Health, reason, message string) event.Assessment {
	return event.Assessment{Health: h, Reason: reason, Message: message}
}
