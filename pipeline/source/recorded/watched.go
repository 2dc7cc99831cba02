package recorded

import (
	"bytes"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Types of what a watch tells, as kubectl prints them with --output-watch-events.
const (
	watchAdded    = "ADDED"
	watchModified = "MODIFIED"
	watchDeleted  = "DELETED"
	watchBookmark = "BOOKMARK"
	watchError    = "ERROR"
)

// unpacked is an event or object that was found in a piece.
type unpacked struct {
	found
	members members
	// list is what the list that it is an item of says of it; nil where it is in
	// none or has a kind of its own.
	list *typeMeta
	// failed is set on what is no object, but says that a watch ended with an error.
	failed bool
}

// unpack calls each with the objects in a JSON value: itself, the items of a list or
// an array, or what a watch tells of. What it does not know is passed on as it is.
func unpack(raw []byte, list *typeMeta, each func(unpacked)) {
	text := bytes.TrimLeft(raw, " \t\r\n")
	at := len(raw) - len(text)
	if len(text) == 0 || listed(text, span{0, len(text)}, func(s span) { single(s.in(text), at+s.from, nil, each) }) {
		return
	}
	m := membersOf(text)
	if m.isEmpty() {
		return
	}
	if m.isList() {
		of := itemsOf(string(m.version), string(m.kind))
		if listed(text, m.items, func(s span) { single(s.in(text), at+s.from, of, each) }) {
			return
		}
	}
	tell(m, text, at, list, each)
}

// single takes one object, or what a watch tells of it.
func single(raw []byte, at int, list *typeMeta, each func(unpacked)) {
	tell(membersOf(raw), raw, at, list, each)
}

func tell(m members, raw []byte, at int, list *typeMeta, each func(unpacked)) {
	u := unpacked{found: found{raw: raw, at: at, change: event.Updated}, members: m, list: list}
	if m.object.to > 0 && !m.kinded {
		switch string(m.change) {
		case watchAdded, watchModified, watchDeleted:
			u.raw, u.at, u.list = m.object.in(raw), at+m.object.from, nil
			u.members = membersOf(u.raw)
			if string(m.change) == watchDeleted {
				u.change = event.Deleted
			}
		case watchBookmark:
			return
		case watchError:
			u.failed = true
		}
	}
	u.moment, u.timed = u.members.moment()
	each(u)
}

// complain says that a recorded watch ended early.
func (s *Source) complain(in *input, offset int64) {
	s.opts.Logger.Warn("a recorded watch ended with an error: what came later may be missing", "file", in.name, "offset", offset)
}
