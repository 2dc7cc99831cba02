package status

import (
	"strings"
	"unicode/utf8"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxChain is how many owners are followed at most. Real chains have five.
const maxChain = 16

// mark is something that an entry is.
type mark uint16

const (
	// live objects are there.
	live mark = 1 << iota
	// unseen objects were remembered from an earlier run, and not told of since.
	unseen
	// top objects have no owner.
	top
	// applied objects bear what kubectl last applied.
	applied
	deleting
	// excluded objects do not count for their application.
	excluded
	// compared objects are such of which a comparison is to come.
	compared
	// dropped objects are of a kind that nothing is told of any more.
	dropped
	// checked is set once an expected object that was not told of was asked for.
	checked
	// broken is set while the watch is.
	broken
	// leading objects count as a part of their application that lives on.
	leading
	// again is set where a record is to be followed up, and snapshot where one is
	// due although nothing changed.
	again
	snapshot
	// doubtful entries are told of anew, because it is not known what was told last.
	doubtful
	// queued and searched entries are in the queues of these names.
	queued
	searched
)

// entry is what is kept of an object.
type entry struct {
	kind *kind
	place
	// uid is that of the object that lives or last did.
	uid uid
	// owner is the UID of the one that parent has to have; else the object that
	// the reference meant is another.
	owner                     uid
	parent, child, next, prev *entry

	app              *application
	appNext, appPrev *entry

	// own is by the object's own account, cur by all that is known, and said is
	// what the last record told.
	own, cur state
	said     said
	// changed is when the present health and sync began, noted when anything last
	// changed that a record tells, and gone when the object went or began to be
	// expected; all in Unix nanoseconds.
	changed, noted, gone int64
	// look is when to look at it again; 0 if nothing is due.
	look int64
	// list is the number of the last list that the object was part of.
	list    uint64
	version uint64
	// meta is a hash of what decides to which application the object belongs.
	meta uint64
	// detail is nil where there is nothing to tell but the state.
	detail *detail
	// warnings are the newest first.
	warnings *warning
	epoch    uint32
	// expected is how many say that the object should be there.
	expected int32
	flags    mark
}

// said is what the last record of an object told.
type said struct {
	state
	// since is when its health and sync began, in Unix nanoseconds.
	since int64
	// seq is the number of the record, and version that of the object.
	seq, version uint64
}

// unlisted is the list of objects of which it is not known whether one had them.
const unlisted = ^uint64(0)

func (e *entry) is(f mark) bool { return e.flags&f != 0 }

func (e *entry) set(f mark, on bool) {
	if on {
		e.flags |= f
	} else {
		e.flags &^= f
	}
}

// ref returns what names the object.
func (e *entry) ref() event.ObjectRef {
	return event.ObjectRef{
		APIVersion: e.kind.apiVersion, Kind: e.kind.Kind, Resource: e.kind.resource,
		Namespace: event.Namespace(e.namespace.Value()), Name: e.name, UID: e.uid.UID(), ResourceVersion: versionText(e.version),
	}
}

// up returns the owner, nil if there is none that is known.
func (e *entry) up() *entry {
	if e.parent == nil || e.parent.uid != e.owner {
		return nil
	}
	return e.parent
}

// belong makes parent the owner of the entry; nil makes it have none.
func (e *entry) belong(parent *entry) {
	if e.parent == parent {
		return
	}
	if e.parent != nil {
		if e.prev != nil {
			e.prev.next = e.next
		} else {
			e.parent.child = e.next
		}
		if e.next != nil {
			e.next.prev = e.prev
		}
		e.next, e.prev = nil, nil
	}
	if e.parent = parent; parent == nil {
		return
	}
	if e.next = parent.child; e.next != nil {
		e.next.prev = e
	}
	parent.child = e
}

// detail is what a record tells besides the state.
type detail struct {
	reason, message string
	condition       *event.Condition
	containers      []event.ContainerState
	desiredBy       event.DesiredBy
	drifts          []event.Drift
	omitted         int64
	// wanting is until when a first warning is news, in Unix nanoseconds.
	wanting int64
	// size is how much it is counted as, in bytes.
	size int64
}

// What is kept of an object's texts, in bytes, and how many containers.
const (
	maxReason     = 256
	maxMessage    = 4 << 10
	maxContainers = 8
	// maxDrifts bounds paths and values until they were told, maxDriftPaths the
	// paths that are kept after that.
	maxDrifts     = 64 << 10
	maxDriftPaths = 2 << 10
)

// cut returns a copy of the beginning of s, of n bytes at most.
func cut(s string, n int) string {
	if len(s) > n {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.Clone(s)
}

// word returns s in memory that all share who have the same; of n bytes at most.
func word(s string, n int) string {
	if len(s) > n {
		s = cut(s, n)
	}
	return unique.Make(s).Value()
}

// newDetail copies what is kept of an assessment and a comparison.
func newDetail(own state, a *event.Assessment, c *event.Comparison) *detail {
	message := a.Message
	if message == "" {
		message = c.Message
	}
	worse := own.status() >= statusProgressing
	if a.Reason == "" && message == "" && c.DesiredBy == "" && len(c.Drifts) == 0 && !worse {
		return nil
	}
	d := &detail{reason: word(a.Reason, maxReason), message: cut(message, maxMessage), desiredBy: event.DesiredBy(word(string(c.DesiredBy), maxReason))}
	if worse {
		d.condition = d.newCondition(a.Condition)
		for i := range a.Containers {
			if i == maxContainers {
				break
			}
			d.containers = append(d.containers, d.newContainer(&a.Containers[i]))
		}
	}
	d.omitted = c.Omitted
	size := 0
	for i := range c.Drifts {
		drift := &c.Drifts[i]
		if size += len(drift.Path) + len(drift.Desired) + len(drift.Live) + len(drift.Manager); size > maxDrifts {
			d.omitted += int64(len(c.Drifts) - i)
			break
		}
		d.drifts = append(d.drifts, event.Drift{
			Path: strings.Clone(drift.Path), Desired: event.JSON(strings.Clone(string(drift.Desired))),
			Live: event.JSON(strings.Clone(string(drift.Live))), Manager: word(drift.Manager, maxReason),
		})
	}
	return d
}

// share returns a copy of s, or the message where that is the same.
func (d *detail) share(s string) string {
	if s == d.message {
		return d.message
	}
	return cut(s, maxMessage)
}

func (d *detail) newCondition(c *event.Condition) *event.Condition {
	if c == nil {
		return nil
	}
	return &event.Condition{
		Type: word(c.Type, maxReason), Status: word(c.Status, maxReason), Reason: word(c.Reason, maxReason),
		Message: d.share(c.Message), Time: c.Time,
	}
}

func (d *detail) newContainer(c *event.ContainerState) event.ContainerState {
	return event.ContainerState{
		Name: word(c.Name, maxReason), State: word(c.State, maxReason), Reason: word(c.Reason, maxReason),
		Message: d.share(c.Message), ExitCode: c.ExitCode, Restarts: c.Restarts, Last: c.Last,
	}
}

// told drops the values of drifts, which are told once.
func (d *detail) told() {
	if d == nil {
		return
	}
	size := 0
	for i := range d.drifts {
		d.drifts[i].Desired, d.drifts[i].Live = "", ""
		if size += len(d.drifts[i].Path); size > maxDriftPaths {
			d.omitted += int64(len(d.drifts) - i)
			d.drifts = append([]event.Drift(nil), d.drifts[:i]...)
			return
		}
	}
}
