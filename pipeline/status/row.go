package status

import (
	"encoding/binary"
	"errors"
	"strings"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// rowVersion is the first byte of all that is remembered.
const rowVersion = 1

// Keys begin with one of these. The parts of a key are separated by slashes.
const (
	keyObject      = "o/"
	keyApplication = "a/"
	// keyBase is that of the number which records without a UID have to exceed.
	keyBase event.StatusKey = "base"
	// keyAnnounced is that of the keys which may have been told and not remembered.
	keyAnnounced event.StatusKey = "announced"
)

// ErrRow is returned for a row that is none of ours.
var ErrRow = errors.New("not a remembered status")

var escaper, unescaper = strings.NewReplacer("%", "%25", "/", "%2F"), strings.NewReplacer("%25", "%", "%2F", "/")

func joinKey(prefix string, parts ...string) event.StatusKey {
	var b strings.Builder
	b.WriteString(prefix)
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('/')
		}
		if strings.ContainsAny(p, "%/") {
			p = escaper.Replace(p)
		}
		b.WriteString(p)
	}
	return event.StatusKey(b.String())
}

// splitKey is the reverse of joinKey.
func splitKey(key event.StatusKey, prefix string, parts int) ([]string, bool) {
	s, ok := strings.CutPrefix(string(key), prefix)
	if !ok {
		return nil, false
	}
	all := strings.Split(s, "/")
	for i := range all {
		all[i] = unescaper.Replace(all[i])
	}
	return all, len(all) == parts
}

func (e *entry) key() event.StatusKey {
	return joinKey(keyObject, e.kind.Group, e.kind.Kind, e.namespace.Value(), e.name)
}

func (a *application) rowKey() event.StatusKey {
	return joinKey(keyApplication, string(a.key.Tool), string(a.key.Namespace), a.key.Name, a.key.Environment, a.key.Tenant)
}

// What the flags of a row mean.
const (
	rowStale = 1 << iota
	rowTop
	rowApplied
	rowExcluded
	rowOwned
	rowOddUID
	rowUID
)

func flagOf(on bool, f byte) byte {
	if on {
		return f
	}
	return 0
}

// row returns what is remembered of what was told of an object.
func (e *entry) row() event.StatusRow {
	s := &e.said
	odd := e.uid.odd != (unique.Handle[string]{})
	b := make([]byte, 0, 128)
	b = append(b, rowVersion,
		flagOf(s.stale, rowStale)|flagOf(e.is(top), rowTop)|flagOf(e.is(applied), rowApplied)|flagOf(e.is(excluded), rowExcluded)|
			flagOf(e.app != nil, rowOwned)|flagOf(odd, rowOddUID)|flagOf(!odd && !e.uid.isZero(), rowUID),
		byte(s.health), byte(s.sync))
	b = binary.AppendUvarint(b, s.seq)
	b = binary.AppendUvarint(b, s.version)
	b = binary.AppendVarint(b, s.since)
	b = binary.AppendVarint(b, e.gone)
	b = binary.BigEndian.AppendUint64(b, s.drift)
	switch {
	case odd:
		b = appendText(b, e.uid.odd.Value())
	case !e.uid.isZero():
		b = append(b, e.uid.uuid[:]...)
	}
	b = appendText(b, e.kind.apiVersion)
	b = appendText(b, e.kind.resource)
	if e.app != nil {
		k := &e.app.key
		for _, s := range [...]string{string(k.Tool), string(k.Namespace), k.Name, k.Environment, k.Tenant} {
			b = appendText(b, s)
		}
	}
	return event.StatusRow{Key: e.key(), Data: b}
}

// row returns what is remembered of what was told of an application.
func (a *application) row() event.StatusRow {
	s := &a.said
	b := make([]byte, 0, 48)
	b = append(b, rowVersion, flagOf(s.stale, rowStale), byte(s.status), byte(s.health), byte(s.sync))
	b = binary.AppendUvarint(b, s.seq)
	b = binary.AppendUvarint(b, s.version)
	b = binary.AppendVarint(b, s.since)
	b = binary.BigEndian.AppendUint64(b, s.deciding)
	b = binary.BigEndian.AppendUint64(b, s.deployment)
	return event.StatusRow{Key: a.rowKey(), Data: b}
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// reader takes a row apart. Once it has met an end, all it returns is zero.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n uint64) []byte {
	if uint64(len(r.rest)) < n {
		r.rest, r.bad = nil, true
		return make([]byte, min(n, 16))
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte { return r.take(1)[0] }

func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.bad = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.rest, r.bad = nil, true
		return ""
	}
	return string(r.take(n))
}

// Restore tells what was remembered under a key, before anything else is told. A
// row that cannot be read is ErrRow and changes nothing: its object is then told of
// as if it were new.
func (t *Tracker) Restore(row event.StatusRow) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &reader{rest: row.Data}
	if r.byte() != rowVersion {
		return ErrRow
	}
	if row.Key == keyBase {
		base := r.uvarint()
		if r.bad || len(r.rest) > 0 {
			return ErrRow
		}
		t.base = max(t.base, base)
		return nil
	}
	if row.Key == keyAnnounced {
		return t.restoreAnnounced(r)
	}
	if parts, ok := splitKey(row.Key, keyObject, 4); ok {
		return t.restoreObject(parts, r)
	}
	if parts, ok := splitKey(row.Key, keyApplication, 5); ok {
		return t.restoreApplication(parts, r)
	}
	return ErrRow
}

func (t *Tracker) restoreObject(parts []string, r *reader) error {
	flags := r.byte()
	s := said{state: state{health: healthWord(r.byte()), sync: syncWord(r.byte()), stale: flags&rowStale != 0}}
	s.seq, s.version, s.since = r.uvarint(), r.uvarint(), r.varint()
	gone := r.varint()
	s.drift = r.uint64()
	var u uid
	switch {
	case flags&rowOddUID != 0:
		u = newUID(event.UID(r.text()))
	case flags&rowUID != 0:
		copy(u.uuid[:], r.take(uint64(len(u.uuid))))
	}
	apiVersion, resource := r.text(), r.text()
	var app event.Application
	if flags&rowOwned != 0 {
		app.Tool, app.Namespace, app.Name = event.Tool(r.text()), event.Namespace(r.text()), r.text()
		app.Environment, app.Tenant = r.text(), r.text()
	}
	if r.bad || len(r.rest) > 0 || int(s.health) >= len(healths) || int(s.sync) >= len(syncs) || s.isNone() ||
		parts[1] == "" || parts[3] == "" || groupOf(apiVersion) != parts[0] || apiVersion == "" {
		return ErrRow
	}
	k := t.kinds.add(apiVersion, parts[1], resource)
	e := t.entryOf(k, place{unique.Make(parts[2]), parts[3]})
	if e.is(unseen) {
		return ErrRow
	}
	e.uid, e.said, e.cur, e.gone = u, s, s.state, gone
	e.changed = s.since
	e.set(unseen, true)
	e.set(top, flags&rowTop != 0)
	e.set(applied, flags&rowApplied != 0)
	e.set(excluded, flags&rowExcluded != 0)
	t.counts[s.status()]++
	if s.health == healthMissing {
		t.miss(e, true)
	}
	if flags&rowOwned != 0 {
		t.setApplication(e, t.applicationOf(&app), 0)
	}
	return nil
}

func (t *Tracker) restoreApplication(parts []string, r *reader) error {
	var s applicationSaid
	s.stale = r.byte()&rowStale != 0
	s.status, s.health, s.sync = applicationWord(r.byte()), healthWord(r.byte()), syncWord(r.byte())
	s.seq, s.version, s.since = r.uvarint(), r.uvarint(), r.varint()
	s.deciding, s.deployment = r.uint64(), r.uint64()
	if r.bad || len(r.rest) > 0 || int(s.status) >= len(applicationStatuses) || s.status == applicationNone ||
		int(s.health) >= len(healths) || int(s.sync) >= len(syncs) {
		return ErrRow
	}
	app := t.applicationOf(&event.Application{
		Tool: event.Tool(parts[0]), Namespace: event.Namespace(parts[1]), Name: parts[2], Environment: parts[3], Tenant: parts[4],
	})
	app.said = s
	return nil
}
