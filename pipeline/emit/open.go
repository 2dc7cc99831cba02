package emit

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Open returns the downstream that o.To names, by its scheme. It checks that the
// files of o can be read and used, but connects to nobody. Errors name the option
// of the configuration that is wrong.
func Open(o Options) (Client, error) {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	switch scheme(o.To) {
	case "file":
		return openFile(o)
	case "stdout":
		return openStdout(o)
	case "http", "https":
		return openHTTP(o)
	case "forward":
		return openForward(o)
	case "":
		return nil, errors.New("forward_to is empty")
	default:
		// What has another form may be a credential.
		return nil, errors.New("forward_to is none of file:PATH, stdout, http://..., https://... and forward://HOST:PORT")
	}
}

// Destination returns a downstream as it may be told to anybody: of a URL only
// scheme, host and port, since path and query may hold a token as well as the
// user's name does.
func Destination(to string) string {
	switch s := scheme(to); s {
	case "file", "stdout":
		return to
	case "http", "https", "forward":
		u, err := url.Parse(to)
		if err != nil {
			return s + "://?"
		}
		return s + "://" + u.Host
	default:
		return "?"
	}
}

// scheme returns what to begins with, in lower case.
func scheme(to string) string {
	if to == "stdout" {
		return to
	}
	s, _, found := strings.Cut(to, ":")
	if !found && to != "" {
		return "?"
	}
	return strings.ToLower(s)
}

// parseURL parses forward_to. Its error does not quote it.
func parseURL(to string) (*url.URL, error) {
	u, err := url.Parse(to)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) && !strings.Contains(ue.Err.Error(), "invalid port") {
			return nil, errors.New("forward_to is no URL")
		}
		return nil, errors.New("forward_to has no valid port")
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("forward_to names no host: %s://HOST:PORT", u.Scheme)
	}
	return u, nil
}
