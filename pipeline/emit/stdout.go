package emit

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
)

// stdout writes JSON Lines to standard output. A batch is acknowledged by being
// taken.
//
// A write may block for as long as the reader likes, and nothing can end it: it
// runs beside Send, which leaves it alone when its context ends.
type stdout struct {
	to io.Writer
	// busy is closed once the write that is under way has ended. Nothing else below
	// is touched until then.
	busy chan struct{}
	// rest is what is still to come of a record of which the beginning was taken,
	// and torn its id. No line is left half.
	rest []byte
	torn event.RecordID
	// wrote is how many records of the batch were taken, err why not all.
	wrote int
	err   error
}

// openStdout returns the downstream "stdout".
func openStdout(o Options) (Client, error) {
	s := &stdout{to: o.Stdout, busy: make(chan struct{})}
	if s.to == nil {
		s.to = os.Stdout
	}
	close(s.busy)
	return s, nil
}

func (s *stdout) Format() Format { return FormatJSON }

// Send writes b. Where its context ends while it is written, it is not known
// whether it was taken.
func (s *stdout) Send(ctx context.Context, b Batch) error {
	select {
	case <-s.busy:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// The write may last longer than the caller leaves the bytes alone.
	own := Batch{Data: append([]byte(nil), b.Bytes()...), Ends: make([]int, b.Len()), IDs: append([]event.RecordID(nil), b.IDs...)}
	end := 0
	for i := range own.Ends {
		end += len(b.Record(i))
		own.Ends[i] = end
	}
	busy := make(chan struct{})
	s.busy = busy
	go crash.Run(func() {
		defer close(busy)
		s.wrote, s.err = s.write(own)
	})
	select {
	case <-busy:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.err != nil && s.wrote > 0 {
		return &PartialError{Delivered: s.wrote, Err: s.err}
	}
	return s.err
}

// write writes b and returns how many of its records were taken.
func (s *stdout) write(b Batch) (int, error) {
	done := 0
	if len(s.rest) > 0 {
		n, err := s.all(s.rest)
		s.rest = s.rest[n:]
		if err != nil {
			return 0, err
		}
		if b.IDs[0] == s.torn {
			done = 1
		}
	}
	start := 0
	if done > 0 {
		start = b.Ends[done-1]
	}
	n, err := s.all(b.Data[start:])
	if err == nil {
		return b.Len(), nil
	}
	for start += n; done < b.Len() && b.Ends[done] <= start; done++ {
	}
	begins := 0
	if done > 0 {
		begins = b.Ends[done-1]
	}
	if done < b.Len() && start > begins {
		s.rest, s.torn = b.Data[start:b.Ends[done]:b.Ends[done]], b.IDs[done]
	}
	return done, err
}

// all writes data, and returns how much of it was taken where that is not all.
func (s *stdout) all(data []byte) (int, error) {
	done := 0
	for done < len(data) {
		n, err := s.to.Write(data[done:])
		done += max(0, min(n, len(data)-done))
		if err == nil && n <= 0 {
			err = io.ErrShortWrite
		}
		if err != nil && done < len(data) {
			return done, fmt.Errorf("write to standard output: %w", err)
		}
	}
	return done, nil
}

// Close leaves standard output open: it belongs to the process.
func (s *stdout) Close() error { return nil }
