package fluentbit

import (
	"bytes"

	"github.com/fluent-live/live-status/pipeline/event"
)

// kind is what the member kind of an object says.
type kind uint8

const (
	kindNone kind = iota
	kindEvent
	kindEventList
	kindList
	kindOther
)

// version is what apiVersion says.
type version uint8

const (
	versionNone version = iota
	versionCore
	versionEvents
	versionAudit
	versionOther
)

// notice is what the member type says, where it is that of a watch.
type notice uint8

const (
	noticeNone notice = iota
	noticePresent
	noticeDeleted
	noticeBookmark
)

// span is where a value stands. Zero is nowhere: values stand behind a bracket.
type span struct{ from, to int }

func (s span) found() bool { return s.from > 0 }

// shape is what an object tells of what it is. Of repeated members the last one
// counts, as it does to the decoders, who look again.
type shape struct {
	kind    kind
	version version
	notice  notice

	// auditID and request are set where the members are that an audit event has:
	// its ID, and one of stage, level and verb.
	auditID, request bool
	// received and stage are set where the audit event's times are.
	received, stage bool
	// about and metadata are set where these are objects that an Event has:
	// regarding or involvedObject, and metadata.
	about, metadata bool

	// object and items are where these are, if they are an object and an array.
	object, items span
}

// verdict is what an object is.
type verdict uint8

const (
	// unknown may hold something that is known.
	unknown verdict = iota
	// foreign is another object of Kubernetes, or half of an audit event. What it
	// holds is not looked at: its author is anyone who may write such objects.
	foreign
	kubeEvent
	auditEvent
	// kubeEvents and auditEvents are lists whose items need not say what they are,
	// and listed is one whose items have to.
	kubeEvents
	auditEvents
	listed
	// watched is a notice with an object.
	watched
)

// verdict tells what the object is. Items of typed lists, and what kubernetes_events
// makes of them, have neither kind nor apiVersion.
func (s *shape) verdict() verdict {
	kube := s.version == versionCore || s.version == versionEvents
	bare := s.version == versionNone
	switch {
	case s.kind == kindEvent && s.version == versionAudit, s.kind == kindEvent && bare && s.auditID:
		return auditEvent
	case s.kind == kindNone && (bare || s.version == versionAudit) && s.auditID && s.request:
		return auditEvent
	case s.kind == kindEvent && kube, s.kind == kindEvent && bare && s.about:
		return kubeEvent
	case s.kind == kindNone && (bare || kube) && s.about && s.metadata:
		return kubeEvent
	case s.kind == kindEventList && s.version == versionAudit:
		return auditEvents
	case s.kind == kindEventList && (bare || kube):
		return kubeEvents
	case s.kind == kindList && (bare || s.version == versionCore):
		return listed
	case s.kind == kindNone && bare && s.notice != noticeNone && s.object.found():
		return watched
	case s.kind == kindNone && bare && !s.auditID && s.items.found():
		return listed
	case s.kind != kindNone && !bare, s.auditID:
		return foreign
	}
	return unknown
}

// mayBe reports whether the object says that it is an event, or has what every one
// of that kind has.
func (s *shape) mayBe(of event.Kind) bool {
	switch {
	case s.decided():
		return true
	case of == event.KindAudit:
		return s.auditID && s.request
	default:
		return s.about && s.metadata
	}
}

// decided reports whether nothing that follows could make the object another.
func (s *shape) decided() bool {
	return s.kind == kindEvent && s.version != versionNone && s.version != versionOther
}

// nature is what a value is, as far as shapes care.
type nature uint8

const (
	natureOther nature = iota
	natureText
	natureObject
	natureArray
)

// member takes a member of the object. text is the value where it is a string.
func (s *shape) member(name []byte, is nature, text []byte, at span) {
	switch string(name) {
	case "kind":
		s.kind = readKind(is, text)
	case "apiVersion":
		s.version = readVersion(is, text)
	case "type":
		s.notice = readNotice(text)
	case "object":
		s.object = where(is == natureObject, at)
	case "items":
		s.items = where(is == natureArray, at)
	case "metadata":
		s.metadata = is == natureObject
	case "involvedObject", "regarding":
		s.about = s.about || is == natureObject
	case "auditID":
		s.auditID = true
	case "stage", "level", "verb":
		s.request = s.request || is == natureText
	case keyReceived:
		s.received = true
	case keyStage:
		s.stage = true
	}
}

func where(found bool, at span) span {
	if !found {
		return span{}
	}
	return at
}

func readKind(is nature, text []byte) kind {
	if is != natureText {
		return kindOther
	}
	switch string(text) {
	case "":
		return kindNone
	case "Event":
		return kindEvent
	case "EventList":
		return kindEventList
	case "List":
		return kindList
	}
	return kindOther
}

func readVersion(is nature, text []byte) version {
	switch {
	case is != natureText:
		return versionOther
	case len(text) == 0:
		return versionNone
	case string(text) == "v1":
		return versionCore
	case bytes.HasPrefix(text, []byte("events.k8s.io/")):
		return versionEvents
	case bytes.HasPrefix(text, []byte("audit.k8s.io/")):
		return versionAudit
	}
	return versionOther
}

func readNotice(text []byte) notice {
	switch string(text) {
	case "ADDED", "MODIFIED":
		return noticePresent
	case "DELETED":
		return noticeDeleted
	case "BOOKMARK":
		return noticeBookmark
	}
	return noticeNone
}

// shape reads the map that begins here and moves behind it. It reports false if
// the value is no map.
func (u *unpacker) shape() (shape, bool, error) {
	var s shape
	v, err := u.next()
	if err != nil {
		return s, false, err
	}
	if v.form != formMap {
		return s, false, u.rest(v)
	}
	for range v.n {
		name, err := u.name()
		if err != nil {
			return s, false, err
		}
		at := u.pos
		v, err := u.next()
		if err != nil {
			return s, false, err
		}
		is, text := natureOther, []byte(nil)
		switch v.form {
		case formStr, formBin:
			is, text = natureText, u.data[u.pos:u.pos+v.n]
		case formMap:
			is = natureObject
		case formArray:
			is = natureArray
		default:
			// Of no matter to a shape.
		}
		if err := u.rest(v); err != nil {
			return s, false, err
		}
		s.member(name, is, text, span{at, u.pos})
	}
	return s, true, nil
}

// name reads a key, which is nil where it is no string.
func (u *unpacker) name() ([]byte, error) {
	v, err := u.next()
	if err != nil {
		return nil, err
	}
	if v.form == formStr || v.form == formBin {
		return u.payload(v), nil
	}
	return nil, u.rest(v)
}
