// Package watch reads one collection of an API server as raw JSON: it lists what
// is there, watches what comes, and after an interruption goes on where it was.
//
// It is made for what others write and for connections that die in silence. An
// object is split from the stream without being understood, so that none can
// stop those after it; a server that says nothing is left; a version that the
// server no longer has leads to a new list. Objects are handed on one at a time
// and none is kept, so the size of a list does not matter.
//
// There is no queue: while the handler is busy the connection waits, and the API
// server ends the watch at some time. Nothing is dropped here.
package watch
