package scrape

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	defaultTimeout = 10 * time.Second
	// maxFile is the most bytes of a token, a certificate or a key.
	maxFile = 1 << 20
	// maxToken is the most bytes of a token: servers take no longer headers.
	maxToken = 16 << 10
)

// Fetch fetches the metrics and hands each series to take.
func Fetch(ctx context.Context, o Options, take func(Sample)) error {
	u, err := o.target()
	if err != nil {
		return err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	transport, err := o.transport(u)
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("ask %s: %w", u.Host, err)
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("User-Agent", "live-status-checkmk")
	if o.TokenFile != "" {
		token, err := readToken(o.TokenFile)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		// Whoever is redirected to would get the token.
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(req)
	if err != nil {
		return o.explain(ctx, u, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := answered(u, resp, o.TokenFile != ""); err != nil {
		return err
	}
	// A server that notices that nobody waits any more may end its answer in order:
	// it is not whole then, although it looks so.
	if err := cmp.Or(Parse(resp.Body, o.Limits, take), ctx.Err()); err != nil {
		return o.explain(ctx, u, err)
	}
	return nil
}

// answered says what is wrong with an answer.
func answered(u *url.URL, resp *http.Response, token bool) error {
	switch {
	case resp.StatusCode == http.StatusUnauthorized && !token:
		return fmt.Errorf("%s wants a token: write --token-file", u.Host)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s does not know the token: is it expired, or that of another cluster?", u.Host)
	case resp.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s knows the token and refuses it: its account may not get %s (conf/checkmk-service-account.yaml)", u.Host, u.EscapedPath())
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return fmt.Errorf("%s redirects to another address, which is not followed: write the final --url", u.Host)
	case resp.StatusCode == http.StatusServiceUnavailable && token:
		return fmt.Errorf("%s answers 503: it cannot ask the API server now whose the token is", u.Host)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %d", u.Host, resp.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "text/plain" {
		return fmt.Errorf("%s does not answer with metrics at %s: is it the address of metrics_listen?", u.Host, u.EscapedPath())
	}
	return nil
}

// transport serves one call.
func (o Options) transport(u *url.URL) (*http.Transport, error) {
	dialer := &net.Dialer{}
	if u.Scheme == "http" && o.TokenFile != "" {
		dialer.ControlContext = onlyLoopback
	}
	t := &http.Transport{
		DialContext: dialer.DialContext, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: maxFile,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, ServerName: o.ServerName,
			InsecureSkipVerify: o.SkipVerify,
		},
	}
	if o.Proxy {
		t.Proxy = http.ProxyFromEnvironment
	}
	if o.CAFile != "" {
		data, err := readFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("--ca-file %s holds no certificate in PEM", o.CAFile)
		}
	}
	if o.CertFile != "" {
		cert, err := readFile(o.CertFile)
		if err != nil {
			return nil, fmt.Errorf("--cert-file: %w", err)
		}
		key, err := readFile(o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("--key-file: %w", err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("--cert-file %s and --key-file %s: %w", o.CertFile, o.KeyFile, err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// onlyLoopback refuses to dial any other machine, whatever the name was resolved to.
func onlyLoopback(_ context.Context, _, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return errors.New("a token is not sent to another machine without encryption: write https")
	}
	return nil
}

// readToken reads a token as Kubernetes mounts it: the file holds nothing else, but
// perhaps the end of its line.
func readToken(path string) (string, error) {
	data, err := readFile(path)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(data))
	switch {
	case token == "":
		return "", fmt.Errorf("--token-file %s is empty", path)
	case len(token) > maxToken:
		return "", fmt.Errorf("--token-file %s holds %d bytes, which is no token", path, len(token))
	}
	for _, c := range []byte(token) {
		// A bearer token is b64token, https://www.rfc-editor.org/rfc/rfc6750#section-2.1.
		if c <= ' ' || c > '~' {
			return "", fmt.Errorf("--token-file %s holds more than a token: write the token alone", path)
		}
	}
	return token, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	return data, err
}

// explain adds the way out to what went wrong.
func (o Options) explain(ctx context.Context, u *url.URL, err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		// It repeats the whole URL.
		err = outer.Err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s did not answer within %s: see --timeout", u.Host, o.Timeout)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return fmt.Errorf("%s: %w: write --ca-file with the authority that signed it", u.Host, err)
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Errorf("%s: %w: write --url or --server-name with the name in the certificate", u.Host, err)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("%s: %w: renew it, or set the clock of this machine", u.Host, err)
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("%s does not speak TLS: has it metrics_tls_crt_file?", u.Host)
	}
	return fmt.Errorf("fetch %s: %w", u.Host, err)
}
