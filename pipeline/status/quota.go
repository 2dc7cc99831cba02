package status

import "unique"

// quota is what all namespaces share. One may take no more than it leaves to
// others, so that a tenant cannot use up what all have.
type quota struct {
	most, used int64
	by         map[unique.Handle[string]]int64
}

func newQuota(most int64) quota {
	return quota{most: most, by: map[unique.Handle[string]]int64{}}
}

// allows reports whether a namespace may take n more.
func (q *quota) allows(in unique.Handle[string], n int64) bool {
	return q.by[in]+n <= q.most-q.used
}

// take notes that a namespace takes n, or gives back as much if it is negative.
func (q *quota) take(in unique.Handle[string], n int64) {
	q.used += n
	if q.by[in] += n; q.by[in] == 0 {
		delete(q.by, in)
	}
}

// What all may take: bytes of texts that explain the states of objects, and objects
// that are missed although nobody says that they should be there.
const (
	maxDetails = 128 << 20
	maxMissed  = 20_000
)

// keep has an entry keep a detail in place of the one before. Where there is no room
// for it, it keeps as much as all may have.
func (t *Tracker) keep(e *entry, d *detail) {
	if e.detail != nil {
		t.details.take(e.namespace, -e.detail.size)
	}
	e.detail = d
	if d == nil {
		return
	}
	if d.size = d.bytes(); d.size > leastDetail && !t.details.allows(e.namespace, d.size) {
		d.lessen()
		d.size = d.bytes()
	}
	t.details.take(e.namespace, d.size)
}

// leastDetail is how much a detail takes for which there is always room, about.
const leastDetail = 512

// bytes returns about how much memory a detail takes.
func (d *detail) bytes() int64 {
	n := len(d.message)
	if c := d.condition; c != nil && c.Message != d.message {
		n += len(c.Message)
	}
	for i := range d.containers {
		if m := d.containers[i].Message; m != d.message {
			n += len(m)
		}
	}
	for i := range d.drifts {
		n += len(d.drifts[i].Path) + len(d.drifts[i].Desired) + len(d.drifts[i].Live)
	}
	return int64(n)
}

// lessen drops what takes much memory.
func (d *detail) lessen() {
	d.message = cut(d.message, maxReason)
	d.condition, d.containers = nil, nil
	d.omitted += int64(len(d.drifts))
	d.drifts = nil
}

// told drops what is told once of an entry.
func (t *Tracker) told(e *entry) {
	d := e.detail
	if d == nil {
		return
	}
	d.told()
	t.details.take(e.namespace, -d.size)
	d.size = d.bytes()
	t.details.take(e.namespace, d.size)
}

// miss notes whether an entry is missing.
func (t *Tracker) miss(e *entry, is bool) {
	switch _, was := t.missed[e]; {
	case is == was:
	case is:
		t.missed[e] = struct{}{}
		t.missing.take(e.namespace, 1)
	default:
		delete(t.missed, e)
		t.missing.take(e.namespace, -1)
	}
}
