// Package events reads Kubernetes events from an API server: it lists what is
// there, watches what comes, and after any interruption goes on where it was.
//
// What it yields is complete and ordered, not free of repeats: a list that has
// to start over yields its first pages again. The dedup stage drops those.
//
// When the sink is full the source waits, and with it the connection: the API
// server then ends the watch at some time, and it is resumed from the position
// reached. Nothing is dropped here.
package events
