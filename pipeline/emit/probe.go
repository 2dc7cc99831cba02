package emit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Probe asks the downstream whether it would listen, with the same credentials and
// the same TLS as deliveries, and sends no record. For http:// and https:// it
// returns the status of an answer to OPTIONS; for forward:// it connects, and shows
// and checks the shared key. Others are opened only. The status is 0 where there is
// none.
func Probe(ctx context.Context, o Options) (status int, err error) {
	switch scheme(o.To) {
	case "http", "https", "forward":
	default:
		return 0, nil
	}
	client, err := Open(o)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	switch c := client.(type) {
	case *httpClient:
		return c.options(ctx)
	case *forward:
		return 0, c.connect(ctx)
	}
	return 0, nil
}

// options sends OPTIONS once.
func (c *httpClient) options(ctx context.Context) (int, error) {
	attempt, cancel := context.WithTimeoutCause(ctx, c.timeout, errNoAnswer)
	defer cancel()
	req, err := http.NewRequestWithContext(attempt, http.MethodOptions, c.url.String(), http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("OPTIONS %s: the request cannot be made", c.name) // The cause may quote the URL.
	}
	req.Close = true
	req.Header.Set("User-Agent", c.agent)
	if err := c.credentials.apply(req.Header); err != nil {
		return 0, fmt.Errorf("OPTIONS %s: %w", c.name, err)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, c.failed(ctx, attempt, "", err)
	}
	// What it says is of no matter.
	_, _ = io.CopyN(io.Discard, resp.Body, maxComplaint)
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}
