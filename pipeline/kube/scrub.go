package kube

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	hidden = "[secret]"
	// maxErrorBody is what is read of an answer that is an error.
	maxErrorBody = 64 << 10
	// minSecret is the length in bytes below which a secret is not searched
	// for: it would be found in every word.
	minSecret = 3
)

// The forms in which credentials show where it is not known which ones were
// used.
var (
	userinfoForm = regexp.MustCompile(`://[^\s"'<>]*@`)
	schemeForm   = regexp.MustCompile(`(?i)\b(authorization"?[:=]\s*"?[a-z]+|bearer)\s+[A-Za-z0-9._~+/=-]{16,}`)
	jwtForm      = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?`)
	paramForm    = regexp.MustCompile(`(?i)\b(password|passwd|token|access_token|id_token|refresh_token|client_secret)=[^&\s"',;]+`)
)

// scrubbedError says what an error said, without the credentials. Its text is
// final: nothing is to be formatted from the fields of what it wraps.
type scrubbedError struct {
	text string
	err  error
}

func (e *scrubbedError) Error() string { return e.text }

// Unwrap gives the error itself, for errors.Is and errors.As.
func (e *scrubbedError) Unwrap() error { return e.err }

// scrub returns the error as it is when its text is clean.
func scrub(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if clean := scrubText(text, secrets); clean != text {
		return &scrubbedError{text: clean, err: err}
	}
	return err
}

// mistake is an error in what was configured, clean and on one line.
func mistake(err error) error {
	err = scrub(err, nil)
	if text := err.Error(); strings.ContainsAny(text, "\r\n") {
		return &scrubbedError{text: strings.Join(strings.Fields(text), " "), err: err}
	}
	return err
}

func scrubText(s string, secrets []string) string {
	for _, secret := range secrets {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	s = userinfoForm.ReplaceAllString(s, "://"+hidden+"@")
	s = schemeForm.ReplaceAllString(s, "$1 "+hidden)
	s = jwtForm.ReplaceAllString(s, hidden)
	return paramForm.ReplaceAllString(s, "$1="+hidden)
}

// secretsOf returns what the request is authenticated with, in the forms in
// which it may be repeated, the longest first.
func secretsOf(req *http.Request) []string {
	var found []string
	add := func(s string) {
		quoted := strconv.Quote(s)
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), quoted[1 : len(quoted)-1]} {
			if len(form) >= minSecret && !slices.Contains(found, form) {
				found = append(found, form)
			}
		}
	}
	scheme, credentials, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	add(credentials)
	if strings.EqualFold(scheme, "Basic") {
		if plain, err := base64.StdEncoding.DecodeString(credentials); err == nil {
			_, password, _ := strings.Cut(string(plain), ":")
			add(password)
		}
	}
	if req.URL.User != nil {
		password, _ := req.URL.User.Password()
		add(password)
	}
	slices.SortFunc(found, func(a, b string) int { return len(b) - len(a) })
	return found
}

// scrubTransport stands next to the network, where a request has all its
// credentials, and clears what comes back of them: errors, and answers that
// become errors.
type scrubTransport struct{ base http.RoundTripper }

// WrappedRoundTripper lets idle connections be closed.
func (t *scrubTransport) WrappedRoundTripper() http.RoundTripper { return t.base }

// RoundTrip sends the request.
func (t *scrubTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, scrub(err, secretsOf(req))
	}
	if _, ok := resp.Header["Warning"]; ok {
		secrets := secretsOf(req)
		for i, w := range resp.Header["Warning"] {
			resp.Header["Warning"][i] = scrubText(w, secrets)
		}
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		if resp.Body != nil {
			resp.Body = &scrubBody{ReadCloser: resp.Body, secrets: func() []string { return secretsOf(req) }}
		}
		return resp, nil
	}
	secrets := secretsOf(req)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, scrub(err, secrets)
	}
	body = []byte(scrubText(string(body), secrets))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// scrubBody clears the errors of reading data, never the data.
type scrubBody struct {
	io.ReadCloser

	secrets func() []string
}

// Read reads.
func (b *scrubBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, scrub(err, b.secrets())
	}
	return n, err
}
