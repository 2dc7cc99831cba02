package metrics

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer s.guard()
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if s.nameless && !isAddress(r.Host) {
		refuse(w, http.StatusForbidden, "this is for this machine alone: ask localhost or the address, not a name")
		return
	}
	switch r.URL.Path {
	case "/metrics", "/healthz", "/readyz":
	default:
		refuse(w, http.StatusNotFound, "there are /metrics, /healthz and /readyz")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD are answered")
		return
	}
	if r.URL.Path != "/metrics" {
		s.probe(w, r.URL.Path)
		return
	}
	if s.authorize(w, r) {
		welcome(r)
		s.scrape.ServeHTTP(w, r)
	}
}

// refuse answers why not, and ends the connection: only those who scrape keep theirs.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
}

// isAddress reports whether a request names the server by an address or localhost,
// which no page of another origin can have a browser do.
func isAddress(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

func (s *Server) probe(w http.ResponseWriter, path string) {
	if !s.running.Load() {
		refuse(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	if path == "/readyz" {
		if err := s.opts.Ready(); err != nil {
			refuse(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // Whoever is gone needs no answer.
}

// authorize reports whether the client may scrape, and answers where it may not.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) bool {
	if s.opts.Auth == nil {
		return true
	}
	token, problem := bearer(r.Header["Authorization"])
	if problem != "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="live-status"`)
		refuse(w, http.StatusUnauthorized, problem)
		return false
	}
	err := s.opts.Auth.Authorize(r.Context(), token)
	if err == nil {
		return true
	}
	if errors.Is(err, ErrToken) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="live-status", error="invalid_token"`)
		refuse(w, http.StatusUnauthorized, "the API server does not know the token: it may have expired, or be of another cluster")
		return false
	}
	if forbidden, ok := errors.AsType[*ForbiddenError](err); ok {
		s.warn("forbidden", "metrics: a scrape was refused", "error", err)
		refuse(w, http.StatusForbidden, forbidden.Error())
		return false
	}
	if r.Context().Err() == nil {
		s.warn("unknown", "metrics: scrapes are refused, because the API server cannot be asked who it is", "error", err)
	}
	w.Header().Set("Retry-After", "5")
	refuse(w, http.StatusServiceUnavailable, "the API server cannot be asked now whether the token may scrape")
	return false
}

// maxToken bounds tokens, in bytes. Those of API servers have one or two thousand.
const maxToken = 16 << 10

// bearer returns the token of a request, or what is wrong with it.
func bearer(headers []string) (token, problem string) {
	if len(headers) == 0 {
		return "", "a bearer token is needed"
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(headers) > 1:
		return "", "there are several Authorization headers"
	case !strings.EqualFold(scheme, "Bearer"):
		return "", "a bearer token is needed"
	case token == "" || len(token) > maxToken || !isToken(token):
		return "", "what was sent is no token"
	}
	return token, ""
}

// isToken reports whether a text has the form of a token: RFC 6750, section 2.1.
func isToken(text string) bool {
	end := strings.TrimRight(text, "=")
	for i := range len(end) {
		switch c := end[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return end != ""
}
