package fluentbit

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
)

// errDefect says that this program failed over a log event.
var errDefect = errors.New("a defect of this program; the log has more")

// taker takes a chunk apart.
type taker struct {
	unpacker
	batch  *batch
	find   *recogniser
	logger *slog.Logger

	// index is that of the log event in the chunk.
	index int64
	// newest is the time of the last log event.
	newest time.Time
	// fault is the first thing that keeps part of the chunk from being delivered.
	fault error
}

// chunk yields the items of a chunk, but for the one that ends it. Its error is the
// sink's.
func (t *taker) chunk() error {
	for t.pos < len(t.data) {
		begun := t.pos
		if err := t.step(); err != nil {
			return err
		}
		if t.pos == begun {
			return nil
		}
	}
	return nil
}

// step takes the log event that begins here, and moves behind it if the next one
// can be found.
func (t *taker) step() (err error) {
	begun, end := t.pos, len(t.data)
	defer func() {
		if r := recover(); r != nil {
			// It would otherwise end the host, and again each time that it starts and
			// finds the chunk on its disk.
			t.logger.Error("a log event cannot be taken apart, please report this", "panic", crash.Describe(r), "at", crash.Callers())
			if t.pos = end; end == len(t.data) {
				t.pos = begun
			}
			err = t.fail(begun, end, event.RejectPanic, errDefect)
		}
	}()
	e, err := t.logEvent()
	t.batch.place.Offset = t.index
	switch {
	case errors.Is(err, errShape) && e.end > 0:
		return t.fail(begun, e.end, event.RejectNotMsgpack, err)
	case err != nil:
		t.pos = begun
		return t.fail(begun, len(t.data), event.RejectNotMsgpack, err)
	case e.group:
		return nil
	}
	end = e.end
	if !e.time.IsZero() {
		t.newest = e.time
	}
	taken, err := t.find.take(&e)
	if err == nil && !taken {
		err = t.batch.addStray(event.RejectNotAnEvent, t.data[e.at:e.end])
	}
	t.index++
	return err
}

func (t *taker) fail(from, to int, reason event.RejectReason, why error) error {
	if t.fault == nil {
		t.fault = &FaultError{fmt.Errorf("log event %d at byte %d: %w", t.index, from, why)}
	}
	t.index++
	return t.batch.addStray(reason, t.data[from:to])
}
