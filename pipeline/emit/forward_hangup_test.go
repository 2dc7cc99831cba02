package emit

import (
	"errors"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// limited is a server that closes the connection on messages that are larger than it
// takes.
func limited(most int) conversation {
	return func(s *forwardServer, conn net.Conn, _ *msgp.Reader) {
		counted := &io.LimitedReader{R: conn}
		in := msgp.NewReaderSize(counted, 1<<10)
		for {
			counted.N = int64(most)
			m, err := s.read(in)
			if err != nil {
				return
			}
			write(conn, ack(m.chunk))
		}
	}
}

// A record that is larger than the server takes must not keep the others back for
// ever. Nothing else is refused for that a server hangs up.
func TestForwardRecordIsTooLargeForServer(t *testing.T) {
	s := serveForward(t, nil, limited(2_000_000))
	c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient})
	records := slices.Concat(specs("before", 3, 100), specs("large", 2, 3_000_000), specs("after", 3, 1000))
	b := batchOf(t, FormatForward, records)
	if partial, ok := errors.AsType[*PartialError](c.Send(t.Context(), b)); !ok || partial.Delivered != 3 {
		t.Fatalf("got %v", partial)
	}
	var refused *RefusedError
	for range manyHangUps - 2 {
		if err := c.Send(t.Context(), b.Slice(3, 8)); err == nil || errors.As(err, &refused) {
			t.Fatalf("got %v", err)
		}
	}
	// The second costs less, and none of the others is taken for one of them.
	l := &letters{}
	d := deliverer(c, l, nil)
	dead, err := d.Deliver(t.Context(), b.Slice(3, 8))
	if err != nil || !slices.Equal(dead, []int{0, 1}) || len(l.written) != 2 {
		t.Errorf("dead %v, %v", dead, err)
	}
	if got, want := s.ids(), idsOfSpecs(records[:3], records[5:]); !slices.Equal(got, want) {
		t.Errorf("arrived %v", got)
	}

	// A server that goes away takes nothing with it.
	gone := serveForward(t, nil, closingAfter(100))
	c = opened(t, Options{To: gone.to(), Tag: "live", Timeout: patient})
	for range 2 * manyHangUps {
		if err := c.Send(t.Context(), b.Slice(0, 3)); err == nil || errors.As(err, &refused) {
			t.Fatalf("got %v", err)
		}
	}
}

// Once the server takes more, records are no longer given up so soon.
func TestForwardServerTakesMore(t *testing.T) {
	b := batchOf(t, FormatForward, specs("r", 2, partSize+100))
	h := &hangUps{}
	refusedAfter := func(record int) int {
		for n := 1; n < 100; n++ {
			if _, ok := errors.AsType[*RefusedError](h.judge(b.Slice(record, record+1), errHungUp)); ok {
				return n
			}
		}
		return 0
	}
	if first, second := refusedAfter(0), refusedAfter(1); first != manyHangUps || second != fewHangUps {
		t.Errorf("after %d and %d", first, second)
	}
	if err := h.judge(b.Slice(0, 1), nil); err != nil {
		t.Error(err)
	}
	if n := refusedAfter(1); n != manyHangUps {
		t.Errorf("after %d", n)
	}
	if err := h.judge(b.Slice(0, 1), errors.New("connection refused")); err == nil || errors.As(err, new(*RefusedError)) {
		t.Errorf("got %v", err)
	}
}
