package check

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// instance asks a running instance whether it is alive and ready.
func instance(ctx context.Context, s *session) []Finding {
	if s.Instance.URL == "" {
		return skipped("--instance is not given")
	}
	base, err := url.Parse(s.Instance.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return failed("write https://HOST:PORT, of metrics_listen or audit_webhook_listen", "--instance is no URL")
	}
	roots, err := rootsOf(s.Instance.CAFile)
	if err != nil {
		return failed("name the file of the CA in --instance-ca-file, PEM", "%s: %s", s.Instance.CAFile, cause(err))
	}
	t := trust{
		roots: roots, name: base.Hostname(), any: s.Instance.Insecure, now: s.Now(),
		where: options{ca: "--instance-ca-file (or use --instance-insecure)", host: "--instance", name: "the certificate's names"},
	}
	var out []Finding
	for _, path := range []string{"/healthz", "/readyz"} {
		var p presented
		var body string
		u := &url.URL{Scheme: base.Scheme, Host: base.Host, Path: path}
		a, err := s.fetch(ctx, http.MethodGet, u, t, &p, nil, func(r io.Reader) (err error) {
			body, err = readLine(r)
			return err
		})
		if err != nil {
			if p.leaf != nil {
				return p.judge(t, bare(base), err)
			}
			return failed(networkFix(err), "%s: %s", bare(base), cause(err))
		}
		if p.leaf != nil && len(out) == 0 && !t.any {
			out = p.judge(t, bare(base), nil)
		}
		f := Finding{Result: OK, Detail: fmt.Sprintf("%s%s: %d %s", bare(base), path, a.status, body)}
		switch a.status {
		case http.StatusOK:
		case http.StatusServiceUnavailable:
			f.Result, f.Fix = Failed, "wait for its first lists, and see its log and its monitor_status"
		default:
			f.Result, f.Fix = Failed, "check --instance: the address of metrics_listen or audit_webhook_listen"
		}
		out = append(out, f)
	}
	return out
}
