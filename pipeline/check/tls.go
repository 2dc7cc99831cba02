package check

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/fluent-live/live-status/pipeline/kube"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// tlsOfServer looks at the certificates of the API server and of ours.
func tlsOfServer(ctx context.Context, s *session) []Finding {
	if away := s.away(); away != "" {
		return skipped("%s", away)
	}
	target := s.access.Target()
	if target.URL.Scheme != "https" {
		return warned("use https:// in kube_url, unless something in front encrypts", "%s: there is no TLS, and credentials are sent as they are", bare(target.URL))
	}
	t, p, _, err := s.ask(ctx, target)
	out := p.judge(t, bare(target.URL), err)
	if target.Client != nil {
		out = append(out, clientCertificate(target.Client.Leaf, s.Now())...)
	}
	return out
}

func clientCertificate(c *x509.Certificate, now time.Time) []Finding {
	if c == nil {
		return nil
	}
	const fix = "have a new one issued, and set kube_client_cert_file or the kubeconfig to it"
	left := c.NotAfter.Sub(now)
	switch {
	case left < 0:
		return failed(fix, "the client certificate of %s ended on %s, %s ago", nameOf(c.Subject), day(c.NotAfter), distance(left))
	case left < soon:
		return warned(fix, "the client certificate of %s ends on %s, in %s", nameOf(c.Subject), day(c.NotAfter), distance(left))
	}
	return okay("client certificate of %s until %s", nameOf(c.Subject), day(c.NotAfter))
}

// asked is what an answer tells besides its body.
type asked struct {
	status int
	header http.Header
	// before and after are when the request went out and the answer had come.
	before, after time.Time
}

// ask sends a request without a token: to see the server's certificate and clock, no
// right is needed. A client certificate is shown where the server asks for one.
func (s *session) ask(ctx context.Context, target kube.Target) (trust, presented, asked, error) {
	t := trust{
		roots: target.Roots, name: target.ServerName, any: target.Insecure, client: target.Client, now: s.Now(),
		where: options{ca: "kube_ca_file, or certificate-authority in the kubeconfig", host: "kube_url", name: "kube_tls_server_name"},
	}
	var p presented
	u := *target.URL
	u.Path, u.RawQuery = singleSlash(u.Path)+"version", ""
	a, err := s.fetch(ctx, http.MethodGet, &u, t, &p, func(*http.Request) (*url.URL, error) { return target.Proxy() }, nil)
	return t, p, a, err
}

// fetch sends a request over a connection of its own, and passes the body of the
// answer to read.
func (s *session) fetch(
	ctx context.Context, method string, u *url.URL, t trust, p *presented, proxy func(*http.Request) (*url.URL, error), read func(io.Reader) error,
) (asked, error) {
	transport := &http.Transport{Proxy: proxy, TLSClientConfig: t.config(p), DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return asked{}, err
	}
	req.Header.Set("User-Agent", "live-status/"+s.Version)
	a := asked{before: s.Now()}
	resp, err := client.Do(req)
	if err != nil {
		return a, err
	}
	defer func() { _ = resp.Body.Close() }() // It was read as far as it matters.
	a.after, a.status, a.header = s.Now(), resp.StatusCode, resp.Header
	if read != nil {
		err = read(io.LimitReader(resp.Body, maxAnswer))
	}
	return a, err
}

// singleSlash is a path that ends in one slash.
func singleSlash(path string) string {
	for len(path) > 0 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path + "/"
}
