package change

import (
	"bytes"
	"container/list"
	"slices"
	"strconv"
)

// entryBytes is what an entry of a store takes besides its key, version and
// snapshot: about, on 64 bits.
const entryBytes = 256

// stored is what is known of an object.
type stored struct {
	head

	key      string
	snapshot []byte
}

func (s *stored) size() int64 {
	return int64(len(s.key)+len(s.version)+cap(s.snapshot)) + entryBytes
}

// store keeps the objects that were written last, within its bounds.
type store struct {
	options Options
	objects map[string]*list.Element
	// order has the object that was written last in front.
	order list.List
	bytes int64
}

func newStore(o Options) *store {
	return &store{options: o, objects: map[string]*list.Element{}}
}

// get returns what is known of an object, nil if nothing is.
func (s *store) get(key []byte) *stored {
	if e, ok := s.objects[string(key)]; ok {
		return e.Value.(*stored)
	}
	return nil
}

// put keeps a copy of what is known of an object, unless it is older than what
// is known already.
func (s *store) put(key []byte, h head, snapshot []byte) {
	if old := s.get(key); old != nil && older(h.version, old.version) {
		return
	}
	s.drop(key)
	o := &stored{head: h, key: string(key), snapshot: slices.Clip(bytes.Clone(snapshot))}
	// One object must not be worth all others.
	if o.size() > s.options.MaxBytes/4 {
		return
	}
	s.objects[o.key] = s.order.PushFront(o)
	s.bytes += o.size()
	for s.bytes > s.options.MaxBytes || len(s.objects) > s.options.MaxObjects {
		s.remove(s.order.Back())
	}
}

// drop forgets an object.
func (s *store) drop(key []byte) {
	if e, ok := s.objects[string(key)]; ok {
		s.remove(e)
	}
}

func (s *store) remove(e *list.Element) {
	o := s.order.Remove(e).(*stored)
	delete(s.objects, o.key)
	s.bytes -= o.size()
}

// older reports whether a is certainly an older version than b. Versions of a
// kind rise as decimal numbers do (Kubernetes 1.35); others are not compared.
func older(a, b string) bool {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	return errX == nil && errY == nil && x < y
}
