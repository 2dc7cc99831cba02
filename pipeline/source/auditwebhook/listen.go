package auditwebhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// listen opens the address that a names, and makes sure that what localhost
// resolved to is what Check took it for.
func listen(ctx context.Context, a Access) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", a.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s %q: %w", optionListen, a.Listen, err)
	}
	host, err := splitListen(a.Listen)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	exposed := !a.Insecure && (!a.encrypted() || !a.authenticated())
	if exposed && isLoopback(host) && !addressOf(l.Addr()).IsLoopback() {
		_ = l.Close()
		return nil, fmt.Errorf("listen on %s %q: the name resolves to %s, which other machines can reach", optionListen, a.Listen, l.Addr())
	}
	return l, nil
}

// addressOf returns the IP address of a peer or listener, without a zone.
func addressOf(addr net.Addr) netip.Addr {
	parsed, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return netip.Addr{}
	}
	return parsed.Addr().Unmap().WithZone("")
}

// limited closes connections beyond the bounds as soon as they are made: in the
// queue of the system they would wait for what may not come.
type limited struct {
	net.Listener
	most, mostEach int
	refused        func(from netip.Addr)

	mu   sync.Mutex
	open map[netip.Addr]int
	all  int
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addressOf(conn.RemoteAddr())
		if l.enter(from) {
			return &limitedConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		_ = conn.Close()
		l.refused(from)
	}
}

func (l *limited) enter(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.most || l.open[from] >= l.mostEach {
		return false
	}
	l.all++
	l.open[from]++
	return true
}

func (l *limited) leave(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
