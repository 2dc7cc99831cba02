package emit

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"
	"go.uber.org/goleak"
)

// patient is a timeout that no test waits for.
const patient = time.Minute

func TestForwardIsAcknowledged(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t, goleak.IgnoreCurrent()) })
	for name, compress := range map[string]bool{"plain": false, "gzip": true} {
		t.Run(name, func(t *testing.T) {
			s := serveForward(t, nil, acknowledging)
			c := opened(t, Options{To: s.to(), Tag: "live", Compress: compress, Timeout: patient})
			records := specs("r", 30, 100)
			b := batchOf(t, FormatForward, records)
			send(t, c, b.Slice(0, 10))
			send(t, c, b.Slice(10, 11))
			send(t, c, b.Slice(11, 30))
			if got, want := s.ids(), idsOfSpecs(records); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
			messages, conns := s.seen()
			if conns != 1 {
				t.Errorf("%d connections", conns)
			}
			chunks := map[string]bool{}
			for _, m := range messages {
				chunks[m.chunk] = true
				if m.tag != "live" || m.size != len(m.ids) || (m.compressed == "gzip") != compress {
					t.Errorf("message %+v", m)
				}
			}
			if len(chunks) != 3 {
				t.Errorf("ids of messages: %v", chunks)
			}
		})
	}
}

func TestForwardSendsLargeBatchesInParts(t *testing.T) {
	failing := func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
		for range 2 {
			m, err := s.read(in)
			if err != nil {
				return
			}
			write(conn, ack(m.chunk))
		}
	}
	s := serveForward(t, nil, failing, acknowledging)
	c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient})
	records := slices.Concat(specs("small", 500, 1000), specs("large", 1, 3_000_000), specs("more", 3000, 1000))
	b := batchOf(t, FormatForward, records)
	err := c.Send(t.Context(), b)
	var partial *PartialError
	if !errors.As(err, &partial) {
		t.Fatalf("the third message was not acknowledged: %v", err)
	}
	if partial.Delivered != len(s.ids()) || partial.Delivered != 501 {
		t.Fatalf("%d delivered, %d acknowledged", partial.Delivered, len(s.ids()))
	}
	send(t, c, b.Slice(partial.Delivered, b.Len()))
	if got, want := s.ids(), idsOfSpecs(records); !slices.Equal(got, want) {
		t.Errorf("%d records, want %d, each once", len(got), len(want))
	}
	messages, _ := s.seen()
	for _, m := range messages {
		if m.bytes > partSize && m.size > 1 {
			t.Errorf("a message of %d records and %d bytes", m.size, m.bytes)
		}
	}
}

// TestForwardIsNotAcknowledged has servers answer everything but what they should.
// Each of them answers the second connection.
func TestForwardIsNotAcknowledged(t *testing.T) {
	endless := func(b byte) conversation {
		return func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
			for _, err := s.read(in); err == nil; {
				if _, err := conn.Write(bytes.Repeat([]byte{b}, 1<<16)); err != nil {
					return
				}
			}
		}
	}
	always := func(b []byte) conversation { return answering(func(received) []byte { return b }) }
	for name, tc := range map[string]struct {
		talk conversation
		want string
	}{
		"closes at once":       {closingAfter(0), ""},
		"closes within":        {closingAfter(5000), ""},
		"closes after":         {answering(func(received) []byte { return nil }), "without a whole answer"},
		"wrong id":             {always(ack("other")), "another message"},
		"no id":                {always(ack("")), "another message"},
		"ack of a number":      {always([]byte{0x81, 0xa3, 'a', 'c', 'k', 1}), "not of the forward protocol"},
		"empty map":            {always([]byte{0x80}), "not of the forward protocol"},
		"HTTP":                 {always([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), "not of the forward protocol"},
		"invalid msgpack":      {always([]byte{0xc1, 0xc1}), "not of the forward protocol"},
		"nothing but maps":     {endless(0x81), "more than 1024 bytes"},
		"string of 4 GiB":      {always([]byte{0x81, 0xa3, 'a', 'c', 'k', 0xdb, 0xff, 0xff, 0xff, 0xff}), "forward to"},
		"two acknowledgements": {answering(func(m received) []byte { return slices.Concat(ack(m.chunk), ack(m.chunk)) }), "not of the forward protocol"},
		"demands a key":        {always(msgp.AppendMapHeader(msgp.AppendString(msgp.AppendArrayHeader(nil, 2), "HELO"), 0)), "forward_shared_key_file"},
		"half of an ack closed": {func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
			m, _ := s.read(in)
			write(conn, ack(m.chunk)[:9])
		}, "without a whole answer"},
	} {
		t.Run(name, func(t *testing.T) {
			talk := tc.talk
			timeout := patient
			if name == "string of 4 GiB" {
				timeout = 200 * time.Millisecond // It waits for the rest.
			}
			s := serveForward(t, nil, talk, acknowledging)
			c := opened(t, Options{To: s.to(), Tag: "live", Timeout: timeout})
			b := batchOf(t, FormatForward, specs("r", 20, 10_000))
			err := c.Send(t.Context(), b)
			var partial *PartialError
			if err == nil || errors.As(err, &partial) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
			if timeout == patient {
				send(t, c, b)
				if _, conns := s.seen(); conns != 2 {
					t.Errorf("%d connections", conns)
				}
			}
		})
	}
}

func TestForwardThatHangsEndsInTime(t *testing.T) {
	s := serveForward(t, nil, hanging)
	b := batchOf(t, FormatForward, specs("r", 20, 100))
	c := opened(t, Options{To: s.to(), Tag: "live", Timeout: 50 * time.Millisecond})
	if err := c.Send(t.Context(), b); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the timeout: %v", err)
	}
	c = opened(t, Options{To: s.to(), Tag: "live", Timeout: patient})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Send(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the context: %v", err)
	}
	cancel()
	if err := c.Send(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func TestForwardToNobody(t *testing.T) {
	s := serveForward(t, nil, acknowledging)
	if err := s.listener.Close(); err != nil {
		t.Fatal(err)
	}
	b := batchOf(t, FormatForward, specs("r", 1, 100))
	for _, to := range []string{s.to(), "forward://nobody.invalid:24224"} {
		c := opened(t, Options{To: to, Tag: "live", Timeout: patient})
		var op *net.OpError
		if err := c.Send(t.Context(), b); !errors.As(err, &op) {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestForwardNoticesClosedConnection waits until a connection has not been used for
// a while, after the server has closed it.
func TestForwardNoticesClosedConnection(t *testing.T) {
	closed := make(chan struct{})
	once := func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
		m, _ := s.read(in)
		write(conn, ack(m.chunk))
		_ = conn.Close()
		close(closed)
	}
	s := serveForward(t, nil, once, acknowledging)
	c := opened(t, Options{To: s.to(), Tag: "live", Timeout: patient})
	first, second := specs("first", 1, 100), specs("second", 1, 100)
	send(t, c, batchOf(t, FormatForward, first))
	<-closed
	f := c.(*forward)
	f.used = f.used.Add(-idle)
	for {
		if f.alive() { // The end of the connection is still under way.
			continue
		}
		break
	}
	f.used = f.used.Add(-idle)
	send(t, c, batchOf(t, FormatForward, second))
	if got, want := s.ids(), idsOfSpecs(first, second); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	f.used = f.used.Add(-idle)
	send(t, c, batchOf(t, FormatForward, second))
	if _, conns := s.seen(); conns != 2 {
		t.Errorf("%d connections: one that is good was given up", conns)
	}
}

func TestForwardIsRefused(t *testing.T) {
	for to, want := range map[string]string{
		"forward://":                      "no host",
		"forward://host:x":                "port",
		"forward://user:secret@host:1":    "more than",
		"forward://host:1/path":           "more than",
		"forward://host:1?secret=1":       "more than",
		"forward://host:1#secret":         "more than",
		"forward://host:1\nsecret-secret": "no URL",
	} {
		if _, err := Open(Options{To: to, Tag: "live"}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %q", to, err, want)
		}
	}
	if _, err := Open(Options{To: "forward://host"}); err == nil || !strings.Contains(err.Error(), "forward_tag") {
		t.Errorf("without a tag: %v", err)
	}
	if c := opened(t, Options{To: "forward://host", Tag: "live"}); c.(*forward).address != "host:24224" {
		t.Errorf("without a port: %v", c.(*forward).address)
	}
}

func BenchmarkSendForward(b *testing.B) {
	for name, compress := range map[string]bool{"plain": false, "gzip": true} {
		b.Run(name, func(b *testing.B) {
			s := serveForward(b, nil, func(_ *forwardServer, conn net.Conn, in *msgp.Reader) {
				var fields [8]string
				var entries []byte
				for {
					// No allocation and decompression of the server is counted.
					_, err := in.ReadArrayHeader()
					if err == nil {
						_, err = in.ReadString()
					}
					if err == nil {
						entries, err = in.ReadBytes(entries)
					}
					if err != nil {
						return
					}
					n, _ := in.ReadMapHeader()
					for i := range 2 * n {
						if i == 1 {
							_, err = in.ReadInt()
						} else {
							fields[i], err = in.ReadString()
						}
						if err != nil {
							return
						}
					}
					write(conn, ack(fields[3]))
				}
			})
			c := opened(b, Options{To: s.to(), Tag: "live", Compress: compress, Timeout: patient})
			batch := batchOf(b, FormatForward, specs("r", 2000, 1000))
			b.SetBytes(int64(len(batch.Data)))
			b.ReportAllocs()
			for b.Loop() {
				send(b, c, batch)
			}
		})
	}
}
