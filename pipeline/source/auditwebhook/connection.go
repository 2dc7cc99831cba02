package auditwebhook

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

// limited bounds the connections that are open. Who has shown no credentials
// yet makes room for who comes later, so that strangers, however many
// connections they hold, cannot keep anybody from showing theirs.
type limited struct {
	net.Listener
	most, mostEach int
	// patience is how long a connection may go without credentials.
	patience time.Duration
	closed   func(from netip.Addr)

	mu sync.Mutex
	// open are the connections by network.
	open map[netip.Addr]*crowd
	all  int
	// made counts connections, which tells their age.
	made uint64
}

// crowd are the open connections of one network.
type crowd struct {
	all int
	// strangers have shown no credentials yet; the oldest is first.
	strangers []*limitedConn
}

// limitedConn is a connection that counts until it is closed.
type limitedConn struct {
	net.Conn
	of      *limited
	network netip.Addr
	number  uint64
	expiry  *time.Timer
	// stranger and counted are guarded by the lock of of.
	stranger, counted bool
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if taken := l.admit(conn); taken != nil {
			return taken, nil
		}
	}
}

// admit returns conn as one that counts. Where there is no room, the connection
// of a stranger is closed, or conn if there are none: in the queue of the
// system it would wait for what may not come.
func (l *limited) admit(conn net.Conn) *limitedConn {
	from := addressOf(conn.RemoteAddr())
	c := &limitedConn{Conn: conn, of: l, network: networkOf(from)}
	instead, ok := l.enter(c)
	if !ok {
		// Counted first: who sees the end of it may ask for the count.
		l.closed(from)
		_ = conn.Close()
		return nil
	}
	if instead != nil {
		l.closed(addressOf(instead.RemoteAddr()))
		_ = instead.Close()
	}
	return c
}

// enter counts c, and returns which connection is to be closed instead, or
// false if there is no room.
func (l *limited) enter(c *limitedConn) (instead *limitedConn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.open[c.network]
	switch {
	case own != nil && own.all >= l.mostEach:
		instead = own.oldest()
	case l.all >= l.most:
		instead = l.oldest()
	default:
		ok = true
	}
	if instead == nil && !ok {
		return nil, false
	}
	if instead != nil {
		l.forget(instead)
	}
	if own = l.open[c.network]; own == nil {
		own = new(crowd)
		l.open[c.network] = own
	}
	l.all++
	l.made++
	c.number = l.made
	own.all++
	own.strangers = append(own.strangers, c)
	c.stranger, c.counted = true, true
	c.expiry = time.AfterFunc(l.patience, c.expire)
	return instead, true
}

// oldest returns the oldest stranger of the network that has most of them: who
// opens many connections closes their own.
func (l *limited) oldest() *limitedConn {
	var from *crowd
	for _, one := range l.open {
		if len(one.strangers) == 0 {
			continue
		}
		if from == nil || len(one.strangers) > len(from.strangers) ||
			len(one.strangers) == len(from.strangers) && one.oldest().number < from.oldest().number {
			from = one
		}
	}
	if from == nil {
		return nil
	}
	return from.oldest()
}

func (c *crowd) oldest() *limitedConn {
	if len(c.strangers) == 0 {
		return nil
	}
	return c.strangers[0]
}

// forget counts c no more. The caller holds the lock.
func (l *limited) forget(c *limitedConn) {
	if !c.counted {
		return
	}
	l.welcome(c)
	c.counted = false
	l.all--
	own := l.open[c.network]
	if own.all--; own.all == 0 {
		delete(l.open, c.network)
	}
}

// welcome makes c no stranger any more. The caller holds the lock.
func (l *limited) welcome(c *limitedConn) {
	if !c.stranger {
		return
	}
	c.stranger = false
	c.expiry.Stop()
	own := l.open[c.network]
	own.strangers = slices.DeleteFunc(own.strangers, func(other *limitedConn) bool { return other == c })
}

// trust notes that the client has shown its credentials.
func (c *limitedConn) trust() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.welcome(c)
}

func (c *limitedConn) expire() {
	c.of.mu.Lock()
	stranger := c.stranger
	c.of.mu.Unlock()
	if stranger {
		_ = c.Close()
	}
}

func (c *limitedConn) Close() error {
	c.of.mu.Lock()
	c.of.forget(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// connKey is where the context of a request has its connection.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	return context.WithValue(ctx, connKey{}, conn)
}

// trust keeps the connection of a request whose credentials are good.
func trust(r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*limitedConn); ok {
		c.trust()
	}
}
