package desired_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/desired"
	"github.com/fluent-live/live-status/pipeline/event"
)

func newStore(t testing.TB, opts desired.Options) *desired.Store {
	t.Helper()
	s, err := desired.NewStore(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ref(apiVersion, kind, namespace, name string) event.ObjectRef {
	return event.ObjectRef{APIVersion: apiVersion, Kind: kind, Namespace: event.Namespace(namespace), Name: name}
}

func cm(name, data string) desired.Manifest {
	return desired.Manifest{
		Ref:  ref("v1", "ConfigMap", "shop", name),
		JSON: event.JSON(fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q},"data":{"a":%q}}`, name, data)),
	}
}

func at(n int) time.Time { return time.Unix(1_800_000_000, int64(n)) }

const (
	begun     = event.DeploymentBegun
	succeeded = event.DeploymentSucceeded
	failed    = event.DeploymentFailed
)

func rev(n int, phase event.DeploymentPhase, manifests ...desired.Manifest) desired.Revision {
	return desired.Revision{Order: at(n), Phase: phase, Home: "shop", Manifests: manifests}
}

var shop = desired.Release{Storage: "shop", Name: "shop"}

func names(refs []event.ObjectRef) string {
	out := make([]string, len(refs))
	for i := range refs {
		out[i] = refs[i].Name
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// found returns what is told of a ConfigMap of the shop, by its data.
func found(t testing.TB, s *desired.Store, name string) string {
	t.Helper()
	all, err := s.Lookup(ref("v1", "ConfigMap", "shop", name), desired.Annotated{})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(all))
	for i := range all {
		_, data, _ := strings.Cut(string(all[i].JSON), `"a":"`)
		out[i] = strings.TrimSuffix(data, `"}}`)
	}
	return strings.Join(out, " ")
}

// While a rollout has not succeeded, what was deployed before it counts as well.
func TestRollouts(t *testing.T) {
	s := newStore(t, desired.Options{})
	keep := cm("keep", "1")
	keep.Keep = true
	for i, step := range []struct {
		rev               desired.Revision
		changed, removed  string
		a, b, c, wantKeep string
		objects, stored   int
	}{
		{rev(1, begun, cm("a", "1"), cm("b", "1"), keep), "a b keep", "", "1", "1", "", "1", 3, 3},
		{rev(1, succeeded, cm("a", "1"), cm("b", "1"), keep), "", "", "1", "1", "", "1", 3, 3},
		{rev(2, begun, cm("a", "2"), cm("c", "2")), "a c", "", "1 2", "1", "2", "1", 4, 5},
		{rev(2, failed, cm("a", "2"), cm("c", "2")), "", "", "1 2", "1", "2", "1", 4, 5},
		{rev(3, begun, cm("a", "1"), cm("b", "1")), "a c", "", "1", "1", "", "1", 3, 5},
		{rev(2, failed, cm("a", "2"), cm("c", "2")), "", "", "1", "1", "", "1", 3, 5},
		{rev(3, failed, cm("a", "3"), cm("c", "3")), "a c", "", "1 3", "1", "3", "1", 4, 5},
		{rev(4, succeeded, cm("a", "3"), cm("c", "4"), cm("a", "4")), "a b c keep", "b", "4", "", "4", "", 2, 2},
		{rev(1, succeeded, cm("a", "1")), "", "", "4", "", "4", "", 2, 2},
		{rev(5, ""), "", "", "4", "", "4", "", 2, 2},
	} {
		change, err := s.Put(shop, step.rev)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{names(change.Changed), names(change.Removed), found(t, s, "a"), found(t, s, "b"), found(t, s, "c"), found(t, s, "keep")}
		want := []string{step.changed, step.removed, step.a, step.b, step.c, step.wantKeep}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
		if n := len(s.Objects(shop)); n != step.objects || s.Stats().Objects != step.stored {
			t.Errorf("step %d: %d objects, %+v", i, n, s.Stats())
		}
	}
	if got := names(s.Delete(shop)); got != "a c" {
		t.Errorf("deleted %s", got)
	}
	if got := s.Stats(); got != (desired.Stats{}) {
		t.Errorf("left are %+v", got)
	}
	if s.Delete(shop) != nil || s.Objects(shop) != nil {
		t.Error("it is still known")
	}
}

// A revision that was found deployed may come after the one that failed since.
func TestOlderRevisionComesLater(t *testing.T) {
	s := newStore(t, desired.Options{})
	for _, r := range []desired.Revision{rev(2, failed, cm("a", "2")), rev(1, succeeded, cm("a", "1"))} {
		if _, err := s.Put(shop, r); err != nil {
			t.Fatal(err)
		}
	}
	if got := found(t, s, "a"); got != "1 2" {
		t.Errorf("found %q", got)
	}
}

// Who may store a release in one namespace does not speak for the objects of another.
func TestWhoMaySpeak(t *testing.T) {
	s := newStore(t, desired.Options{})
	role := desired.Manifest{Ref: ref("rbac.authorization.k8s.io/v1", "ClusterRole", "", "view"), JSON: `{"kind":"ClusterRole"}`}
	widget := desired.Manifest{Ref: ref("example.com/v1", "Widget", "shop", "w"), JSON: `{"kind":"Widget"}`}
	for _, p := range []struct {
		release desired.Release
		home    event.Namespace
	}{
		{shop, "shop"},
		{desired.Release{Storage: "evil", Name: "shop"}, "evil"},
		{desired.Release{Storage: "evil", Name: "other"}, "evil"},
	} {
		if _, err := s.Put(p.release, desired.Revision{
			Order: at(1), Phase: succeeded, Home: p.home, Manifests: []desired.Manifest{cm("a", string(p.home)), role, widget},
		}); err != nil {
			t.Fatal(err)
		}
	}
	own := desired.Annotated{Namespace: "shop", Name: "shop"}
	for _, tt := range []struct {
		name string
		ref  event.ObjectRef
		by   desired.Annotated
		want string
	}{
		{"in its home", cm("a", "").Ref, desired.Annotated{}, "shop/shop"},
		{"in its home, annotated", cm("a", "").Ref, own, "shop/shop"},
		{"annotated with one that does not have it", cm("a", "").Ref, desired.Annotated{Namespace: "shop", Name: "x"}, "shop/shop"},
		{"annotated with one from elsewhere", cm("a", "").Ref, desired.Annotated{Namespace: "evil", Name: "other"}, "evil/other"},
		{"without a namespace", role.Ref, desired.Annotated{}, ""},
		{"without a namespace, annotated", role.Ref, own, "shop/shop"},
		{"a custom resource without a namespace", ref("example.com/v1", "Widget", "", "w"), desired.Annotated{}, ""},
		{"a custom resource without a namespace, annotated", ref("example.com/v1beta1", "Widget", "", "w"), own, "shop/shop"},
		{"of another namespace", ref("v1", "ConfigMap", "evil", "a"), desired.Annotated{}, ""},
		{"of another group", ref("example.org/v1", "Widget", "shop", "w"), own, ""},
	} {
		all, err := s.Lookup(tt.ref, tt.by)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, f := range all {
			got += string(f.Release.Storage) + "/" + f.Release.Name
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHomeMoves(t *testing.T) {
	s := newStore(t, desired.Options{})
	stored := desired.Release{Storage: "flux-system", Name: "shop"}
	r := rev(1, succeeded, cm("a", "1"))
	r.Home = "flux-system"
	if _, err := s.Put(stored, r); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, "a"); got != "" {
		t.Errorf("found %q before", got)
	}
	r.Home = "shop"
	change, err := s.Put(stored, r)
	if err != nil || names(change.Changed) != "a" || len(change.Removed) != 0 {
		t.Errorf("%+v, %v", change, err)
	}
	if got := found(t, s, "a"); got != "1" {
		t.Errorf("found %q after", got)
	}
	s.Delete(stored)
	if got := found(t, s, "a"); got != "" {
		t.Errorf("found %q in the end", got)
	}
}

func noise(n, seed int) string {
	var b strings.Builder
	x := uint64(seed)*2862933555777941757 + 3037000493
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b.WriteByte('!' + byte(x%90))
	}
	return strings.NewReplacer(`"`, "q", `\`, "b").Replace(b.String())
}

// A release without room is not known at all, and nobody else's is given up for it.
func TestBounds(t *testing.T) {
	s := newStore(t, desired.Options{MaxBytes: 400 << 10})
	if _, err := s.Put(shop, rev(1, succeeded, cm("a", "1"))); err != nil {
		t.Fatal(err)
	}
	big := desired.Release{Storage: "greedy", Name: "big"}
	r := rev(1, succeeded, cm("x", noise(60<<10, 1)))
	r.Home = "greedy"
	if _, err := s.Put(big, r); err != nil {
		t.Fatal(err)
	}
	r.Order, r.Phase = at(2), begun
	r.Manifests = []desired.Manifest{cm("x", noise(70<<10, 2))}
	change, err := s.Put(big, r)
	if !errors.Is(err, desired.ErrFull) || names(change.Changed) != "x" || strings.Contains(err.Error(), "big") {
		t.Errorf("%+v, error %v", change, err)
	}
	r.Manifests = []desired.Manifest{cm("x", noise(700<<10, 2))}
	if _, err := s.Put(big, r); !errors.Is(err, desired.ErrFull) {
		t.Errorf("error %v", err)
	}
	got := s.Stats()
	if got.Releases != 1 || got.Objects != 1 || got.Refused != 2 || got.Bytes > 1000 {
		t.Errorf("%+v", got)
	}
	if found(t, s, "a") != "1" {
		t.Error("the other release is gone")
	}
	for i := range 50 {
		r := rev(1, succeeded, cm("x", noise(50<<10, i)))
		if _, err := s.Put(desired.Release{Storage: event.Namespace(fmt.Sprint("ns", i)), Name: "r"}, r); err != nil && !errors.Is(err, desired.ErrFull) {
			t.Fatal(err)
		}
		if got := s.Stats(); got.Bytes > 400<<10 {
			t.Fatalf("%+v", got)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	s := newStore(t, desired.Options{})
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			release := desired.Release{Storage: "shop", Name: fmt.Sprint("r", g)}
			for i := range 100 {
				if _, err := s.Put(release, rev(i, succeeded, cm("a", fmt.Sprint(g)), cm(fmt.Sprint("b", i), "1"))); err != nil {
					t.Error(err)
				}
				if got := found(t, s, "a"); got == "" {
					t.Error("nothing found")
				}
				s.Objects(release)
				s.Stats()
			}
			s.Delete(release)
		})
	}
	group.Wait()
	if got := s.Stats(); got != (desired.Stats{}) {
		t.Errorf("left are %+v", got)
	}
}
