package emit

import (
	"context"
	"time"
)

// Client is one downstream. It is used by one goroutine.
type Client interface {
	// Format is how it wants records.
	Format() Format
	// Send returns nil once the downstream has acknowledged all records of b, which
	// is not empty. It returns a *RefusedError where the downstream will not take
	// them, however often they are sent. After any other error it is not known
	// whether they arrived, and the same batch may be sent again; a *RetryError says
	// when. It tries only once, and returns soon after ctx has ended.
	Send(ctx context.Context, b Batch) error
	// Close ends the connection. Nothing is sent after it.
	Close() error
}

// RefusedError says that the downstream will not take records as they are.
type RefusedError struct {
	// Reason is why, for a person. It holds no credential.
	Reason string
	// Records are the indexes of those that are refused, in order and each once, and
	// the downstream has acknowledged all others. It is nil where the downstream does
	// not say which: then some or all are refused.
	Records []int
	// TooLarge is set where they are refused for their size together. Records is nil.
	TooLarge bool
}

// Error implements error.
func (e *RefusedError) Error() string { return e.Reason }

// RetryError says when a downstream wants to be asked again.
type RetryError struct {
	// After is how long it wants not to be.
	After time.Duration
	Err   error
}

// Error implements error.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *RetryError) Unwrap() error { return e.Err }

// PartialError says that the downstream has acknowledged the first records of a
// batch, and what went wrong then. It is not known whether the others arrived.
type PartialError struct {
	// Delivered is how many are acknowledged: more than none, less than all.
	Delivered int
	// Err is never a RefusedError.
	Err error
}

// Error implements error.
func (e *PartialError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *PartialError) Unwrap() error { return e.Err }

// EndedError says that a batch was not delivered to its end.
type EndedError struct {
	// Done is how many records at its beginning were acknowledged or are among the
	// dead letters. It is not known whether the others arrived.
	Done int
	Err  error
}

// Error implements error.
func (e *EndedError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *EndedError) Unwrap() error { return e.Err }
