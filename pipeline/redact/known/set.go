package known

import (
	"sync"
	"unsafe"

	"github.com/fluent-live/live-status/pipeline/redact/match"
)

const (
	// MinLength is the least length of a value that can be asked for, in bytes.
	// What is shorter is met by chance in every record.
	MinLength = 4
	// DefaultMinLength holds where none is asked for.
	DefaultMinLength = 6
	// MaxValues is how many values are looked for.
	MaxValues = 60_000
	// MaxValue is the length of the longest value, in bytes. Of a longer one the
	// first MaxValue bytes are looked for, and it is told among the skipped.
	MaxValue = 1 << 20
)

// A Value is a sensitive one.
type Value struct {
	// Name is what stands in records: [redacted:Name].
	Name string
	// Text is what must not. White space around it does not count.
	Text string
}

// Options say which values are looked for.
type Options struct {
	// MinLength is the least length of a value, in bytes, without white space
	// around it. Zero is DefaultMinLength, less than MinLength is MinLength.
	MinLength int
	// Stop are values that are never looked for, whatever their case, besides
	// those that would wreck every record.
	Stop []string
}

// Skipped is a value that is not looked for, and why.
type Skipped struct {
	Name, Reason string
}

// A Set is a number of values, made ready to be replaced. It does not change.
type Set struct {
	values   []value
	patterns *match.Set
	// owners are indexes of forms. Those of the pattern i are from first[i] to
	// before first[i+1].
	owners, first []int32
	forms         []form
	// shortest is the length of the shortest pattern.
	shortest int
	// plain is set if texts with line breaks are to be searched with them as
	// well: without its white space some value would be too short.
	plain bool
	// unstable is set if some value looks escaped.
	unstable bool
	// foreign is set if some value is text that is not all ASCII.
	foreign bool
	bytes   int64
	pool    sync.Pool
}

// value is what replaces a value.
type value struct{ name, mark string }

// Len returns the number of values that are looked for.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.values)
}

// Bytes returns the memory that s holds, in bytes.
func (s *Set) Bytes() int64 {
	if s == nil {
		return 0
	}
	return s.bytes
}

// Compile makes a Set of values. It returns those that are not looked for as
// well, in the order of their names; nothing in what it returns for them quotes
// a value. Of equal values the first in the order of names gives its name.
//
// Of a value that is a JSON document, such as the key of a service account,
// the strings in it whose key names a secret are values of the same name.
func Compile(values []Value, o Options) (*Set, []Skipped) {
	c := newCollection(o)
	c.add(values)
	s := &Set{}
	b := builder{set: s, least: c.least, index: make(map[string]int32)}
	for i, text := range c.texts {
		b.value(int32(i), text)
	}
	b.finish()
	s.values = make([]value, len(c.texts))
	memory := int64(len(s.forms))*int64(unsafe.Sizeof(form{})) + 4*int64(len(s.owners)+len(s.first)) +
		s.patterns.Bytes() + b.texts
	for i, name := range c.names {
		s.values[i] = s.named(i, name)
		memory += int64(unsafe.Sizeof(value{})) + int64(2*len(s.values[i].mark))
	}
	s.bytes = memory
	return s, c.skipped
}
