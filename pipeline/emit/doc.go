// Package emit hands batches of encoded records to what comes after the output
// plugin: a file, standard output, an HTTP server or a server of the Fluent
// forward protocol.
//
// A Client is one downstream: it sends a batch and returns once the downstream
// has acknowledged it. A Deliverer stands before it and does what all downstreams
// need: it tries again for as long as it takes, finds the records that the
// downstream will never take and writes them to the dead letters, so that one of
// them does not hold up all others.
//
// Nothing is queued here: Deliver returns once the batch is settled, and whoever
// calls it waits. A downstream that is gone thus makes the sources wait, and no
// record is dropped. A record is sent again only where it is not known that it
// arrived; it has the same id then.
//
// All connections are ours to start. What a downstream answers is bounded in
// size and time, and neither errors nor logs quote a credential.
package emit
