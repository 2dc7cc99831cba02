package fluentbit

import (
	"bytes"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// recogniser finds what is known in a log event and appends it to the batch.
type recogniser struct {
	batch  *batch
	chunk  packed
	string text
}

func newRecogniser(data []byte, b *batch) *recogniser {
	return &recogniser{batch: b, chunk: packed{data, b}, string: text{nil, b}}
}

// take takes what a log event is, or what stands one level below its body: a
// parser or filter may have put it under any key. It reports false if that is
// nothing known. What stands beside the first thing known is not looked at: it is
// what was added to it, or the same once more.
func (r *recogniser) take(e *logEvent) (bool, error) {
	v, taken, err := r.known(&r.chunk, span{e.body, e.end}, &e.shape, e.time)
	if taken || err != nil || v == foreign {
		return taken, err
	}
	for _, usual := range []bool{true, false} {
		if taken, err = r.below(e, usual); taken || err != nil {
			return taken, err
		}
	}
	return false, nil
}

// below takes the first value of the body that is known, of those under keys that
// are usual for lines and messages, or of the others.
func (r *recogniser) below(e *logEvent, usual bool) (bool, error) {
	u := unpacker{data: r.chunk.data, pos: e.body}
	body, err := u.next()
	if err != nil {
		return false, err
	}
	for range body.n {
		name, err := u.name()
		if err != nil {
			return false, err
		}
		at := u.pos
		v, err := u.next()
		if err != nil {
			return false, err
		}
		inside := u.pos
		if err := u.rest(v); err != nil {
			return false, err
		}
		if isUsual(name) != usual {
			continue
		}
		var taken bool
		switch v.form {
		case formMap:
			taken, err = r.object(&r.chunk, span{at, u.pos}, e.time)
		case formArray:
			taken, err = r.list(&r.chunk, span{at, u.pos}, false)
		case formStr, formBin:
			taken, err = r.line(u.data[inside:u.pos:u.pos])
		default:
			// Numbers and the like.
		}
		if taken || err != nil {
			return taken, err
		}
	}
	return false, nil
}

// isUsual reports whether inputs put lines and messages under that key: tail, the
// container runtimes, systemd.
func isUsual(name []byte) bool {
	switch string(name) {
	case "log", "message", "MESSAGE", "msg":
		return true
	}
	return false
}

// line takes a string that is JSON.
func (r *recogniser) line(s []byte) (bool, error) {
	s = bytes.Trim(s, " \t\r\n")
	if len(s) == 0 {
		return false, nil
	}
	r.string.data = s
	at := span{0, len(s)}
	switch s[0] {
	case '{':
		return r.object(&r.string, at, time.Time{})
	case '[':
		return r.list(&r.string, at, false)
	}
	return false, nil
}

// object takes the object at a place if it is known.
func (r *recogniser) object(t tree, place span, at time.Time) (bool, error) {
	s, ok := t.shape(place)
	if !ok {
		return false, nil
	}
	_, taken, err := r.known(t, place, &s, at)
	return taken, err
}

// known takes the object at a place if it is known, or a list of such. at is the
// time of the log event, which may be what an audit event lacks.
func (r *recogniser) known(t tree, place span, s *shape, at time.Time) (verdict, bool, error) {
	v := s.verdict()
	switch v {
	case kubeEvents:
		return v, true, r.items(t, s.items, event.KindEvent)
	case auditEvents:
		return v, true, r.items(t, s.items, event.KindAudit)
	case listed:
		taken, err := r.list(t, s.items, s.kind == kindList)
		return unknown, taken, err
	default:
		taken, err := r.one(t, place, s, at)
		return v, taken, err
	}
}

// one takes the object at a place if it is an event, or a notice of one.
func (r *recogniser) one(t tree, place span, s *shape, at time.Time) (bool, error) {
	switch s.verdict() {
	case kubeEvent:
		return true, t.item(event.KindEvent, event.Updated, place, lost{})
	case auditEvent:
		// A parser takes one of the two out, and only that.
		what := lost{time: at}
		if !at.IsZero() && s.received != s.stage {
			what.received, what.stage = !s.received, !s.stage
		}
		return true, t.item(event.KindAudit, event.Updated, place, what)
	case watched:
		object, ok := t.shape(s.object)
		if !ok || object.verdict() != kubeEvent {
			return false, nil
		}
		switch s.notice {
		case noticeBookmark:
			// It has a version and no event.
			return true, nil
		case noticeDeleted:
			return true, t.item(event.KindEvent, event.Deleted, s.object, lost{})
		default:
			return true, t.item(event.KindEvent, event.Updated, s.object, lost{})
		}
	default:
		return false, nil
	}
}

// items takes those of a typed list, which need not say what they are. They need
// what an event cannot do without: each that is taken becomes a record, and of empty
// ones a chunk has room for millions.
func (r *recogniser) items(t tree, at span, kind event.Kind) error {
	if !at.found() {
		// An empty list may be written without.
		return nil
	}
	return r.each(t, at, func(element span) (bool, error) {
		if s, ok := t.shape(element); !ok || !s.mayBe(kind) {
			return true, r.batch.addStray(event.RejectNotAnEvent, t.bytes(element))
		}
		return true, t.item(kind, event.Updated, element, lost{})
	})
}

// list takes the elements of an array that are events. Unless it is sure to be a
// list of objects, the first one has to be an event, or nothing is taken.
func (r *recogniser) list(t tree, at span, sure bool) (bool, error) {
	if !at.found() && sure {
		return true, nil
	}
	err := r.each(t, at, func(element span) (bool, error) {
		s, ok := t.shape(element)
		taken := false
		if ok {
			var err error
			if taken, err = r.one(t, element, &s, time.Time{}); err != nil {
				return false, err
			}
		}
		if sure = sure || taken; !sure || taken {
			return sure, nil
		}
		return true, r.batch.addStray(event.RejectNotAnEvent, t.bytes(element))
	})
	return sure, err
}

// each calls f with the elements of an array until it returns false. If the array
// does not end as one does, that is told.
func (r *recogniser) each(t tree, at span, f func(element span) (bool, error)) error {
	var failed error
	begun := false
	whole := t.elements(at, func(element span) (more bool) {
		more, failed = f(element)
		begun = begun || more
		return more && failed == nil
	})
	if failed == nil && !whole && begun {
		return r.batch.addStray(event.RejectNotJSON, t.bytes(at))
	}
	return failed
}
