package rule

import (
	"iter"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Labels is a Metadata over labels in the order of their keys, each key once, as
// event.Live has them.
type Labels []event.Label

var _ Walked = Labels(nil)

// Get returns the value of a key.
func (l Labels) Get(key string) (string, bool) {
	// Written out, since this is what takes the most time of a search.
	low, high := 0, len(l)
	for low < high {
		if mid := int(uint(low+high) >> 1); l[mid].Key < key {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == len(l) || l[low].Key != key {
		return "", false
	}
	return l[low].Value, true
}

// All yields all keys and values.
func (l Labels) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, l := range l {
			if !yield(l.Key, l.Value) {
				return
			}
		}
	}
}

// Next returns the key and value at an index.
func (l Labels) Next(at int) (key, value string, next int, ok bool) {
	if at >= len(l) {
		return "", "", at, false
	}
	return l[at].Key, l[at].Value, at + 1, true
}

// get returns the value of a key of a Metadata that may be nil.
func get(m Metadata, key string) (string, bool) {
	if m == nil {
		return "", false
	}
	return m.Get(key)
}
