package check

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/kube"
)

// grace is how long a check may take to say itself what it waited for.
const grace = 500 * time.Millisecond

// permissionsLonger is how many times as long the check of permissions may take: it
// asks for each right by itself.
const permissionsLonger = 4

// session is what the checks of one run share. Nothing in it changes.
type session struct {
	Options
	// access is nil where there is no cluster to ask, or err says why it cannot be.
	access *kube.Access
	err    error
}

// outcome is what became of a check.
type outcome struct {
	done     chan struct{}
	findings []Finding
	// left is set where it was left out by the user: what needs it goes ahead.
	left bool
}

// Run makes the checks, those side by side that do not need each other, and returns
// what they found in the order of Names. It returns when all have ended or their
// time is over, or soon after ctx has ended.
func Run(ctx context.Context, o Options) []Row {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &session{Options: o}
	if o.Config.Access() && s.broken(accessKeys()) == "" {
		s.access, s.err = kube.Load(o.Config.Kube, kube.Options{UserAgent: "live-status/" + o.Version, Now: o.Now, ClusterName: o.Config.ClusterName})
		if s.access != nil {
			defer s.access.Close()
		}
	}
	all := probes()
	outcomes := map[Name]*outcome{}
	for _, p := range all {
		outcomes[p.name] = &outcome{done: make(chan struct{})}
	}
	for _, p := range all {
		go crash.Run(func() {
			out := outcomes[p.name]
			defer close(out.done)
			out.findings, out.left = s.make(ctx, p, outcomes)
		})
	}
	var rows []Row
	for _, p := range all {
		out := outcomes[p.name]
		<-out.done
		for _, f := range out.findings {
			rows = append(rows, Row{Check: p.name, Result: f.Result, Detail: clean(f.Detail), Fix: clean(f.Fix)})
		}
	}
	return rows
}

// make makes a check once those that it needs have ended.
func (s *session) make(ctx context.Context, p probe, outcomes map[Name]*outcome) (findings []Finding, left bool) {
	switch {
	case len(s.Only) > 0 && !slices.Contains(s.Only, p.name):
		return nil, true
	case slices.Contains(s.Skip, p.name):
		return skipped("left out by --skip"), true
	case s.Unknown && len(p.keys) > 0:
		return skipped("there is no configuration to go by"), false
	}
	if key := s.broken(p.keys); key != "" {
		return skipped("%s is wrong, see %s", key, Configuration), false
	}
	if p.alone && s.access == nil && s.err == nil {
		return s.within(ctx, p), false
	}
	for _, name := range p.needs {
		needed := outcomes[name]
		<-needed.done
		if needed.left {
			continue
		}
		for _, f := range needed.findings {
			switch f.Result {
			case Failed:
				return skipped("needs %s, which failed", name), false
			case Skipped:
				return skipped("%s", f.Detail), false
			case OK, Warning:
			}
		}
	}
	return s.within(ctx, p), false
}

// within makes a check in its time. One that waits for a file system which does not
// answer cannot be ended; it ends with the process.
func (s *session) within(ctx context.Context, p probe) []Finding {
	limit := s.Timeout
	if p.name == Permissions {
		limit *= permissionsLonger
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found := make(chan []Finding, 1)
	go crash.Run(func() { found <- survive(ctx, s, p) })
	late := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, func() { close(late) }) })
	defer stop()
	select {
	case findings := <-found:
		return findings
	case <-late:
		return failed("look at what it asks for, or give it more time with --timeout", "no answer within %s", limit)
	}
}

// survive keeps a defect of one check from hiding what the others found.
func survive(ctx context.Context, s *session, p probe) (findings []Finding) {
	defer func() {
		if r := recover(); r != nil {
			findings = failed("report this as a defect", "the check itself broke: %s: %s", crash.Describe(r), firstFrame(debug.Stack()))
		}
	}()
	return p.run(ctx, s)
}

// firstFrame is where a panic came from, without the arguments: they are words of the
// memory, which may be of a text.
func firstFrame(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+2 < len(lines) {
			name := lines[i+2]
			if end := strings.LastIndexByte(name, '('); end >= 0 {
				name = name[:end]
			}
			return name
		}
	}
	return "unknown place"
}

// broken returns an option with one of these prefixes that is wrong; empty for none.
func (s *session) broken(prefixes []string) string {
	for _, err := range s.Mistakes {
		e, ok := errors.AsType[*config.KeyError](err)
		if !ok {
			continue
		}
		key := e.Key
		if len(e.Meant) > 0 {
			key = e.Meant[0]
		}
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) {
				return key
			}
		}
	}
	return ""
}

// away says why there is no cluster to ask; empty if there is.
func (s *session) away() string {
	switch {
	case s.access != nil:
		return ""
	case s.err != nil:
		return "there is no access to a cluster"
	}
	return "kube_events and kube_objects are off, and nothing else asks a cluster"
}

// explain says what failed and the way out, of an error of the API server's or on the
// way there.
func (s *session) explain(err error) (what, fix string) {
	what, fix = s.access.Explain(err)
	if fix == "it is tried again" || fix == "" {
		fix = "look at the API server: kubectl get --raw '/readyz?verbose'"
	}
	return what, fix
}

// failure is a finding of such an error.
func (s *session) failure(err error, doing string) []Finding {
	what, fix := s.explain(err)
	return failed(fix, "%s: %s", doing, what)
}

func plural(n int, thing string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
