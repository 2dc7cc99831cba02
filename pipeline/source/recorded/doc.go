// Package recorded reads what was recorded of a cluster (audit logs, lists and
// watches of events, dumps of objects) and yields it in the order of time, as if
// it happened now.
//
// Objects come first and whole, to a callback. Then the events and audit events
// are merged: each file is read from its beginning to its end, and a window in
// front of it puts in order what is nearly in order. What comes later than the
// window can tell is yielded at once and counted. A file is opened when the time
// of its first lines comes, so that hundreds of rotated ones cost no more than
// the few that overlap.
//
// Memory does not grow with the audit logs. Lists of events are in no order at
// all, so all events are indexed first, in 32 bytes each. Those in a plain file
// are read from there again when their time comes. What cannot be read twice (a
// pipe, a compressed file, YAML) is kept, and beyond a limit written to a
// temporary file. That is deleted at once, and encrypted with a key that never
// leaves this process: nothing in it has been redacted.
//
// When the sink is full the source waits. Nothing is dropped: what cannot be read
// becomes an item that says so, and a file that cannot be read to its end is
// named by Err once what was there has been yielded.
//
// A read of a pipe cannot be called off where the operating system does not let
// it be: one goroutine may then wait in it after Run has returned, until the
// other end writes or closes.
package recorded
