package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// stalledError says that the server said nothing for too long.
type stalledError struct{ after time.Duration }

func (e *stalledError) Error() string {
	return fmt.Sprintf("the server said nothing for %s", e.after)
}

// IsStalled reports whether an error is that of a server which said nothing for
// too long.
func IsStalled(err error) bool {
	var s *stalledError
	return errors.As(err, &s)
}

// watchdog ends a request that makes no progress. It is armed while the
// request waits for the server, not while the server waits for us: a full sink
// is no reason to give up a connection.
type watchdog struct {
	limit  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	cause  func() error
}

// newWatchdog returns an armed watchdog and the context that it ends.
func newWatchdog(parent context.Context, limit time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(parent)
	d := &watchdog{limit: limit, cancel: cancel, cause: func() error { return context.Cause(ctx) }}
	d.timer = time.AfterFunc(limit, func() { cancel(&stalledError{after: limit}) })
	return ctx, d
}

func (d *watchdog) arm() {
	d.timer.Stop()
	limit := d.limit
	d.timer = time.AfterFunc(limit, func() { d.cancel(&stalledError{after: limit}) })
}

func (d *watchdog) stop() {
	d.timer.Stop()
	d.cancel(nil)
}

// explain replaces the error that the end of the context led to by the reason
// for that end.
func (d *watchdog) explain(err error) error {
	if err == nil {
		return nil
	}
	if cause := d.cause(); IsStalled(cause) {
		return cause
	}
	return err
}

// progressReader arms the watchdog for the time of each read.
type progressReader struct {
	r        io.Reader
	dog      *watchdog
	received func()
}

func (p *progressReader) Read(b []byte) (int, error) {
	p.dog.arm()
	n, err := p.r.Read(b)
	p.dog.timer.Stop()
	if n > 0 {
		p.received()
	}
	return n, err
}
