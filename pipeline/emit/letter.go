package emit

import (
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// DeadLetter is a record that the downstream will never take.
type DeadLetter struct {
	// Time is when that was found.
	Time time.Time
	// To is the downstream without credentials, and Reason what it said.
	To, Reason string
	ID         event.RecordID
	// Record is the record in the format of the downstream.
	Format Format
	Record []byte
}

// letterWriter keeps dead letters. DeadLetters is one.
type letterWriter interface {
	// Write returns nil once all letters are on disk. After an error none or some
	// of them may be, and it is called with the same again.
	Write(letters ...DeadLetter) error
}
