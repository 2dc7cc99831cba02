package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// tokenFile is a bearer token that someone else keeps fresh.
type tokenFile struct {
	path string
	ttl  time.Duration
	now  func() time.Time
	log  *slog.Logger

	mu    sync.Mutex
	value config.Secret
	read  time.Time
	// failed is the last error of a file that could be read before.
	failed string
}

// token returns the token, read again when it is older than the ttl. A token
// that was read goes on being used while the file cannot be.
func (f *tokenFile) token() (config.Secret, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.value != "" && f.now().Sub(f.read) < f.ttl {
		return f.value, nil
	}
	return f.rereadLocked()
}

// renewed reads the file at once and reports whether it holds another token
// than the one that was used.
func (f *tokenFile) renewed(used config.Secret) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.value != used {
		return true
	}
	v, err := f.rereadLocked()
	return err == nil && v != used
}

func (f *tokenFile) rereadLocked() (config.Secret, error) {
	f.read = f.now()
	v, err := readToken(f.path)
	switch {
	case err == nil:
		f.value, f.failed = v, ""
	case f.value == "":
		return "", err
	case err.Error() != f.failed:
		f.failed = err.Error()
		f.log.Warn("the token file cannot be used, staying with the token read before", "error", err.Error())
	}
	return f.value, nil
}

func readToken(path string) (config.Secret, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return "", fmt.Errorf("read token: %s is empty", path)
	}
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return "", fmt.Errorf("read token: %s holds something else than one token", path)
		}
	}
	return config.Secret(b), nil
}

// authTransport adds the token of a file, repeats a request once that was
// refused for an outdated credential, and takes note of failures that changed
// files may explain.
type authTransport struct {
	base   http.RoundTripper
	tokens *tokenFile // nil where there is none.
	// host is the only one that gets the token.
	host    string
	suspect func()
	// renews tells that the base fetches new credentials by itself after a
	// 401.
	renews bool
}

// WrappedRoundTripper lets idle connections be closed.
func (t *authTransport) WrappedRoundTripper() http.RoundTripper { return t.base }

// RoundTrip sends the request.
func (t *authTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, used, err := t.try(req)
	if err != nil {
		t.suspect()
		return nil, err
	}
	if resp.StatusCode != http.StatusUnauthorized {
		return resp, nil
	}
	t.suspect()
	if req.Body != nil && req.Body != http.NoBody {
		return resp, nil
	}
	if !t.renews && (t.tokens == nil || !t.tokens.renewed(used)) {
		return resp, nil
	}
	// Read to its end, so that the connection can be used again.
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the refusal: %w", err)
	}
	resp, _, err = t.try(req)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// try sends a copy: the layers below add headers to it.
func (t *authTransport) try(req *http.Request) (*http.Response, config.Secret, error) {
	out := req.Clone(req.Context())
	var token config.Secret
	if t.tokens != nil && req.URL.Host == t.host && out.Header.Get("Authorization") == "" {
		var err error
		if token, err = t.tokens.token(); err != nil {
			return nil, "", err
		}
		out.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	resp, err := t.base.RoundTrip(out)
	return resp, token, err
}
