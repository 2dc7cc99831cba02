package emit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// httpClient sends each batch as one POST. It speaks HTTP/1.1 only: one request at
// a time gains nothing from HTTP/2, where a connection that is dead without a word
// stays in use.
type httpClient struct {
	url *url.URL
	// name is the URL as it may be told to anybody, and secrets what may not be told
	// of it.
	name    string
	secrets []string
	format  Format
	timeout time.Duration
	agent   string
	logger  *slog.Logger
	now     func() time.Time

	credentials *credentials
	// tls is nil for http://.
	tls    *tlsFiles
	client *http.Client
	// proxy says through which proxy a request goes, as http.Transport asks.
	proxy func(*http.Request) (*url.URL, error)

	payload payload
	// proven is set while the last batch was acknowledged: only then a connection is
	// kept for the next. A server that is broken or is not what was expected may say
	// more than it was asked, which net/http prints on the standard error as it is.
	proven bool
	// warned is set once the downstream's warning was logged.
	warned bool
}

// errNoAnswer is why a request is given up.
var errNoAnswer = errors.New("no whole answer in time")

// openHTTP checks the options of http:// and https://.
func openHTTP(o Options) (Client, error) {
	u, err := parseURL(o.To)
	if err != nil {
		return nil, err
	}
	c := &httpClient{
		name: Destination(o.To), format: o.Format, timeout: o.Timeout, agent: agent(o.Version),
		logger: o.Logger, now: o.Now, proxy: http.ProxyFromEnvironment,
	}
	switch o.Format {
	case FormatJSON:
	case "":
		c.format = FormatJSON
	case FormatOTLP:
		if u.Path == "" || u.Path == "/" {
			// https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
			u.Path = "/v1/logs"
		}
	default:
		return nil, fmt.Errorf("forward_format %s is not for %s://: jsonl or otlp", o.Format, u.Scheme)
	}
	u.Fragment, u.RawFragment = "", ""
	c.url, c.secrets = u, secretsOf(u)
	c.payload = payload{format: c.format, compress: o.Compress, envelope: newEnvelope(o)}
	if c.credentials, err = newCredentials(o.TokenFile, o.HeadersFile, o.Now); err != nil {
		return nil, err
	}
	if u.User != nil && o.TokenFile != "" {
		return nil, errors.New("forward_token_file is set, and forward_to holds a user: one of the two can log in")
	}
	if u.Scheme == "https" {
		if c.tls, err = newTLSFiles(o.TLS, o.Now); err != nil {
			return nil, err
		}
		warnUnverified(o)
	} else if u.User != nil || o.TokenFile != "" || o.HeadersFile != "" {
		o.Logger.Warn("credentials are sent unencrypted: forward_to begins with http://", "to", c.name)
	}
	c.connect()
	return c, nil
}

func agent(version string) string {
	if version == "" {
		return "live-status"
	}
	return "live-status/" + version
}

// connect makes new connections of what follows.
func (c *httpClient) connect() {
	if c.client != nil {
		c.client.CloseIdleConnections()
	}
	t := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			u, err := c.proxy(r)
			if err != nil {
				// It quotes the variable, and with it the proxy's password.
				return nil, errors.New("the proxy of the environment (HTTP_PROXY, HTTPS_PROXY) is no URL")
			}
			return u, nil
		},
		DialContext:            (&net.Dialer{Timeout: c.timeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:    c.timeout,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		// What is compressed may be without end when it is unpacked.
		DisableCompression: true,
		Protocols:          new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	if c.tls != nil {
		t.TLSClientConfig = c.tls.config(c.url.Hostname())
	}
	c.client = &http.Client{
		Transport: t,
		// What follows a redirect takes the credentials with it.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Format implements Client.
func (c *httpClient) Format() Format { return c.format }

// Close implements Client.
func (c *httpClient) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Send implements Client. The batch is acknowledged by an answer with a status of
// 2xx that came whole, up to the length that it announces or to its last chunk, and
// not before all was sent. What it says matters in OTLP only; elsewhere it may be of
// any length, as long as it ends before the timeout.
func (c *httpClient) Send(ctx context.Context, b Batch) error {
	if err := c.payload.build(b); err != nil {
		return fmt.Errorf("POST %s: %w", c.name, err)
	}
	status, err := c.post(ctx, b.Len())
	if status == http.StatusUnauthorized && c.credentials.renewed() {
		// The token was replaced since it was looked at: nobody needs to hear of it.
		_, err = c.post(ctx, b.Len())
	}
	if c.proven = err == nil; !c.proven {
		// The next attempt may reach another server by the same name.
		c.client.CloseIdleConnections()
	}
	return err
}

// post sends the payload once. The status is 0 where there was none.
func (c *httpClient) post(ctx context.Context, records int) (status int, err error) {
	if c.tls != nil {
		if err := c.tls.refresh(); err != nil {
			return 0, fmt.Errorf("POST %s: %w", c.name, err)
		}
		if c.tls.stale {
			c.connect()
		}
	}
	attempt, cancel := context.WithTimeoutCause(ctx, c.timeout, errNoAnswer)
	defer cancel()
	body := c.payload.reader()
	// The transport may read on for a moment when it has answered already.
	defer body.stop()
	req, err := http.NewRequestWithContext(attempt, http.MethodPost, c.url.String(), body)
	if err != nil {
		return 0, fmt.Errorf("POST %s: the request cannot be made", c.name) // The cause may quote the URL.
	}
	req.ContentLength = body.size()
	req.Close = !c.proven
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Content-Type", c.payload.contentType())
	if err := c.credentials.apply(req.Header); err != nil {
		return 0, fmt.Errorf("POST %s: %w", c.name, err)
	}
	if c.format == FormatOTLP { // Others may be called what the server wants.
		req.Header.Set("Content-Type", c.payload.contentType())
	}
	if c.payload.compress {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, c.failed(ctx, attempt, "", err)
	}
	defer func() { _ = resp.Body.Close() }() // It was read as far as it matters.
	answer, err := readAnswer(resp)
	if err != nil {
		return resp.StatusCode, c.failed(ctx, attempt, statusName(resp.StatusCode)+", but ", err)
	}
	if resp.StatusCode/100 == 2 && !body.sent() {
		// Who has not seen all records cannot acknowledge them.
		return resp.StatusCode, c.failed(ctx, attempt, statusName(resp.StatusCode)+", but ", errors.New("it was answered before all was sent"))
	}
	return resp.StatusCode, c.judge(resp, answer, records)
}

// failed describes why there is no whole answer.
func (c *httpClient) failed(ctx, attempt context.Context, got string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("POST %s: %w", c.name, context.Cause(ctx))
	}
	if attempt.Err() != nil {
		return fmt.Errorf("POST %s: %s%w (%s)", c.name, got, errNoAnswer, c.timeout)
	}
	// It quotes the URL.
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	if c.secretIn(err.Error()) {
		return fmt.Errorf("POST %s: %sthe request failed (the cause is not told: it quotes a credential)", c.name, got)
	}
	return fmt.Errorf("POST %s: %s%w", c.name, got, forPeople(err))
}

// secretIn reports whether text quotes a credential.
func (c *httpClient) secretIn(text string) bool {
	quoted := func(secret string) bool { return quotes(text, secret) }
	return slices.ContainsFunc(c.secrets, quoted) || c.credentials.within(text)
}
