package emit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/event"
)

// reluctant takes at most as many bytes a write as takes says next; after each
// negative number it fails.
type reluctant struct {
	bytes.Buffer
	takes []int
}

func (r *reluctant) Write(p []byte) (int, error) {
	n := len(p)
	fail := false
	if len(r.takes) > 0 {
		n, fail = r.takes[0], r.takes[0] < 0
		r.takes = r.takes[1:]
	}
	if fail {
		n = -n - 1
	}
	n = min(n, len(p))
	_, _ = r.Buffer.Write(p[:n]) // It takes everything.
	if fail {
		return n, io.ErrClosedPipe
	}
	return n, nil
}

func TestStdoutIsWrittenToInPieces(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// At least one byte, as a writer that takes none without an error is broken.
		out := &reluctant{takes: rapid.SliceOf(rapid.OneOf(rapid.IntRange(1, 300), rapid.IntRange(-300, -1))).Draw(rt, "takes")}
		c := opened(t, Options{To: "stdout", Stdout: out})
		var want []event.RecordID
		for _, prefix := range []string{"a", "b", "c"} {
			records := specs(prefix, 3, 60)
			want = append(want, idsOfSpecs(records)...)
			b := batchOf(t, FormatJSON, records)
			for b.Len() > 0 {
				err := c.Send(t.Context(), b)
				var partial *PartialError
				switch {
				case err == nil:
					b = b.Slice(b.Len(), b.Len())
				case !errors.Is(err, io.ErrClosedPipe):
					rt.Fatal(err)
				case errors.As(err, &partial):
					if partial.Delivered <= 0 || partial.Delivered >= b.Len() {
						rt.Fatalf("%d of %d delivered", partial.Delivered, b.Len())
					}
					b = b.Slice(partial.Delivered, b.Len())
				}
			}
		}
		if got := idsOf(t, out.Bytes()); !slices.Equal(got, want) {
			rt.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestStdoutWithoutReaderIsAnError(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	c := opened(t, Options{To: "stdout", Stdout: w})
	if err := c.Send(t.Context(), batchOf(t, FormatJSON, specs("r", 1, 50))); !errors.Is(err, unix.EPIPE) {
		t.Errorf("%v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStdoutThatBlocksEndsWithContext(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := opened(t, Options{To: "stdout", Stdout: w})
	first, second := specs("first", 50, 10_000), specs("second", 2, 100)
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan error, 1)
	go func() { began <- c.Send(ctx, batchOf(t, FormatJSON, first)) }()
	// The pipe has room for less than the batch: the write has begun once there is
	// something in it, and does not end.
	one := make([]byte, 1)
	if _, err := io.ReadFull(r, one); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-began; !errors.Is(err, context.Canceled) {
		t.Errorf("while it is written: %v", err)
	}
	if err := c.Send(ctx, batchOf(t, FormatJSON, second)); !errors.Is(err, context.Canceled) {
		t.Errorf("while the one before is written: %v", err)
	}
	read := make(chan []byte)
	go func() {
		rest, _ := io.ReadAll(r)
		read <- append(one, rest...)
	}()
	send(t, c, batchOf(t, FormatJSON, second))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := idsOf(t, <-read), idsOfSpecs(first, second); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
