package objects

import "github.com/fluent-live/live-status/pipeline/event"

// whole reports whether objects of a kind are read with spec and status.
func (s *Source) whole(r event.APIResource) bool { return s.opts.Reads(r) || s.opts.Yields(r) }

// defining reports whether the objects of a kind say which kinds there are.
func defining(r event.GroupResource) bool {
	return r == event.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"} ||
		r == event.GroupResource{Group: "apiregistration.k8s.io", Resource: "apiservices"}
}
