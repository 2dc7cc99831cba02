// Package pipeline puts the stages together: it starts the sources, drives
// every item through decode, dedup, redact and encode into a batch, and commits
// the positions of a batch once the host has it. Events of the audit trail also
// pass a filter before and the search for what they changed after dedup.
//
// The guarantee. A batch is handed to the host by Take. A later Take says that
// it has the batch, provided that it had the time to pass it on (Options.Settled)
// and is not paused; only then are the batch's positions and keys committed, in
// one transaction, and only after that is another batch handed over. So a crash
// at any moment repeats at most one batch and loses none.
//
// Bounds. Items wait in a channel of fixed length, records in one batch of
// Config.BatchMaxBytes. When both are full the sources wait: the rest stays
// where it is, at the API server, in the log file or in the webhook's spool,
// which refuses more when it is full. A cursor that cannot be written stops the
// hand-over in the same way until it can be.
//
// Goroutines. One or a few per source, one that runs the stages, one that commits. All
// end in Close.
package pipeline
