package fluentbit

import (
	"github.com/fluent-live/live-status/pipeline/event"
)

// tree is a value with objects in it, in msgpack or in JSON.
type tree interface {
	// shape tells of the object at that place; false if there is none.
	shape(at span) (shape, bool)
	// elements calls each with the place of every element of the array at that
	// place, until it returns false. It reports whether the array could be read.
	elements(at span, each func(element span) bool) bool
	// item appends what is at that place to the batch.
	item(kind event.Kind, change event.Change, at span, what lost) error
	// bytes returns what is at that place.
	bytes(at span) []byte
}

// packed is a chunk, all of which is known to be msgpack.
type packed struct {
	data  []byte
	batch *batch
}

func (p *packed) shape(at span) (shape, bool) {
	u := unpacker{data: p.data, pos: at.from}
	s, ok, err := u.shape()
	return s, ok && err == nil
}

func (p *packed) elements(at span, each func(element span) bool) bool {
	u := unpacker{data: p.data, pos: at.from}
	v, err := u.next()
	if err != nil || v.form != formArray {
		return false
	}
	for range v.n {
		begin := u.pos
		if u.skip() != nil {
			return false
		}
		if !each(span{begin, u.pos}) {
			break
		}
	}
	return true
}

func (p *packed) item(kind event.Kind, change event.Change, at span, what lost) error {
	return p.batch.addPacked(kind, change, at, what)
}

func (p *packed) bytes(at span) []byte { return p.data[at.from:at.to] }

// text is a string that may be JSON, without white space around it.
type text struct {
	data  []byte
	batch *batch
}

func (t *text) shape(at span) (shape, bool) {
	if at.from >= at.to || t.data[at.from] != '{' {
		return shape{}, false
	}
	s := scanner{data: t.data[:at.to], pos: at.from}
	return s.shape(), true
}

func (t *text) elements(at span, each func(element span) bool) bool {
	s := scanner{data: t.data[:at.to], pos: at.from}
	return s.elements(each)
}

// item appends a text as it is: nothing was taken out of it.
func (t *text) item(kind event.Kind, change event.Change, at span, _ lost) error {
	return t.batch.addText(kind, change, t.bytes(at))
}

func (t *text) bytes(at span) []byte { return t.data[at.from:at.to:at.to] }
