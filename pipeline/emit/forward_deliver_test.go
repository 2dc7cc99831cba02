package emit

import (
	"net"
	"slices"
	"testing"

	"github.com/tinylib/msgp/msgp"
)

// TestDelivererGoesOnWithinBatch has a server that closes each connection after one
// message: of a batch that takes several, none is sent twice.
func TestDelivererGoesOnWithinBatch(t *testing.T) {
	s := serveForward(t, nil, func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
		if m, err := s.read(in); err == nil {
			write(conn, ack(m.chunk))
		}
	})
	c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient})
	records := specs("r", 3500, 1000)
	d := NewDeliverer(DelivererOptions{Client: c, To: "there", Random: func() float64 { return 0 }})
	dead, err := d.Deliver(t.Context(), batchOf(t, FormatForward, records))
	if err != nil || len(dead) > 0 {
		t.Fatalf("%v, %v", dead, err)
	}
	if got, want := s.ids(), idsOfSpecs(records); !slices.Equal(got, want) {
		t.Errorf("%d records, want %d, each once", len(got), len(want))
	}
	status := d.Status()
	if status.Acknowledged != int64(len(records)) || status.Failures != 3 || status.Attempts != 4 || status.Error != "" {
		t.Errorf("%+v", status)
	}
}
