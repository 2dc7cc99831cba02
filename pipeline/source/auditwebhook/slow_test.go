package auditwebhook

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (f *fixture) dial() *tls.Conn {
	f.t.Helper()
	conn, err := tls.Dial("tcp", f.source.Addr().String(), &tls.Config{RootCAs: f.ca.pool(), NextProtos: []string{"http/1.1"}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		f.t.Fatal(err)
	}
	return conn
}

// drip sends a byte every so often until the connection ends.
func drip(conn net.Conn) {
	for {
		if _, err := io.WriteString(conn, " "); err != nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// The server cuts off who is slow, and meanwhile serves the others.
func TestSlow(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Limits.HeaderTimeout = 300 * time.Millisecond
	opts.Limits.BodyTimeout = 400 * time.Millisecond
	opts.Limits.StallTimeout = 200 * time.Millisecond
	f := start(t, opts, ca)
	others := f.client(true)
	const header = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
	for _, tc := range []struct {
		name string
		// send speaks to the server until the end.
		send func(net.Conn)
		// status is answered; 0 means no answer.
		status int
	}{
		{"handshake", nil, 0},
		{"header", func(c net.Conn) { _, _ = io.WriteString(c, header) }, 0},
		{"header that drips", func(c net.Conn) { _, _ = io.WriteString(c, header+"X-Slow: "); drip(c) }, 0},
		{"body", func(c net.Conn) { _, _ = io.WriteString(c, header+"\r\n{") }, 408},
		{"body that drips", func(c net.Conn) { _, _ = io.WriteString(c, header+"\r\n"); drip(c) }, 408},
		{"chunks that drip", func(c net.Conn) {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
			for {
				if _, err := io.WriteString(c, "1\r\n \r\n"); err != nil {
					return
				}
				time.Sleep(2 * time.Millisecond)
			}
		}, 408},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var conn net.Conn
			if tc.send == nil {
				raw, err := new(net.Dialer).DialContext(t.Context(), "tcp", f.source.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = raw.Close() }()
				conn = raw
			} else {
				conn = f.dial()
			}
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				if tc.send != nil {
					tc.send(conn)
				}
			}()
			if got := f.post(others, goodBody(1, 1)); got.status != 200 {
				t.Errorf("another client got %+v", got)
			}
			answer, err := io.ReadAll(bufio.NewReader(conn))
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Fatal("the connection was not closed")
			}
			if want := fmt.Sprintf("HTTP/1.1 %d ", tc.status); tc.status != 0 && !strings.HasPrefix(string(answer), want) {
				t.Errorf("got %q", answer)
			} else if tc.status == 0 && strings.Contains(string(answer), "200 OK") {
				t.Errorf("got %q", answer)
			}
			_ = conn.Close()
			<-sent
		})
	}
	if used := f.source.server.memory.used; used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
}

// dripping is a body that never ends.
type dripping struct{ ctx context.Context } //nolint:containedctx // An io.Reader is given none.

func (d dripping) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(2 * time.Millisecond):
		return copy(p, " "), nil
	}
}

func TestSlowOverHTTP2(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Limits.BodyTimeout = 200 * time.Millisecond
	f := start(t, opts, ca)
	client := f.client(true)
	got := f.do(client, http.MethodPost, "/", dripping{t.Context()})
	if got.status != 408 || got.proto != 2 {
		t.Errorf("got %+v", got)
	}
	if got := f.post(client, goodBody(1, 1)); got.status != 200 {
		t.Errorf("got %+v", got)
	}
}

// The body of a stranger is not read, and the connection is not kept.
func TestStrangersAreNotRead(t *testing.T) {
	opts, ca := newOptions(t)
	files := newSecret(t, map[string][]byte{"token": []byte("hunter2")})
	opts.TokenFile = files.path("token")
	f := start(t, opts, ca)
	conn := f.dial()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") {
		t.Fatalf("got %q, %v", answer, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the connection was kept for %s", took)
	}
}
