package rule

import (
	"iter"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Metadata are the labels or annotations of an object. Rules that search them
// use Next of a Walked, which costs no allocation.
type Metadata interface {
	// Get returns the value of a key.
	Get(key string) (value string, ok bool)
	// All yields all keys and values in the order of the keys.
	All() iter.Seq2[string, string]
}

// Walked is a Metadata that can be walked through without an iterator.
type Walked interface {
	Metadata
	// Next returns the key and value at a position, which is 0 for the first, and
	// the position after them. Behind the last it is not ok. The order is that of
	// the keys.
	Next(at int) (key, value string, next int, ok bool)
}

// Object is an object as rules see it.
type Object struct {
	// Ref has at least Kind and Name; APIVersion, Resource and UID where they
	// are known.
	Ref         event.ObjectRef
	Labels      Metadata
	Annotations Metadata
}

// Registry answers what cannot be read off an object. It is called from within
// Set.Match only.
type Registry interface {
	// Claimed returns the application that tool itself says the object is part
	// of: the release's manifest, the status of the Application.
	Claimed(tool event.Tool, object event.ObjectRef) (event.Application, bool)
	// Selected returns the Application of app.k8s.io that selects the object.
	Selected(object *Object) (event.Application, bool)
}

// Doc is what a rule does, for users.
type Doc struct {
	Rule event.Rule
	Tool event.Tool
	// Labels and Annotations are the keys that the rule reads.
	Labels      []string
	Annotations []string
	// Reads is what else it goes by.
	Reads string
	// Yields says what becomes of what was read.
	Yields string
}

// rule is a way to tie an object to an application.
type rule struct {
	Doc
	// match returns the application, less Tool, Via and what complete adds, and
	// which object of the chain it was read off; none where there is none.
	match func(c chain) (event.Application, int)
}

// none is the index of no object.
const none = -1
