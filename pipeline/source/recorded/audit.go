package recorded

import (
	"bytes"

	"github.com/fluent-live/live-status/pipeline/event"
)

// found is an item that a piece turned out to be, or to have in it.
type found struct {
	raw []byte
	// at is where it begins in the piece.
	at     int
	moment moment
	timed  bool
	change event.Change
}

// auditBegin is how kube-apiserver writes an audit event.
var auditBegin = []byte(`{"kind":"Event","apiVersion":"audit.k8s.io/`)

// auditsIn calls each with the audit events in a JSON value: itself, the items of a
// list or an array, or what is under the key log. What it does not know is passed
// on as it is, for the decoder to say what is wrong.
func auditsIn(raw []byte, each func(found)) {
	if bytes.HasPrefix(raw, auditBegin) {
		each(auditOf(raw, 0))
		return
	}
	text := bytes.TrimLeft(raw, " \t\r\n")
	at := len(raw) - len(text)
	if len(text) == 0 || listed(text, span{0, len(text)}, func(s span) { wrapped(s.in(text), at+s.from, each) }) {
		return
	}
	m := membersOf(text)
	if m.isEmpty() || m.isList() && listed(text, m.items, func(s span) { each(auditOf(s.in(text), at+s.from)) }) {
		return
	}
	unwrap(&m, text, at, each)
}

// wrapped takes an audit event that may be under the key log.
func wrapped(raw []byte, at int, each func(found)) {
	m := membersOf(raw)
	unwrap(&m, raw, at, each)
}

func unwrap(m *members, raw []byte, at int, each func(found)) {
	if m.log.to == 0 || m.kinded || m.audited {
		each(auditOf(raw, at))
		return
	}
	inner := m.log.in(raw)
	if inner[0] == '{' {
		each(auditOf(inner, at+m.log.from))
		return
	}
	text, ok := unquoted(inner)
	if !ok {
		text = raw
	}
	each(auditOf(bytes.TrimSpace(text), at))
}

func auditOf(raw []byte, at int) found {
	f := found{raw: raw, at: at}
	f.moment, f.timed = auditMoment(raw)
	return f
}
