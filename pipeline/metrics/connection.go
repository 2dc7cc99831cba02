package metrics

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// maxConnections bounds those that are open.
const maxConnections = 32

// strangerTimeout is how long a connection may be open whose client has not shown
// that it may scrape.
const strangerTimeout = 20 * time.Second

// limited accepts connections, of which it keeps a bounded number open. Strangers make
// room for others, those of whom there are most: whoever opens many closes their own.
type limited struct {
	net.Listener

	mu   sync.Mutex
	open int
	// strangers are those that have not shown anything yet, the oldest first.
	strangers []*conn
}

// conn is a connection that is counted.
type conn struct {
	net.Conn
	of     *limited
	from   origin
	expiry *time.Timer
	closed sync.Once
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: accepted, of: l, from: originOf(accepted)}
		instead, ok := l.enter(c)
		if instead != nil {
			_ = instead.Close()
		}
		if ok {
			return c, nil
		}
		_ = accepted.Close() // In the queue of the system it would wait for what may not come.
	}
}

// enter counts c, and returns which connection is to be closed instead, or false where
// there is no room.
func (l *limited) enter(c *conn) (instead *conn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= maxConnections {
		if len(l.strangers) == 0 {
			return nil, false
		}
		instead = l.victim(c.from)
	}
	l.open++
	l.strangers = append(l.strangers, c)
	c.expiry = time.AfterFunc(strangerTimeout, func() { _ = c.Close() })
	return instead, true
}

// victim returns the oldest stranger of the origin that has most of them, where one
// more comes from an origin.
func (l *limited) victim(from origin) *conn {
	has := map[origin]int{from: 1}
	for _, c := range l.strangers {
		has[c.from]++
	}
	oldest := l.strangers[0]
	for _, c := range l.strangers {
		if has[c.from] > has[oldest.from] {
			oldest = c
		}
	}
	return oldest
}

// welcome makes c no stranger any more.
func (c *conn) welcome() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.expiry.Stop()
	c.of.strangers = slices.DeleteFunc(c.of.strangers, func(other *conn) bool { return other == c })
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closed.Do(func() {
		c.welcome()
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		c.of.open--
	})
	return c.Conn.Close()
}

// connKey is where the context of a request has its connection.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// origin is whoever sends requests: an address, or the network of an IPv6 address, of
// which one machine may have any number.
type origin netip.Prefix

// ipv6Network is the length of the network that a machine is in, in bits: RFC 4291,
// section 2.5.4.
const ipv6Network = 64

// originOf returns who is at the other end; all are the same where that is not known.
func originOf(c net.Conn) origin {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return origin{}
	}
	addr := from.Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = ipv6Network
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return origin{}
	}
	return origin(prefix)
}

// sender returns whose request it is.
func sender(ctx context.Context) origin {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return origin{}
	}
	return c.from
}

// welcome keeps the connection of a request whose client may scrape.
func welcome(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.welcome()
	}
}
