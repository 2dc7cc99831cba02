package recorded

import (
	"bytes"
	"encoding/json"
)

// span is a part of a text.
type span struct{ from, to int }

func (s span) in(text []byte) []byte { return text[s.from:s.to:s.to] }

// members are what is looked at of an object: what tells what it is, and of an
// event when it last happened.
type members struct {
	version, kind []byte
	// whole is set where it ends, and nothing comes behind it.
	whole bool
	// kinded is set where it has a kind of whichever type, audited where it has an
	// audit ID.
	kinded, audited bool
	// items, object and log are the values of these; zero unless they are an array,
	// an object, and an object or a string.
	items, object, log span
	// empty is set where items is null, as some servers write an empty list.
	empty bool
	// change is the type of what a watch tells.
	change []byte

	observed, last, deprecatedLast, eventTime, firstSeen, deprecatedFirst, created given
}

// given is a time that may have been given.
type given struct {
	// written is set where there is a string that is not empty.
	written, set bool
	at           moment
}

func (g given) orElse(other given) given {
	if g.set {
		return g
	}
	return other
}

// membersOf reads the members of an object, as far as it is one.
func membersOf(text []byte) members {
	var m members
	f := scan(text)
	if c, ok := f.space(); !ok || c != '{' {
		return m
	}
	f.pos++
	for first := true; ; first = false {
		name, ok, err := f.member(first)
		switch {
		case err != nil:
			return m
		case !ok:
			_, more := f.space()
			m.whole = !more
			return m
		case m.member(&f, name) != nil:
			return m
		}
	}
}

func (m *members) member(f *feed, name []byte) error {
	switch string(name) {
	case keyVersion:
		return word(f, &m.version)
	case keyKind:
		m.kinded = true
		return word(f, &m.kind)
	case "auditID":
		m.audited = true
	case "type":
		return word(f, &m.change)
	case keyItems:
		m.empty = f.buf[f.pos] == 'n'
		return part(f, &m.items, "[")
	case "object":
		return part(f, &m.object, "{")
	case "log":
		return part(f, &m.log, `{"`)
	case "lastTimestamp":
		return m.last.read(f)
	case "deprecatedLastTimestamp":
		return m.deprecatedLast.read(f)
	case "eventTime":
		return m.eventTime.read(f)
	case "firstTimestamp":
		return m.firstSeen.read(f)
	case "deprecatedFirstTimestamp":
		return m.deprecatedFirst.read(f)
	case "series":
		return within(f, "lastObservedTime", &m.observed)
	case "metadata":
		return within(f, "creationTimestamp", &m.created)
	}
	return f.value()
}

// part notes where a value is that begins with one of the bytes given.
func part(f *feed, to *span, begin string) error {
	*to = span{}
	from := f.pos
	for i := range len(begin) {
		if f.buf[from] == begin[i] {
			err := f.value()
			if err == nil {
				*to = span{from, f.pos}
			}
			return err
		}
	}
	return f.value()
}

// word notes a string as it is written.
func word(f *feed, to *[]byte) error {
	from := f.pos
	*to = nil
	err := f.value()
	if err == nil && f.buf[from] == '"' {
		*to = f.buf[from+1 : f.pos-1]
	}
	return err
}

func (g *given) read(f *feed) error {
	*g = given{}
	text, err := f.text()
	if err == nil {
		g.written = len(text) > 0
		g.at, g.set = momentOf(text)
	}
	return err
}

// within reads a time in an object.
func within(f *feed, key string, to *given) error {
	if f.buf[f.pos] != '{' {
		return f.value()
	}
	f.pos++
	for first := true; ; first = false {
		name, ok, err := f.member(first)
		if err != nil || !ok {
			return err
		}
		if string(name) == key {
			err = to.read(f)
		} else {
			err = f.value()
		}
		if err != nil {
			return err
		}
	}
}

// moment returns when an event last happened, by the rule of the decoder.
func (m *members) moment() (moment, bool) {
	last, firstSeen := m.last, m.firstSeen
	if !last.written {
		last = m.deprecatedLast
	}
	if !firstSeen.written {
		firstSeen = m.deprecatedFirst
	}
	g := m.observed.orElse(last).orElse(m.eventTime).orElse(firstSeen).orElse(m.created)
	return g.at, g.set
}

// elements calls each with the elements of the array in text at s. It reports false
// where that is none, and has then called each with some of them or none.
func elements(text []byte, s span, each func(span)) bool {
	f := scan(text[:s.to])
	f.pos = s.from + 1
	for first := true; ; first = false {
		ok, err := f.element(first)
		if err != nil || !ok {
			return err == nil && len(bytes.TrimSpace(f.buf[f.pos:])) == 0
		}
		from := f.pos
		if f.value() != nil {
			return false
		}
		each(span{from, f.pos})
	}
}

// An element takes leastElement bytes on the average, or there are no more than
// fewElements. What is kept of one besides its bytes is many times what an empty one
// takes, and all those of a piece are kept at once.
const (
	leastElement = 32
	fewElements  = 1000
)

// listed calls each with the elements of the array in text at s if it is one, and
// else reports false.
func listed(text []byte, s span, each func(span)) bool {
	n := 0
	if s.to == 0 || text[s.from] != '[' || !elements(text, s, func(span) { n++ }) || n > fewElements+(s.to-s.from)/leastElement {
		return false
	}
	return elements(text, s, each)
}

// isList reports whether the object is a list of others.
func (m *members) isList() bool {
	return m.whole && m.items.to > 0 && mayBeList(string(m.kind)) && !m.audited
}

// isEmpty reports whether it is a list of nothing.
func (m *members) isEmpty() bool {
	return m.whole && m.empty && isListKind(string(m.kind)) && !m.audited
}

// unquoted returns what a JSON string says.
func unquoted(quoted []byte) ([]byte, bool) {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil, false
	}
	return []byte(text), true
}
