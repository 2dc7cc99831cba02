package emit

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// credentials are the headers by which a request shows who sends it. Their files
// are looked at before each request, at most once a second, and a request whose
// files cannot be read is not sent: without its credentials it could be taken for
// somebody else's.
type credentials struct {
	token   *watchedFile
	headers *watchedFile

	bearer string
	parsed []header
	// tokenErr and headersErr say why what was read cannot be used.
	tokenErr, headersErr error
}

// header is one line of the headers file.
type header struct{ name, value string }

// newCredentials reads both files once, so that a wrong configuration shows at the
// start. Empty paths are none.
func newCredentials(tokenFile, headersFile string, now func() time.Time) (*credentials, error) {
	c := &credentials{}
	if tokenFile != "" {
		c.token = &watchedFile{option: "forward_token_file", path: tokenFile, now: now}
	}
	if headersFile != "" {
		c.headers = &watchedFile{option: "forward_headers_file", path: headersFile, now: now}
	}
	if err := c.refresh(); err != nil {
		return nil, err
	}
	return c, nil
}

// refresh looks at the files.
func (c *credentials) refresh() error {
	if c.token != nil {
		data, fresh, err := c.token.read()
		if err != nil {
			return err
		}
		if fresh {
			c.bearer, c.tokenErr = parseToken(data)
		}
		if c.tokenErr != nil {
			return fmt.Errorf("read forward_token_file: %s: %w", c.token.path, c.tokenErr)
		}
	}
	if c.headers != nil {
		data, fresh, err := c.headers.read()
		if err != nil {
			return err
		}
		if fresh {
			c.parsed, c.headersErr = parseHeaders(data)
		}
		if c.headersErr != nil {
			return fmt.Errorf("read forward_headers_file: %s: %w", c.headers.path, c.headersErr)
		}
	}
	if c.token != nil {
		for _, h := range c.parsed {
			if h.name == "Authorization" {
				return errors.New("forward_token_file and forward_headers_file both set Authorization")
			}
		}
	}
	return nil
}

// apply sets the headers in h.
func (c *credentials) apply(h http.Header) error {
	if err := c.refresh(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, line := range c.parsed {
		if seen[line.name] {
			h.Add(line.name, line.value)
		} else {
			h.Set(line.name, line.value)
		}
		seen[line.name] = true
	}
	if c.bearer != "" {
		h.Set("Authorization", "Bearer "+c.bearer)
	}
	return nil
}

// renewed reads the files at once, after the downstream has refused what they
// held, and reports whether they hold something else now.
func (c *credentials) renewed() bool {
	bearer, parsed := c.bearer, c.parsed
	if c.token != nil {
		c.token.expire()
	}
	if c.headers != nil {
		c.headers.expire()
	}
	if err := c.refresh(); err != nil {
		return false // The next request says so.
	}
	if bearer != c.bearer || len(parsed) != len(c.parsed) {
		return true
	}
	for i := range parsed {
		if parsed[i] != c.parsed[i] {
			return true
		}
	}
	return false
}

// within reports whether text quotes a credential.
func (c *credentials) within(text string) bool {
	if quotes(text, c.bearer) {
		return true
	}
	quoted := func(secret string) bool { return quotes(text, secret) }
	for _, h := range c.parsed {
		parts := append(strings.Fields(h.value), strings.FieldsFunc(h.value, separates)...)
		if slices.ContainsFunc(parts, quoted) {
			return true
		}
		// The header may be any that takes a user's name and password.
		basic := http.Request{Header: http.Header{"Authorization": {h.value}}}
		if _, password, ok := basic.BasicAuth(); ok && quoted(password) {
			return true
		}
	}
	return false
}

// separates reports whether a character stands between the parameters of a header.
func separates(r rune) bool { return strings.ContainsRune(" \t,;=\"", r) }

// quotes reports whether text holds a secret that is long enough to be one, as it is
// or with escapes. Shorter ones every text has some of.
func quotes(text, secret string) bool {
	const shortest = 4
	if len(secret) < shortest {
		return false
	}
	escaped := strconv.Quote(secret)
	return strings.Contains(text, secret) || strings.Contains(text, escaped[1:len(escaped)-1])
}

// secretsOf returns what may not be told of a URL: user, password, query, and what
// is as long as a token in the path.
func secretsOf(u *url.URL) []string {
	const token = 16
	var all []string
	if u.User != nil {
		password, _ := u.User.Password()
		all = append(all, u.User.Username(), password, u.User.String())
	}
	if u.RawQuery != "" {
		all = append(all, u.RawQuery)
		for _, values := range u.Query() {
			all = append(all, values...)
		}
	}
	for _, path := range []string{u.Path, u.EscapedPath()} {
		for segment := range strings.SplitSeq(path, "/") {
			if len(segment) >= token {
				all = append(all, segment)
			}
		}
	}
	return all
}

// parseToken returns the token in a file. Errors do not quote it.
func parseToken(data []byte) (string, error) {
	token := string(bytes.TrimSpace(data))
	if token == "" {
		return "", errors.New("the file is empty")
	}
	for _, c := range []byte(token) {
		switch {
		case c == ' ':
			return "", errors.New("there is a space in it, but it must hold the token alone")
		case c < ' ' || c >= 0x7f:
			return "", errors.New("there is a line break, a control character or one that is not ASCII in the token")
		}
	}
	return token, nil
}

// parseHeaders returns the headers in a file: "Name: value" a line, without empty
// lines and those that begin with #. Errors do not quote them.
func parseHeaders(data []byte) ([]header, error) {
	var out []header
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isHeaderName(name) {
			return nil, fmt.Errorf("line %d is not of the form Name: value", n)
		}
		value = strings.TrimSpace(value)
		for _, c := range []byte(value) {
			if (c < ' ' && c != '\t') || c == 0x7f {
				return nil, fmt.Errorf("there is a control character in line %d", n)
			}
		}
		name = http.CanonicalHeaderKey(name)
		if isOurs(name) {
			return nil, fmt.Errorf("line %d sets %s, which every request has of its own", n, name)
		}
		out = append(out, header{name: name, value: value})
	}
	return out, nil
}

// isHeaderName reports whether s is a token of RFC 9110, section 5.6.2.
func isHeaderName(s string) bool {
	for _, c := range []byte(s) {
		alphanumeric := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isOurs reports whether a header says how a request is sent, and not by whom. What
// JSON Lines are called is not one: some servers know only application/json.
func isOurs(name string) bool {
	switch name {
	case "Host", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection",
		"Upgrade", "Te", "Trailer", "Expect", "Keep-Alive", "Proxy-Connection", "Accept-Encoding":
		return true
	}
	return false
}
