package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/emit"
)

// downstream looks at where the output plugin forwards to.
func downstream(ctx context.Context, s *session) []Finding {
	if s.Config.Forward.To == "" {
		return skipped("forward_to is not set: Fluent Bit carries the records")
	}
	out := s.forward(ctx, s.Config.Forward)
	if path := s.Config.Forward.DeadLetterPath; path != "" {
		if err := appendable(path); err != nil {
			out = append(out, Finding{Failed, "dead_letter_path " + path + ": " + cause(err), "let this process write there"})
		} else {
			out = append(out, Finding{Result: OK, Detail: "dead_letter_path " + path + " can be written"})
		}
	}
	return out
}

// forward looks at one downstream. No record is sent.
func (s *session) forward(ctx context.Context, f config.Forward) []Finding {
	name := emit.Destination(f.To)
	if path, ok := strings.CutPrefix(f.To, "file:"); ok {
		if err := appendable(path); err != nil {
			return failed("let this process write there, and to the folder "+filepath.Dir(path)+": the file is rotated", "%s: %s", name, cause(err))
		}
		return okay("%s can be written", name)
	}
	if f.To == "stdout" {
		return okay("stdout")
	}
	u, err := url.Parse(f.To)
	if err != nil {
		return failed("correct forward_to", "forward_to is no URL")
	}
	var out []Finding
	if proxy := proxyOf(u); proxy == nil {
		if out = s.forwardServer(ctx, f, u); out[len(out)-1].Result == Failed {
			return out
		}
	} else {
		out = okay("%s through the proxy %s", name, bare(proxy))
	}
	status, err := emit.Probe(ctx, emit.Options{
		To: f.To, Format: emit.Format(f.Format), Compress: f.Compress == config.CompressGzip,
		TLS: emit.TLS{
			Enabled: f.TLS, SkipVerify: !f.TLSVerify, CAFile: f.CAFile, CertFile: f.CertFile, KeyFile: f.KeyFile, ServerName: f.ServerName,
		},
		TokenFile: f.TokenFile, HeadersFile: f.HeadersFile, SharedKeyFile: f.SharedKeyFile, Tag: f.Tag, Timeout: f.Timeout,
		Version: s.Version, Now: s.Now,
	})
	return append(out, judgeProbe(name, f, status, err))
}

// proxyOf is the proxy of the environment for a URL.
func proxyOf(u *url.URL) *url.URL {
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil {
		// That is told by the probe.
		return nil
	}
	return proxy
}

// forwardServer connects to a downstream and looks at its certificate.
func (s *session) forwardServer(ctx context.Context, f config.Forward, u *url.URL) []Finding {
	name := emit.Destination(f.To)
	detail, err := s.connect(ctx, hostPort(u))
	if err != nil {
		return failed(networkFix(err), "%s: %s", name, cause(err))
	}
	out := okay("%s: %s", name, detail)
	if u.Scheme != "https" && !f.TLS {
		return out
	}
	roots, err := rootsOf(f.CAFile)
	if err != nil {
		return failed("name the file of the CA, PEM", "forward_tls_ca_file %s: %s", f.CAFile, cause(err))
	}
	t := trust{
		roots: roots, name: u.Hostname(), any: !f.TLSVerify, now: s.Now(),
		where: options{ca: "forward_tls_ca_file", host: "forward_to", name: "forward_tls_server_name"},
	}
	if f.ServerName != "" {
		t.name = f.ServerName
	}
	if f.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(f.CertFile, f.KeyFile)
		if err != nil {
			return failed("write the certificate and the key that belongs to it, both PEM, to these files", "forward_tls_crt_file %s and its key: %s", f.CertFile, keyError(err))
		}
		t.client = &pair
		out = append(out, clientOf(pair, "forward_tls_crt_file", s)...)
	}
	p, err := dialTLS(ctx, hostPort(u), t)
	return append(out, p.judge(t, name, err)...)
}

func clientOf(pair tls.Certificate, option string, s *session) []Finding {
	out := clientCertificate(pair.Leaf, s.Now())
	for i := range out {
		if out[i].Fix != "" {
			out[i].Fix = "have a new one issued, and set " + option + " to it"
		}
	}
	return out
}

// judgeProbe says what an answer to a request without records means.
func judgeProbe(name string, f config.Forward, status int, err error) Finding {
	text := http.StatusText(status)
	switch {
	case err != nil && strings.Contains(err.Error(), "shared key"):
		return Finding{Failed, err.Error(), "set forward_shared_key_file to a file with the shared_key of that server"}
	case errors.Is(err, context.DeadlineExceeded):
		return Finding{Failed, name + ": no answer in time", "see whether it is what forward_to says: its log, or its port"}
	case err != nil:
		return Finding{Failed, err.Error(), "see the log of that server"}
	case status == 0 && f.SharedKeyFile != "":
		return Finding{Result: OK, Detail: name + ": both sides have the same shared key"}
	case status == 0:
		return Finding{Result: OK, Detail: name + ": the connection is taken; whether records are, only deliveries tell"}
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return Finding{Failed, show(name, status, text), "check forward_token_file, forward_headers_file, or the user in forward_to"}
	case status == http.StatusNotFound:
		return Finding{Warning, show(name, status, text), "check the path of forward_to; some servers answer so to OPTIONS on a path that takes POST"}
	case status/100 == 3:
		return Finding{Failed, show(name, status, text), "write the URL that it leads to: redirects are not followed"}
	case status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return Finding{Failed, show(name, status, text), "see the log of that server, or of what is in front of it"}
	}
	return Finding{Result: OK, Detail: show(name, status, text)}
}

func show(name string, status int, text string) string {
	return fmt.Sprintf("%s: it answers %d %s to OPTIONS", name, status, text)
}
