package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
)

// checkEvery is how long files are trusted to be unchanged while all goes
// well.
const checkEvery = time.Minute

var errClosed = errors.New("access to the cluster is closed")

// Options are what an Access needs beside the configuration.
type Options struct {
	Logger *slog.Logger
	// Warnings takes what API servers warn of, in their words; Logger when nil.
	Warnings *slog.Logger
	// UserAgent is sent with every request, for example live-status/1.0.0.
	UserAgent string
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// ClusterName overrides the name that is found.
	ClusterName event.ClusterName
}

// Access is a way to one API server. Its methods may be called from several
// goroutines.
type Access struct {
	cfg     config.Kube
	opts    Options
	suspect atomic.Bool

	// wrapBase stands between client-go and the network in tests.
	wrapBase func(http.RoundTripper) http.RoundTripper

	mu       sync.Mutex
	closed   bool
	current  *client
	identity string
	// identified is the host that identity was asked of.
	identified string
	// kept is the last reason for staying with a client whose files changed.
	kept string
}

// client is what was built from one reading of all files.
type client struct {
	rest      rest.Interface
	transport http.RoundTripper
	base      *url.URL
	cluster   event.ClusterName
	seen      fingerprint
	files     watched
	checked   time.Time
	target    Target
}

// Load finds the API server and the credentials, in the order that
// docs/CONFIGURATION.md gives, and reads every file once. It sends nothing
// over the network: an error is a mistake in the configuration.
func Load(cfg config.Kube, opts Options) (*Access, error) {
	return load(cfg, opts, nil)
}

func load(cfg config.Kube, opts Options, wrapBase func(http.RoundTripper) http.RoundTripper) (*Access, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Access{cfg: cfg, opts: opts, wrapBase: wrapBase}
	s, err := resolve(cfg, opts.Logger)
	if err != nil {
		return nil, mistake(err)
	}
	if a.current, err = a.build(s); err != nil {
		return nil, mistake(err)
	}
	opts.Logger.Info("cluster access", "from", s.origin, "url", a.current.base.String(), "cluster", string(a.ClusterName()))
	if s.rest.Insecure {
		opts.Logger.Warn("the API server's certificate is not checked: anyone on the way can read the credentials and all data",
			"url", a.current.base.String())
	}
	if a.current.base.Scheme == "http" && s.tokenFile != "" {
		opts.Logger.Warn("the token is sent without encryption", "url", a.current.base.String(), "kube_token_file", s.tokenFile)
	}
	return a, nil
}

// Client returns a client to be used for one request or watch; ask again for
// the next one. When files changed since, the client is a new one. Paths are
// absolute: Get().AbsPath(...), then Stream or Do. Do(ctx).Error() carries the
// server's own words, the error of Do(ctx).Raw() does not.
func (a *Access) Client(ctx context.Context) (rest.Interface, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := a.fresh()
	if err != nil {
		return nil, err
	}
	return c.rest, nil
}

func (a *Access) fresh() (*client, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, errClosed
	}
	now := a.opts.Now()
	if c := a.current; c != nil {
		if suspect := a.suspect.Swap(false); !suspect && now.Sub(c.checked) < checkEvery {
			return c, nil
		}
		c.checked = now
		if c.files.fingerprint() == c.seen {
			return c, nil
		}
	}
	next, err := a.rebuild()
	switch {
	case err == nil:
		if a.current != nil {
			if a.current.seen != (fingerprint{}) {
				a.opts.Logger.Info("the cluster's certificates or credentials changed, using the new ones", "url", next.base.String())
			}
			a.current.close()
		}
		a.current, a.kept = next, ""
	case a.current == nil:
		return nil, fmt.Errorf("read cluster access: %w", mistake(err))
	default:
		// A file may be half written. What works goes on working.
		if text := mistake(err).Error(); text != a.kept {
			a.kept = text
			a.opts.Logger.Warn("files of the cluster access changed and cannot be used, staying with the former ones", "error", text)
		}
	}
	return a.current, nil
}

func (a *Access) rebuild() (*client, error) {
	s, err := resolve(a.cfg, a.opts.Logger)
	if err != nil {
		return nil, err
	}
	return a.build(s)
}

func (a *Access) build(s *settings) (*client, error) {
	rc := s.rest
	rc.UserAgent = a.opts.UserAgent
	// The server has its own fairness; a limit here only delays pages.
	rc.QPS = -1
	rc.WarningHandlerWithContext = newWarnings(cmp.Or(a.opts.Warnings, a.opts.Logger))
	rc.ContentType = runtime.ContentTypeJSON
	rc.NegotiatedSerializer = statusOnly()
	rc.Wrap(func(rt http.RoundTripper) http.RoundTripper {
		if a.wrapBase != nil {
			rt = a.wrapBase(rt)
		}
		return &scrubTransport{base: rt}
	})
	base, _, err := rest.DefaultServerUrlFor(rc)
	if err != nil {
		return nil, fmt.Errorf("read the API server's URL: %w", err)
	}
	rt, err := rest.TransportFor(rc)
	if err != nil {
		return nil, fmt.Errorf("set up access to %s: %w", base, err)
	}
	t := &authTransport{
		base:    rt,
		host:    base.Host,
		suspect: func() { a.suspect.Store(true) },
		renews:  rc.ExecProvider != nil,
	}
	if s.tokenFile != "" {
		t.tokens = &tokenFile{path: s.tokenFile, ttl: a.cfg.TokenTTL, now: a.opts.Now, log: a.opts.Logger}
		if _, err := t.tokens.token(); err != nil {
			return nil, err
		}
	}
	hc := &http.Client{
		Transport: t,
		// API servers do not redirect; whoever does is not one, and gets
		// nothing.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	rcl, err := rest.UnversionedRESTClientForConfigAndClient(rc, hc)
	if err != nil {
		return nil, fmt.Errorf("set up access to %s: %w", base, err)
	}
	return &client{
		rest: rcl, transport: t, base: base, cluster: s.cluster,
		seen: s.seen, files: s.files, checked: a.opts.Now(), target: targetOf(s, base),
	}, nil
}

// statusOnly is a serializer that knows just what an API server answers in
// place of the data: everything else is read as raw bytes.
func statusOnly() runtime.NegotiatedSerializer {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return serializer.NewCodecFactory(scheme).WithoutConversion()
}

// Invalidate drops the client, so that the next one is built from every file
// anew. Requests under way go on.
func (a *Access) Invalidate() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current != nil {
		// The zero fingerprint is that of no files, so the next look at them
		// finds a change.
		a.current.seen = fingerprint{}
	}
	// Another cluster may have taken the place of the one that failed.
	a.identity = ""
	a.suspect.Store(true)
}

// Close closes idle connections. Clients handed out must no longer be used.
func (a *Access) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if a.current != nil {
		a.current.close()
		a.current = nil
	}
}

func (c *client) close() { utilnet.CloseIdleConnectionsFor(c.transport) }

// ClusterName returns the configured name, else the kubeconfig's name for the
// cluster, else the host of the URL.
func (a *Access) ClusterName() event.ClusterName {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch c := a.current; {
	case a.opts.ClusterName != "":
		return a.opts.ClusterName
	case c == nil:
		return ""
	case c.cluster != "":
		return c.cluster
	default:
		return event.ClusterName(c.base.Host)
	}
}

// URL returns the API server's URL, without credentials; empty once closed.
func (a *Access) URL() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current == nil {
		return ""
	}
	return a.current.base.String()
}

// Identity returns what tells this cluster from every other: the UID of the
// namespace kube-system, or, where reading it is forbidden, "url:" and the
// server's host. It asks the server once; errors are worth another try later.
func (a *Access) Identity(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	c, err := a.fresh()
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	id, of := a.identity, a.identified
	a.mu.Unlock()
	if id != "" && of == c.base.Host {
		return id, nil
	}
	if id, err = askIdentity(ctx, c); err != nil {
		return "", fmt.Errorf("identify cluster: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.identity, a.identified = id, c.base.Host
	return id, nil
}

// maxNamespace bounds the answer about a namespace, which has a kilobyte: who
// answers in place of the server must not fill the memory.
const maxNamespace = 1 << 20

func askIdentity(ctx context.Context, c *client) (string, error) {
	body, err := c.rest.Get().AbsPath("/api/v1/namespaces/kube-system").Stream(ctx)
	if apierrors.IsForbidden(err) {
		return "url:" + c.base.Host, nil
	}
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxNamespace))
	if err = errors.Join(err, body.Close()); err != nil {
		return "", fmt.Errorf("read namespace kube-system: %w", err)
	}
	var ns struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &ns); err != nil {
		return "", fmt.Errorf("read namespace kube-system: %w", err)
	}
	if ns.Metadata.UID == "" {
		return "", errors.New("read namespace kube-system: it has no uid")
	}
	return ns.Metadata.UID, nil
}
