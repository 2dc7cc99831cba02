package status

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

var update = flag.Bool("update", false, "write what the scenarios tell into their files")

// TestScenarios runs the files of testdata/scenarios: each line is something that
// is told to a tracker, and the lines below it that begin with ">" are the records
// that follow.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// stage is where a scenario is played.
type stage struct {
	t     *testing.T
	opts  Options
	at    time.Time
	tr    *Tracker
	rows  map[event.StatusKey][]byte
	names *namer
	list  uint64
	lives map[string]event.Live
	// unserved is the kind that is not served at the next start.
	unserved string
	// forgetful is set while what is told is announced and not remembered.
	forgetful bool
	announced []event.StatusRow
	ids       map[event.RecordID]string
}

// namer finds the application that an object's name begins with.
type namer struct {
	live    map[string]event.UID
	pending map[string]bool
	apps    map[string]string
}

func (n *namer) Find(ref event.ObjectRef) Found {
	f := Found{Object: ref, Correlation: event.CorrelationNoRule}
	if f.Object.UID == "" {
		f.Object.UID = n.live[short(&ref)]
	}
	if n.pending[ref.Name] {
		f.Pending, f.Correlation = true, event.CorrelationUnknown
		return f
	}
	app, _, _ := strings.Cut(ref.Name, "-")
	if other, ok := n.apps[ref.Name]; ok {
		app = other
	}
	if app != "none" {
		f.Application, f.Correlation = &event.Application{Name: app, Tool: event.ToolLabels}, event.CorrelationMatched
	}
	return f
}

func short(r *event.ObjectRef) string {
	return r.Kind + "/" + string(r.Namespace) + "/" + r.Name
}

func playground(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		t: t, at: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), rows: map[event.StatusKey][]byte{},
		names: &namer{live: map[string]event.UID{}, pending: map[string]bool{}, apps: map[string]string{}},
		lives: map[string]event.Live{}, ids: map[event.RecordID]string{},
	}
	s.opts = Options{Finder: s.names, Now: func() time.Time { return s.at }, Settle: time.Second, Cluster: "test"}
	return s
}

func play(t *testing.T, script string) string {
	t.Helper()
	s := playground(t)
	var out strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, ">") {
			continue
		}
		out.WriteString(line)
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if s.tr == nil && fields[0] != "option" {
			s.start()
		}
		s.step(fields[0], fields[1:])
		if fields[0] == "option" || fields[0] == "hold" {
			continue
		}
		// Objects come in no certain order.
		var lines []string
		for {
			em, ok := s.tr.Next(s.at)
			if !ok {
				break
			}
			s.remember(em.Rows)
			lines = append(lines, "> "+s.describe(&em.Record)+"\n")
		}
		slices.Sort(lines)
		out.WriteString(strings.Join(lines, ""))
	}
	return out.String()
}

func (s *stage) remember(rows []event.StatusRow) {
	if s.forgetful {
		s.announced = append(s.announced, rows...)
		row := Announce(s.announced, nil)
		s.rows[row.Key] = row.Data
		return
	}
	delete(s.rows, keyAnnounced)
	for _, row := range rows {
		if row.Data == nil {
			delete(s.rows, row.Key)
		} else {
			s.rows[row.Key] = row.Data
		}
	}
}

func (s *stage) start() {
	s.tr = New(s.opts)
	for key, data := range s.rows {
		if err := s.tr.Restore(event.StatusRow{Key: key, Data: data}); err != nil {
			s.t.Fatal(key, err)
		}
	}
	s.tr.Serve(s.servedKinds())
}

// servedKinds are those of the tests' API server that answer at a start.
func (s *stage) servedKinds() []event.ServedKind {
	return slices.DeleteFunc(testKinds(), func(k event.ServedKind) bool { return k.Kind == s.unserved })
}

// testKinds are those of the tests' API server.
func testKinds(unwatched ...string) []event.ServedKind {
	var kinds []event.ServedKind
	for _, k := range []string{
		"apps/v1 Deployment", "apps/v1 ReplicaSet", "v1 Pod", "v1 ConfigMap", "v1 Namespace", "apps/v1 StatefulSet", "example.com/v1 Shop", "batch/v1 Job",
	} {
		version, name, _ := strings.Cut(k, " ")
		group, v, ok := strings.Cut(version, "/")
		if !ok {
			group, v = "", version
		}
		kinds = append(kinds, event.ServedKind{Watched: !slices.Contains(unwatched, name), APIResource: event.APIResource{
			Group: group, Version: v, Kind: name, Resource: strings.ToLower(name) + "s", Namespaced: name != "Namespace",
		}})
	}
	return kinds
}

func kindOf(t testing.TB, name string) event.APIResource {
	t.Helper()
	for _, k := range testKinds() {
		if k.Kind == name {
			return k.APIResource
		}
	}
	t.Fatalf("no kind %q", name)
	return event.APIResource{}
}

// refOf reads Kind/namespace/name.
func refOf(t testing.TB, s string) event.ObjectRef {
	t.Helper()
	f := strings.Split(s, "/")
	k := kindOf(t, f[0])
	return event.ObjectRef{APIVersion: k.APIVersion(), Kind: k.Kind, Resource: k.Resource, Namespace: event.Namespace(f[1]), Name: f[2]}
}

func uidOf(n string) event.UID {
	return event.UID(fmt.Sprintf("00000000-0000-4000-8000-%012s", n))
}

func (s *stage) step(what string, args []string) {
	t := s.t
	arg := map[string]string{}
	for _, a := range args {
		k, v, _ := strings.Cut(a, "=")
		arg[k] = strings.ReplaceAll(v, "_", " ")
	}
	duration := func(text string) time.Duration {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	switch what {
	case "option":
		switch args[0] {
		case "prioritize_health":
			s.opts.PrioritizeHealth = true
		case "resync":
			s.opts.Resync = duration(args[1])
		case "settle":
			s.opts.Settle = duration(args[1])
		}
	case "hold":
		// As put, but nothing is taken.
		s.step(args[0], args[1:])
	case "put", "fetched":
		s.put(what, args, arg)
	case "alive":
		// Only the Finder knows of it: it has no status.
		s.names.live[args[0]] = uidOf(args[1])
	case "remove":
		live := s.lives[args[0]]
		delete(s.names.live, args[0])
		s.tr.Remove(live)
	case "listed":
		s.tr.Listed(kindOf(t, args[0]).GroupResource(), event.Namespace(arg["namespace"]), s.list)
	case "list":
		s.list++
	case "all-listed":
		for _, k := range testKinds() {
			s.tr.Listed(k.GroupResource(), "", s.list)
		}
	case "synced":
		s.tr.Synced()
	case "serve":
		s.tr.Serve(testKinds(args...))
	case "advance":
		// Timers fire when they are due.
		end := s.at.Add(duration(args[0]))
		s.at = end
	case "warn":
		ref := refOf(t, args[0])
		s.tr.Warned(&event.Occurrence{
			Type: "Warning", UID: uidOf(arg["event"]), Regarding: ref, Reason: arg["reason"], Message: arg["message"], Count: 1, LastTime: s.at,
		})
	case "expect":
		var refs []event.ObjectRef
		for _, a := range args[2:] {
			refs = append(refs, refOf(t, a))
		}
		s.tr.Expect(args[0], event.Application{Name: args[1], Tool: event.ToolLabels}, refs)
	case "unexpect":
		s.tr.Unexpect(args[0])
	case "application":
		s.names.apps[args[0]] = args[1]
	case "claimed":
		s.tr.Claimed([]event.ObjectRef{refOf(t, args[0])})
	case "pending":
		s.names.pending[args[0]] = args[1] == "on"
	case "deployed":
		d := event.Deployment{Phase: event.DeploymentPhase(args[1]), Revision: args[2], Action: event.DeploymentAction(arg["action"])}
		switch d.Phase {
		case event.DeploymentBegun:
			d.ApplicationStatus = event.ApplicationWaiting
		case event.DeploymentFailed:
			d.ApplicationStatus = event.ApplicationUnavailable
		default:
		}
		_, removed := arg["removed"]
		s.tr.Deployed(event.Application{Name: args[0], Tool: event.ToolLabels}, d, removed)
	case "watch":
		var states []event.WatchState
		for _, k := range testKinds() {
			st := event.WatchState{Resource: k.GroupResource(), Listed: true, Heard: s.at}
			if k.Kind == args[0] || args[0] == "all" {
				_, unlisted := arg["unlisted"]
				st.Listed = !unlisted
				if h := arg["heard"]; h != "" {
					st.Heard = s.at.Add(-duration(h))
				}
				if b := arg["broken"]; b != "" {
					st.Broken, st.Error = s.at.Add(-duration(b)), arg["error"]
				}
			}
			states = append(states, st)
		}
		s.tr.Watches(states)
	case "unserved":
		s.unserved = args[0]
	case "forget":
		s.forgetful = true
	case "restart":
		s.tr = nil
		s.forgetful, s.announced = false, nil
		s.start()
	default:
		t.Fatalf("step %q", what)
	}
}

func (s *stage) put(what string, args []string, arg map[string]string) {
	ref := refOf(s.t, args[0])
	ref.UID = uidOf(arg["uid"])
	ref.ResourceVersion = event.ResourceVersion(arg["version"])
	l := event.Live{Ref: ref}
	if o := arg["owner"]; o != "" {
		f := strings.Split(o, ":")
		up := refOf(s.t, f[0])
		l.Owners = []event.Owner{{APIVersion: up.APIVersion, Kind: up.Kind, Name: up.Name, UID: uidOf(f[1]), Controller: true}}
	}
	_, l.Applied = arg["applied"]
	_, l.Deleting = arg["deleting"]
	if a := arg["annotation"]; a != "" {
		l.Annotations = []event.Label{{Key: a, Value: "true"}}
	}
	a := event.Assessment{Health: event.Health(arg["health"]), Reason: arg["reason"], Message: arg["message"]}
	if c := arg["condition"]; c != "" {
		a.Condition = &event.Condition{Type: c, Status: "False"}
	}
	c := event.Comparison{Sync: event.Sync(arg["sync"])}
	if paths := arg["drift"]; paths != "" {
		for p := range strings.SplitSeq(paths, ",") {
			c.Drifts = append(c.Drifts, event.Drift{Path: p, Desired: "1", Live: "2"})
		}
	}
	s.lives[args[0]] = l
	s.names.live[args[0]] = ref.UID
	_, later := arg["later"]
	switch {
	case what == "fetched":
		s.tr.Fetched(l, s.list, a, c)
	case later:
		s.tr.Put(l, s.list, a, nil)
	default:
		s.tr.Put(l, s.list, a, &c)
	}
}

// describe is a record in a line.
func (s *stage) describe(r *event.Record) string {
	var b strings.Builder
	say := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=%s", name, strings.ReplaceAll(value, " ", "_"))
		}
	}
	truth := func(name string, is bool) {
		if is {
			b.WriteString(" " + name)
		}
	}
	since := func(p *event.Previous, now time.Time) {
		if p != nil {
			fmt.Fprintf(&b, " previous=%s for %v", strings.ReplaceAll(p.Status, " ", "_"), p.Duration)
		}
		if !now.IsZero() && !now.Equal(r.Time) {
			fmt.Fprintf(&b, " since %v", r.Time.Sub(now))
		}
	}
	if o := r.ObjectState; o != nil {
		b.WriteString(short(r.Object))
		if r.Application != nil {
			b.WriteString(" of " + r.Application.Name)
		}
		say("status", string(o.Status))
		say("health", string(o.Health))
		say("sync", string(o.Sync))
		say("reason", o.Reason)
		say("message", o.Message)
		truth("deleted", o.Deleted)
		truth("stale", o.Stale)
		truth("resync", o.Resync)
		since(o.Previous, o.Since)
		for _, d := range o.Drifts {
			say("drift", d.Path+":"+string(d.Live))
		}
		if c := o.Evidence.Condition; c != nil {
			say("condition", c.Type)
		}
		for _, f := range o.Evidence.Objects {
			say("because", short(&f.Object)+":"+string(f.Status)+":"+f.Reason)
		}
		for _, f := range o.Evidence.Events {
			say("event", short(&f.Object)+":"+f.Reason)
		}
	}
	if a := r.ApplicationState; a != nil {
		b.WriteString("application " + r.Application.Name)
		say("status", string(a.Status))
		say("health", string(a.Health))
		say("sync", string(a.Sync))
		truth("deleted", a.Deleted)
		truth("stale", a.Stale)
		truth("resync", a.Resync)
		say("objects", strconv.FormatInt(a.Objects, 10))
		for _, f := range a.Deciding {
			say("because", short(&f.Object)+":"+f.Reason)
		}
		if a.Deployment != nil {
			say("deployment", a.Deployment.Revision+":"+string(a.Deployment.Phase))
		}
		since(a.Previous, a.Since)
	}
	if before, ok := s.ids[r.ID]; ok {
		b.WriteString(" again: " + before)
	}
	s.ids[r.ID] = b.String()
	return b.String()
}
