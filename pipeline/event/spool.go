package event

import (
	"errors"
	"time"
)

// Spooled is what was sent to a source and stored before the sender was
// answered: it is on disk until everything in it has been handed on.
type Spooled struct {
	// Seq is given by the spool: it grows with every body and is never used
	// again.
	Seq int64
	// Sender is the IP address that it came from.
	Sender string
	// Received is when it had been read in full.
	Received time.Time
	// Body is what was sent, decompressed. Nobody changes it.
	Body []byte
	// Damaged is set where the body is stored but cannot be read, now or later.
	// Body is then nil.
	Damaged bool
}

// ErrSpoolFull is returned where a spool has no room for a body until others
// have been handed on: the sender shall come back.
var ErrSpoolFull = errors.New("the spool is full")
