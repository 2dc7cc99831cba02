package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The moods of a server of the forward protocol besides those of any.
const (
	noAck    mood = "closes instead of an acknowledgement"
	wrongAck mood = "acknowledges another message"
	halfAck  mood = "half an acknowledgement"
	noise    mood = "answers something else"
)

// relay is a server of the forward protocol, version 1, with TLS.
type relay struct {
	*downstream
	tls *tls.Config

	wait sync.WaitGroup
}

// newRelay makes a downstream that speaks the forward protocol: what is let in goes to
// the relay instead of a web server.
func newRelay(t testing.TB) *relay {
	t.Helper()
	s := &relay{downstream: makeDownstream(t)}
	s.tls = s.config()
	s.listen(t)
	s.loops.Go(func() {
		for {
			conn, err := front{s.downstream}.Accept()
			if err != nil {
				return
			}
			s.wait.Go(func() {
				defer func() { _ = conn.Close() }()
				stop := make(chan struct{})
				defer close(stop)
				s.wait.Go(func() {
					select {
					case <-s.ended:
						_ = conn.Close()
					case <-stop:
					}
				})
				s.talk(tls.Server(conn, s.tls))
			})
		}
	})
	t.Cleanup(func() {
		s.close(t)
		s.wait.Wait()
	})
	return s
}

// talk reads one message after the other. Who sends the next one has read the
// acknowledgement of the one before.
func (s *relay) talk(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 64<<10)
	var before []sent
	for {
		records, chunk, err := readForward(in)
		if err != nil {
			if errors.Is(err, errMsgpack) {
				s.wrong("a message: %v", err)
			}
			return
		}
		s.prove(before)
		now, changed := s.mood()
		s.mu.Lock()
		if !now.onConnect() {
			s.asked[now]++
		}
		s.mu.Unlock()
		s.receive(records)
		if !s.acknowledge(conn, now, changed, chunk) {
			s.became(records, string(now))
			return
		}
		s.became(records, answered)
		before = records
	}
}

// acknowledge does what the mood has it do, and reports whether that is an
// acknowledgement.
func (s *relay) acknowledge(conn net.Conn, now mood, changed <-chan struct{}, chunk string) bool {
	ack := append([]byte{0x81, 0xa3}, "ack"...)
	ack = append(append(ack, 0xd9, byte(len(chunk))), chunk...)
	switch now {
	case healthy:
		_, err := conn.Write(ack)
		return err == nil
	case slow:
		select {
		case <-changed:
		case <-time.After(rand.N(1500 * time.Millisecond)):
		}
		_, err := conn.Write(ack)
		return err == nil
	case hangs:
		// Until the mood changes, or the sender has gone.
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = conn.Read(make([]byte, 1))
		}()
		select {
		case <-changed:
		case <-gone:
		}
		_ = conn.Close()
		<-gone
	case wrongAck:
		ack[len(ack)-1] ^= 1
		_, _ = conn.Write(ack)
	case halfAck:
		_, _ = conn.Write(ack[:len(ack)/2])
	case noise:
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	default:
		// The connection ends.
	}
	return false
}

// readForward reads a message in the mode PackedForward: a tag, entries, and options
// that have the chunk to be acknowledged.
func readForward(in *bufio.Reader) (records []sent, chunk string, err error) {
	v, err := readMsgpack(in)
	if err != nil {
		return nil, "", err
	}
	message, _ := v.([]any)
	if len(message) != 3 {
		return nil, "", errMsgpack
	}
	entries, _ := message[1].([]byte)
	options, _ := message[2].(map[string]any)
	chunk, _ = options["chunk"].(string)
	size, _ := options["size"].(int64)
	if message[0] != "live_status" || chunk == "" {
		return nil, "", errMsgpack
	}
	if options["compressed"] == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(entries))
		if err != nil {
			return nil, "", errMsgpack
		}
		if entries, err = io.ReadAll(z); err != nil {
			return nil, "", errMsgpack
		}
	}
	all := bufio.NewReader(bytes.NewReader(entries))
	for {
		v, err := readMsgpack(all)
		if errors.Is(err, io.EOF) {
			break
		}
		entry, _ := v.([]any)
		if err != nil || len(entry) != 2 {
			return nil, "", errMsgpack
		}
		body, _ := entry[1].(map[string]any)
		audit, _ := body["audit"].(map[string]any)
		var rec sent
		rec.Type, _ = body["type"].(string)
		rec.ID, _ = body["id"].(string)
		rec.Audit.AuditID, _ = audit["audit_id"].(string)
		rec.Audit.Stage, _ = audit["stage"].(string)
		records = append(records, rec)
	}
	if len(records) != int(size) {
		return nil, "", errMsgpack
	}
	return records, chunk, nil
}

// What TestOutputDownstreamFails shows, of the forward protocol: nothing can be refused
// there.
func TestOutputForwardFails(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		for _, compress := range []string{"none", "gzip"} {
			t.Run(compress, func(t *testing.T) {
				s := newRelay(t)
				c := newCollector(t, h)
				names := c.forwardTo(t, s.downstream, "")
				_, port, err := net.SplitHostPort(s.address)
				if err != nil {
					t.Fatal(err)
				}
				host := "127.0.0.1"
				moods := []mood{refuses, silent, hangs, noAck, wrongAck, halfAck, noise, cuts, otherAuthority, otherName, slow}
				if names != nil {
					host, moods = downstreamName, append(moods, nameGone)
				}
				c.forward["forward_to"] = "forward://" + net.JoinHostPort(host, port)
				c.forward["forward_tls"] = "on"
				c.forward["forward_compress"] = compress
				delete(c.forward, "dead_letter_path")
				disturb(t, c, s.downstream, names, moods, disturbance{span: soak(t, 16*time.Second) / 2})
			})
		}
	})
}

// logs are the two logs of a collector: one that is read as lines, and one with a
// parser.
func (c *collector) logs() []string {
	plain, parsed := filepath.Join(c.dir, "plain.log"), filepath.Join(c.dir, "parsed.log")
	c.parts = []section{c.tail("plain", plain, ""), c.tail("parsed", parsed, "json")}
	return []string{plain, parsed}
}
