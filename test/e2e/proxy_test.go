package e2e

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/test/controlplane"
)

// asked counts the requests for a collection.
type asked struct {
	// whole are those for all of it, be it a list or a watch that begins with one.
	whole int
	// rest are watches that go on from a version.
	rest int
}

// impatient is a proxy before an API server that ends every watch after a second,
// as a server does that was told to, and one of each collection by breaking it off.
type impatient struct {
	url, caFile string

	mu       sync.Mutex
	requests map[string]asked
}

// brokenOff is which of the watches that go on is.
const brokenOff = 3

func newImpatient(t testing.TB, c *controlplane.Cluster) *impatient {
	t.Helper()
	place := newWebhook(t, controlplane.WebhookBearerToken)
	target, err := url.Parse(c.URL())
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(c.RESTConfig()))
	if err != nil {
		t.Fatal(err)
	}
	p := &impatient{url: "https://" + place.Address, caFile: place.CAFile, requests: map[string]asked{}}
	// That connections break is what it is for.
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      quiet,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          quiet,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			if query := r.URL.Query(); query.Get("watch") != "" {
				if p.note(r, query).rest == brokenOff {
					cut := time.AfterFunc(time.Second, cancel)
					defer cut.Stop()
				} else {
					query.Set("timeoutSeconds", "1")
					r.URL.RawQuery = query.Encode()
				}
			} else {
				p.note(r, query)
			}
			proxy.ServeHTTP(w, r.WithContext(ctx))
		}),
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", place.Address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(listener, place.CertFile, place.KeyFile)
	}()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return p
}

// note counts a request, and returns how many of its path there were.
func (p *impatient) note(r *http.Request, query url.Values) asked {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.requests[r.URL.Path]
	switch {
	case query.Get("limit") == "1":
		// It asks for the version only.
	case query.Get("watch") == "", query.Get("sendInitialEvents") == "true":
		// The pages of a list are one.
		if query.Get("continue") == "" {
			a.whole++
		}
	default:
		a.rest++
	}
	p.requests[r.URL.Path] = a
	return a
}

// counts returns the requests so far by path.
func (p *impatient) counts() map[string]asked {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.requests)
}
