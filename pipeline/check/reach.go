package check

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// maxAddresses is how many addresses of a name are told.
const maxAddresses = 4

// reach looks the API server up and connects to it, or to the proxy before it.
func reach(ctx context.Context, s *session) []Finding {
	if s.err != nil {
		return failed("set kube_config, or kube_url with kube_token_file and kube_ca_file; docs/CONFIGURATION.md tells the order", "%s", s.err)
	}
	if away := s.away(); away != "" {
		return skipped("%s", away)
	}
	target := s.access.Target()
	proxy, err := target.Proxy()
	if err != nil {
		// The error quotes the proxy's password.
		return failed("correct HTTPS_PROXY or proxy-url", "the proxy for %s is no URL", bare(target.URL))
	}
	to := target.URL
	if proxy != nil {
		to = proxy
	}
	detail, err := s.connect(ctx, hostPort(to))
	if err != nil {
		what, fix := s.explain(err)
		if proxy != nil {
			return failed("check the proxy, HTTPS_PROXY and NO_PROXY", "the proxy %s for %s: %s", bare(proxy), bare(target.URL), what)
		}
		return failed(fix, "%s: %s", bare(target.URL), what)
	}
	via := ""
	if proxy != nil {
		via = " through the proxy " + bare(proxy)
	}
	return okay("%s%s: %s (from %s)", bare(target.URL), via, detail, target.Origin)
}

// connect looks a host up, connects to it, and says what came of it.
func (s *session) connect(ctx context.Context, address string) (string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	found := ""
	if _, err := netip.ParseAddr(host); err != nil {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return "", err
		}
		var texts []string
		for _, ip := range ips[:min(len(ips), maxAddresses)] {
			texts = append(texts, ip.Unmap().String())
		}
		found = fmt.Sprintf("%s is %s, ", host, strings.Join(texts, ", "))
	}
	began := s.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	took := s.Now().Sub(began)
	to := conn.RemoteAddr().String()
	if err := conn.Close(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%sconnected to %s in %s", found, to, distance(took)), nil
}

// hostPort is the address of a URL.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		switch u.Scheme {
		case "http":
			port = "80"
		case "socks5", "socks5h":
			port = "1080"
		case "forward":
			port = "24224"
		default:
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
