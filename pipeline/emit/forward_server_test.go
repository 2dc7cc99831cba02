package emit

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// received is a message that a forwardServer has read.
type received struct {
	tag, chunk, compressed string
	size                   int
	// bytes is the size of the entries, uncompressed.
	bytes int
	ids   []event.RecordID
}

// forwardServer is a server of the forward protocol.
type forwardServer struct {
	listener net.Listener

	mu       sync.Mutex
	conns    int
	messages []received
}

// conversation is what a server does with a connection. The connection is closed
// when it returns, or the test ends.
type conversation func(s *forwardServer, conn net.Conn, in *msgp.Reader)

// serveForward starts a server that has a conversation over each connection, the
// last one over all that follow.
func serveForward(tb testing.TB, config *tls.Config, talks ...conversation) *forwardServer {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &forwardServer{listener: l}
	if config != nil {
		s.listener = tls.NewListener(l, config)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wait.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			talk := talks[min(s.conns, len(talks)-1)]
			s.conns++
			s.mu.Unlock()
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			wait.Go(func() {
				talk(s, conn, msgp.NewReader(conn))
				_ = conn.Close()
			})
		}
	})
	tb.Cleanup(func() {
		_ = s.listener.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		wait.Wait()
	})
	return s
}

func (s *forwardServer) to() string { return "forward://" + s.listener.Addr().String() }

// seen returns what was received, and over how many connections.
func (s *forwardServer) seen() ([]received, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.messages...), s.conns
}

func (s *forwardServer) ids() []event.RecordID {
	var out []event.RecordID
	messages, _ := s.seen()
	for _, m := range messages {
		out = append(out, m.ids...)
	}
	return out
}

// read reads a message.
func (s *forwardServer) read(in *msgp.Reader) (received, error) {
	var m received
	n, err := in.ReadArrayHeader()
	if err == nil && n != 3 {
		err = fmt.Errorf("a message of %d", n)
	}
	if err != nil {
		return m, err
	}
	if m.tag, err = in.ReadString(); err != nil {
		return m, err
	}
	entries, err := in.ReadBytes(nil)
	if err != nil {
		return m, err
	}
	options, err := in.ReadMapHeader()
	if err != nil {
		return m, err
	}
	for range options {
		key, err := in.ReadString()
		if err != nil {
			return m, err
		}
		switch key {
		case "chunk":
			m.chunk, err = in.ReadString()
		case "compressed":
			m.compressed, err = in.ReadString()
		case "size":
			m.size, err = in.ReadInt()
		default:
			err = fmt.Errorf("the option %q", key)
		}
		if err != nil {
			return m, err
		}
	}
	if m.compressed != "" {
		z, err := gzip.NewReader(bytes.NewReader(entries))
		if err != nil {
			return m, err
		}
		if entries, err = io.ReadAll(z); err != nil {
			return m, err
		}
	}
	m.bytes = len(entries)
	for len(entries) > 0 {
		rest, err := msgp.Skip(entries)
		if err != nil {
			return m, err
		}
		line, err := encode.AppendForwardAsJSON(nil, entries[:len(entries)-len(rest)])
		if err != nil {
			return m, err
		}
		_, line, _ = bytes.Cut(line, []byte(`"id":"`))
		id, _, _ := bytes.Cut(line, []byte(`"`))
		m.ids = append(m.ids, event.RecordID(id))
		entries = rest
	}
	s.mu.Lock()
	s.messages = append(s.messages, m)
	s.mu.Unlock()
	return m, nil
}

// write writes something; a connection that is gone is found by the next read.
func write(conn net.Conn, b []byte) { _, _ = conn.Write(b) }

func ack(chunk string) []byte {
	b := msgp.AppendString(msgp.AppendMapHeader(nil, 2), "other")
	b = msgp.AppendString(msgp.AppendInt(b, 1), "ack")
	return msgp.AppendString(b, chunk)
}

// answering reads messages and answers each with what answer makes of it, until
// the client goes, or answer returns nil.
func answering(answer func(received) []byte) conversation {
	return func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
		for {
			m, err := s.read(in)
			if err != nil {
				return
			}
			b := answer(m)
			if b == nil {
				return
			}
			write(conn, b)
		}
	}
}

var acknowledging = answering(func(m received) []byte { return ack(m.chunk) })

// hanging reads and never answers.
func hanging(_ *forwardServer, conn net.Conn, _ *msgp.Reader) { _, _ = io.Copy(io.Discard, conn) }

// closingAfter closes the connection after n bytes.
func closingAfter(n int64) conversation {
	return func(_ *forwardServer, conn net.Conn, _ *msgp.Reader) { _, _ = io.CopyN(io.Discard, conn, n) }
}

// greeter is how a server does its part of the handshake.
type greeter struct {
	key, name  string
	keepAlive  bool
	refuse     string
	asString   bool
	pongDigest func(ping []string, nonce string) string
}

func hash(parts ...string) string {
	sum := sha512.Sum512([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// then does the handshake, and goes on only if the client has the key.
func (g greeter) then(talk conversation) conversation {
	return func(s *forwardServer, conn net.Conn, in *msgp.Reader) {
		nonce := "\x00\xff0123456789abcd"
		b := msgp.AppendString(msgp.AppendArrayHeader(nil, 2), "HELO")
		b = msgp.AppendString(msgp.AppendMapHeader(b, 3), "nonce")
		if g.asString {
			b = msgp.AppendString(b, nonce)
		} else {
			b = msgp.AppendBytes(b, []byte(nonce))
		}
		b = msgp.AppendString(msgp.AppendString(b, "auth"), "")
		b = msgp.AppendBool(msgp.AppendString(b, "keepalive"), g.keepAlive)
		write(conn, b)
		ping := make([]string, 6)
		if n, err := in.ReadArrayHeader(); err != nil || n != 6 {
			return
		}
		for i := range ping {
			var err error
			if ping[i], err = in.ReadString(); err != nil {
				return
			}
		}
		ok := ping[0] == "PING" && ping[3] == hash(ping[2], ping[1], nonce, g.key) && g.refuse == ""
		reason := g.refuse
		if reason == "" && !ok {
			reason = "shared_key mismatch"
		}
		digest := hash(ping[2], g.name, nonce, g.key)
		if g.pongDigest != nil {
			ok, digest = true, g.pongDigest(ping, nonce)
		}
		name := g.name
		if name == "" {
			name = ping[1]
		}
		b = msgp.AppendString(msgp.AppendArrayHeader(nil, 5), "PONG")
		b = msgp.AppendString(msgp.AppendBool(b, ok), reason)
		b = msgp.AppendString(msgp.AppendString(b, name), digest)
		write(conn, b)
		if ok {
			talk(s, conn, in)
		}
	}
}
