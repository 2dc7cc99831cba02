package auditwebhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
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

// networkOf returns the address that stands for all that one sender may have:
// who has one IPv6 address usually has the /64 around it.
func networkOf(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	network, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return network.Addr()
}
