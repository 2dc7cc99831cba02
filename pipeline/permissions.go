package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	backoffs "k8s.io/apimachinery/pkg/util/wait"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/permission"
	"github.com/fluent-live/live-status/pipeline/source/events"
	"github.com/fluent-live/live-status/pipeline/source/objects"
)

// When rights are compared again.
const (
	permissionsEvery = time.Hour
	// permissionsWrong is while they are not as they should be, and permissionsSoon
	// once after they were first found so: a server that has just started refuses what
	// it allows a moment later.
	permissionsWrong = 5 * time.Minute
	permissionsSoon  = 10 * time.Second
	// permissionsBlind is how long the kinds are waited for that are to be read: what
	// keeps them from being known may be a right that is missing.
	permissionsBlind = 30 * time.Second
)

// PermissionNeeds returns what a configuration needs of an API server. Kinds are those
// that it serves.
func PermissionNeeds(cfg config.Config, kinds []event.ServedKind) permission.Needs {
	n := permission.Needs{
		Namespaces: cfg.Events.Namespaces, Events: cfg.Events.Enabled, ClusterSecrets: cfg.Redaction.ClusterSecrets,
		Reviews: cfg.Metrics.Listen != "" && cfg.Metrics.Auth, Identity: cfg.Cluster(),
	}
	if n.Events {
		n.EventsGroups = events.Groups(cfg.Events.FieldSelector)
	}
	if cfg.Objects.Enabled {
		n.Objects, n.Whole = true, cfg.Statuses.Enabled
		for _, k := range kinds {
			if k.Watched {
				n.Kinds = append(n.Kinds, k.APIResource)
			}
		}
	}
	return n
}

// NeededPermissions returns what a configuration needs of an API server, which is asked
// for its kinds where live objects are watched.
func NeededPermissions(ctx context.Context, server objects.Server, cfg config.Config) (permission.Needs, error) {
	if !cfg.Objects.Enabled {
		return PermissionNeeds(cfg, nil), nil
	}
	kinds, err := objects.Kinds(ctx, objects.Options{
		Server: server, Only: cfg.Objects.Only, Include: cfg.Objects.Include, Exclude: cfg.Objects.Exclude, Namespaces: cfg.Events.Namespaces,
	})
	if err != nil {
		return permission.Needs{}, err
	}
	return PermissionNeeds(cfg, kinds), nil
}

// CheckPermissions compares what may be done with what the configuration needs.
func CheckPermissions(ctx context.Context, server objects.Server, cfg config.Config) (permission.Report, error) {
	needs, err := NeededPermissions(ctx, server, cfg)
	if err != nil {
		return permission.Report{}, err
	}
	return permission.Check(ctx, server, needs)
}

// permissions compares, from time to time, what this instance may do with what it
// needs.
type permissions struct {
	cfg      config.Config
	server   permission.Server
	describe func(error) string
	logger   *slog.Logger

	// known is closed once the kinds are.
	known chan struct{}
	once  sync.Once

	mu    sync.Mutex
	kinds []event.ServedKind
	last  *event.PermissionsStatus

	// former, said and trouble are the last report, what the log was told of it, and
	// why there is none. They belong to run.
	former  permission.Report
	said    string
	trouble string
}

func (p *Pipeline) newPermissions() *permissions {
	out := &permissions{cfg: p.cfg, server: p.access, describe: p.access.Describe, logger: p.opts.Logger, known: make(chan struct{})}
	if !p.cfg.Objects.Enabled {
		close(out.known)
	}
	return out
}

// served passes on which kinds there are, and keeps them.
type served struct {
	objects.Catalog
	permissions *permissions
}

// Serve implements objects.Catalog.
func (s served) Serve(kinds []event.ServedKind) {
	s.permissions.serve(kinds)
	s.Catalog.Serve(kinds)
}

func (p *permissions) serve(kinds []event.ServedKind) {
	p.mu.Lock()
	p.kinds = slices.Clone(kinds)
	p.mu.Unlock()
	p.once.Do(func() { close(p.known) })
}

// status is what monitor_status says; nil until the server was asked.
func (p *permissions) status() *event.PermissionsStatus {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// run compares until ctx ends.
func (p *permissions) run(ctx context.Context) {
	known := p.known
	select {
	case <-ctx.Done():
		return
	case <-known:
		known = nil
	case <-time.After(permissionsBlind):
	}
	retry := backoffs.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.5, Steps: 12, Cap: permissionsWrong}
	backoff := retry
	for first := true; ctx.Err() == nil; {
		var next time.Duration
		ok, err := p.look(ctx)
		if err == nil {
			backoff = retry
		}
		switch {
		case ctx.Err() != nil:
			return
		case isUnanswered(err):
			next = permissionsEvery
		case err != nil:
			next = backoff.Step()
		case ok:
			next = permissionsEvery
		case first:
			first, next = false, permissionsSoon
		default:
			next = permissionsWrong
		}
		select {
		case <-ctx.Done():
		case <-known:
			known = nil
		case <-time.After(next*3/4 + rand.N(next/2)):
		}
	}
}

func isUnanswered(err error) bool {
	_, is := errors.AsType[*permission.UnansweredError](err)
	return is
}

// look compares once, and reports whether all is as it should be.
func (p *permissions) look(ctx context.Context) (bool, error) {
	p.mu.Lock()
	needs := PermissionNeeds(p.cfg, p.kinds)
	p.mu.Unlock()
	report, err := permission.Recheck(ctx, p.server, needs, p.former)
	if err != nil {
		p.failed(ctx, err)
		return false, err
	}
	p.trouble, p.former = "", report
	p.mu.Lock()
	p.last = report.Status()
	p.mu.Unlock()
	p.tell(&report)
	return report.OK(), nil
}

// failed says once that rights cannot be compared. That a server is down the sources
// tell, and louder.
func (p *permissions) failed(ctx context.Context, err error) {
	line := p.describe(err)
	if unanswered, is := errors.AsType[*permission.UnansweredError](err); is {
		line = unanswered.Error()
	}
	level := slog.LevelInfo
	if ctx.Err() != nil || line == p.trouble {
		level = slog.LevelDebug
	}
	p.trouble = line
	p.logger.Log(ctx, level, "permissions: cannot be checked", "error", line)
}

// maxPermissionLines bounds how many lines the log has of each sort.
const maxPermissionLines = 8

// tell logs what was found, where that is something else than before.
func (p *permissions) tell(r *permission.Report) {
	var now strings.Builder
	for _, f := range slices.Concat(r.Missing, r.Excess) {
		fmt.Fprintln(&now, f.Right, f.By)
	}
	said := fmt.Sprintf("%s\n%d\n%s", r.Identity.User, len(r.Missing), now.String())
	if said == p.said {
		return
	}
	p.said = said
	if r.OK() {
		p.logger.Info("permissions: as they should be", "user", r.Identity.User, "namespaces", namespacesOf(r), "notes", strings.Join(r.Notes, "; "))
		return
	}
	missing := groups(r.Missing, func(f permission.Finding) string { return string(f.Namespace) + "\x00" + f.Or })
	for i, g := range missing {
		if i == maxPermissionLines {
			p.logger.Warn("permissions: more is missing; live-status check lists it", "count", len(r.Missing))
			break
		}
		p.logger.Warn("permissions: missing, and what needs it does not work", "user", r.Identity.User,
			"rights", rights(g), "for", purposes(g), "add_rules", rulesText(g), "in", where(g[0].Namespace), "or", g[0].Or)
	}
	excess := groups(r.Excess, func(f permission.Finding) string { return string(f.Namespace) + "\x00" + f.By })
	for i, g := range excess {
		if i == maxPermissionLines {
			p.logger.Warn("permissions: more is allowed that should not be; live-status check lists it", "count", len(r.Excess))
			break
		}
		p.logger.Warn("permissions: more than needed; whoever takes over this account can use it", "user", r.Identity.User,
			"rights", rights(g), "because", g[0].Why, "granted_by", g[0].By, "fix", g[0].Fix)
	}
}

// groups sorts findings into those that are told in one line, in their order.
func groups(findings []permission.Finding, key func(permission.Finding) string) [][]permission.Finding {
	var out [][]permission.Finding
	at := map[string]int{}
	for _, f := range findings {
		k := key(f)
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], f)
	}
	return out
}

// maxPermissionText bounds a list in a line of the log, in bytes.
const maxPermissionText = 1500

// joined returns a list as one text, as much of it as fits.
func joined(list []string, separator string) string {
	var b strings.Builder
	for i, s := range list {
		if b.Len()+len(s) > maxPermissionText {
			fmt.Fprintf(&b, "%sand %d more", separator, len(list)-i)
			break
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(s)
	}
	return b.String()
}

func rights(findings []permission.Finding) string {
	list := make([]string, len(findings))
	for i, f := range findings {
		list[i] = f.String()
	}
	return joined(list, ", ")
}

func purposes(findings []permission.Finding) string {
	var list []string
	for _, f := range findings {
		if !slices.Contains(list, f.Why) {
			list = append(list, f.Why)
		}
	}
	return joined(list, ", ")
}

func rulesText(findings []permission.Finding) string {
	var list []string
	for _, r := range (permission.Report{Missing: findings}).Add() {
		list = append(list, "- "+r.String())
	}
	return joined(list, " ")
}

func where(ns event.Namespace) string {
	if ns == "" {
		return "a ClusterRole"
	}
	return "a Role in " + string(ns)
}

func namespacesOf(r *permission.Report) string {
	list := make([]string, len(r.Namespaces))
	for i, ns := range r.Namespaces {
		list[i] = string(ns)
	}
	return joined(list, ",")
}
