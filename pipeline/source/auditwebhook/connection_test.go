package auditwebhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// dialFrom opens a connection from an address of loopback.
func (f *fixture) dialFrom(address string) net.Conn {
	f.t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := dialer.DialContext(f.t.Context(), "tcp", f.source.Addr().String())
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		f.t.Fatal(err)
	}
	return conn
}

// closedByServer waits until the server has closed conn.
func closedByServer(t *testing.T, conn net.Conn) {
	t.Helper()
	var timeout net.Error
	if _, err := io.Copy(io.Discard, conn); errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("the connection was not closed")
	}
}

// guarded returns options that demand a token, and the header that has it.
func guarded(t *testing.T) (opts Options, ca *authority, header []string) {
	t.Helper()
	const token = "0123456789abcdef"
	opts, ca = newOptions(t)
	opts.TokenFile = newSecret(t, map[string][]byte{"token": []byte(token)}).path("token")
	return opts, ca, []string{"Authorization", "Bearer " + token}
}

// Strangers that hold all connections do not keep an API server out, be it that
// they say nothing or that they ask for what everybody may.
func TestStrangersMakeRoom(t *testing.T) {
	for name, hello := range map[string]func(net.Conn) error{
		"silent": func(net.Conn) error { return nil },
		"probes": func(conn net.Conn) error {
			encrypted := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
			if _, err := io.WriteString(encrypted, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				return err
			}
			_, err := encrypted.Read(make([]byte, 100))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			opts, ca, token := guarded(t)
			opts.Limits = Limits{}
			f := start(t, opts, ca)
			for i := range 4 {
				for range 64 {
					if err := hello(f.dialFrom(fmt.Sprintf("127.0.0.%d", 10+i))); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := f.post(f.clientFrom("127.0.0.99"), goodBody(1, 1), token...); got.status != 200 {
				t.Errorf("an API server with an address of its own got %+v", got)
			}
			if got := f.post(f.clientFrom("127.0.0.10"), goodBody(1, 1), token...); got.status != 200 {
				t.Errorf("an API server behind the address of strangers got %+v", got)
			}
		})
	}
}

// Whoever has shown credentials keeps the connection, when others come as well
// as when nothing is said for a while; everybody else has to be quick.
func TestStrangersAreClosedSoon(t *testing.T) {
	opts, ca, token := guarded(t)
	opts.Limits.StrangerTimeout = 300 * time.Millisecond
	opts.Limits.HeaderTimeout = time.Hour
	f := start(t, opts, ca)
	member := f.client(true)
	if got := f.post(member, goodBody(1, 1), token...); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	dials := 0
	member.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		dials++
		return nil, errors.New("no second connection is needed")
	}
	for _, next := range []string{"h2", "http/1.1", ""} {
		conn := f.dialFrom("127.0.0.1")
		if next != "" {
			// Over HTTP/2 the preface lets it idle.
			encrypted := tls.Client(conn, &tls.Config{RootCAs: ca.pool(), ServerName: "localhost", NextProtos: []string{next}})
			if err := encrypted.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			if next == "h2" {
				if _, err := io.WriteString(encrypted, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
					t.Fatal(err)
				}
			}
		}
		closedByServer(t, conn)
	}
	if got := f.post(member, goodBody(1, 1), token...); got.status != 200 || dials != 0 {
		t.Errorf("got %+v after %d dials", got, dials)
	}
}

// A probe and a refusal end the connection.
func TestStrangersAreNotKept(t *testing.T) {
	opts, ca, _ := guarded(t)
	f := start(t, opts, ca)
	for _, request := range []string{"GET /healthz", "HEAD /readyz", "POST /healthz", "POST /", "GET /"} {
		conn := f.dial()
		if _, err := io.WriteString(conn, request+" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(answer), "\r\nConnection: close\r\n") {
			t.Errorf("%s: got %q, %v", request, answer, err)
		}
	}
}

// One that comes too late is let in if a stranger can make room, and no other.
func TestTooManyConnections(t *testing.T) {
	opts, ca, token := guarded(t)
	opts.Limits.Connections, opts.Limits.ConnectionsPerAddress = 100, 3
	f := start(t, opts, ca)
	oldest := f.dial()
	members := []*http.Client{f.client(true), f.client(true), f.client(false)}
	for _, member := range members {
		if got := f.post(member, goodBody(1, 1), token...); got.status != 200 {
			t.Fatalf("got %+v", got)
		}
	}
	closedByServer(t, oldest)
	closedByServer(t, f.dialFrom("127.0.0.1"))
	for _, member := range members {
		if got := f.post(member, goodBody(1, 1), token...); got.status != 200 {
			t.Errorf("a member was closed: %+v", got)
		}
	}
	if refused := f.source.Status().Refused; refused != 2 {
		t.Errorf("%d are counted as refused", refused)
	}
	f.eventually("room again", func() bool {
		members[0].CloseIdleConnections()
		got, err := f.try(f.client(false), http.MethodPost, "/", strings.NewReader(goodBody(1, 1)), token...)
		return err == nil && got.status == 200
	})
}

// peer is a connection of which only the address and the end matter.
type peer struct {
	net.Conn
	from   netip.Addr
	closed bool
}

func (p *peer) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.from, 1)) }
func (p *peer) Close() error         { p.closed = true; return nil }

func TestWhoMakesRoom(t *testing.T) {
	for _, tc := range []struct {
		name string
		// come are the addresses of connections in their order; those with a
		// plus show credentials. Five may be open, three of one network.
		come []string
		// closed are the numbers of those that are closed.
		closed []int
	}{
		{"room for all", []string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2"}, nil},
		{"of one address the oldest", []string{"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1"}, []int{0, 1}},
		{"of one address the oldest stranger", []string{"192.0.2.1+", "192.0.2.1", "192.0.2.1", "192.0.2.1"}, []int{1}},
		{"of one address all known", []string{"192.0.2.1+", "192.0.2.1+", "192.0.2.1+", "192.0.2.1"}, []int{3}},
		{"a /64 is one sender", []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::ffff:1"}, []int{0}},
		{"another /64 is another", []string{"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1::3", "2001:db8:0:2::1"}, nil},
		{"IPv4 in IPv6 is IPv4", []string{"::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:192.0.2.3", "::ffff:192.0.2.4"}, nil},
		{"whoever has most", []string{"192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}, []int{1}},
		{"whoever has most strangers", []string{"192.0.2.1+", "192.0.2.1+", "192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.5"}, []int{2}},
		{"the oldest of as many", []string{"192.0.2.1+", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"}, []int{1}},
		{"all known", []string{"192.0.2.1+", "192.0.2.2+", "192.0.2.3+", "192.0.2.4+", "192.0.2.5+", "192.0.2.6"}, []int{5}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reported := 0
			l := &limited{
				most: 5, mostEach: 3, patience: time.Hour,
				closed: func(netip.Addr) { reported++ },
				open:   make(map[netip.Addr]*crowd),
			}
			var peers []*peer
			var open []*limitedConn
			for _, come := range tc.come {
				text, known := strings.CutSuffix(come, "+")
				p := &peer{from: netip.MustParseAddr(text)}
				peers = append(peers, p)
				if c := l.admit(p); c != nil {
					open = append(open, c)
					if known {
						c.trust()
						c.trust()
					}
				}
			}
			var closed []int
			for i, p := range peers {
				if p.closed {
					closed = append(closed, i)
				}
			}
			if !slices.Equal(closed, tc.closed) || reported != len(closed) {
				t.Errorf("%v were closed, %d reported; want %v", closed, reported, tc.closed)
			}
			for _, c := range open {
				_ = c.Close()
				_ = c.Close()
			}
			if l.all != 0 || len(l.open) != 0 {
				t.Errorf("%d are still counted: %v", l.all, l.open)
			}
		})
	}
}
