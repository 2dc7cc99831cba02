package correlate

import (
	"fmt"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func release(namespace event.Namespace, name string) event.ObjectRef {
	return event.ObjectRef{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: name}
}

func helmApp(namespace event.Namespace, name, version string) event.Application {
	return event.Application{Tool: event.ToolHelm, Namespace: namespace, Name: name, Version: version}
}

func wantClaim(t *testing.T, ix *Index, object event.ObjectRef, want string) {
	t.Helper()
	app, _ := registry{ix}.Claimed(event.ToolHelm, object)
	if got := app.Name + app.Version; got != want {
		t.Errorf("%s is claimed by %q, want %q", short(&object), got, want)
	}
	if _, ok := (registry{ix}).Claimed(event.ToolArgoCD, object); ok {
		t.Error("claimed by another tool")
	}
}

func TestClaimsOfOneAreReplaced(t *testing.T) {
	ix := newTest(Options{})
	a, b, by := pod("a", 0).Ref, pod("b", 0).Ref, release("shop", "r")
	ix.Claim(by, helmApp("shop", "shop", "1"), []event.ObjectRef{a, a, b, {}})
	wantClaim(t, ix, a, "shop1")
	wantClaim(t, ix, b, "shop1")
	former := ix.Claim(by, helmApp("shop", "shop", "2"), []event.ObjectRef{b})
	if len(former) != 2 || former[0].Name != "a" || former[0].Kind != "Pod" || former[1].Namespace != b.Namespace {
		t.Errorf("claimed before: %+v", former)
	}
	wantClaim(t, ix, a, "")
	wantClaim(t, ix, b, "shop2")
	if former := ix.Unclaim(by); len(former) != 1 || former[0].Name != "b" {
		t.Errorf("claimed before: %+v", former)
	}
	if former := ix.Unclaim(by); former != nil {
		t.Errorf("claimed before: %+v", former)
	}
	wantClaim(t, ix, b, "")
	if c := &ix.claims; c.total != 0 || len(c.objects) != 0 || len(c.by) != 0 {
		t.Errorf("kept: %d of %d objects, %d claimers", c.total, len(c.objects), len(c.by))
	}
}

func TestWhichClaimIsHeard(t *testing.T) {
	o := []event.ObjectRef{pod("a", 0).Ref}
	revisions := func(ix *Index) {
		ix.Claim(release("shop", "v9"), helmApp("shop", "shop", "9"), o)
		ix.Claim(release("shop", "v10"), helmApp("shop", "shop", "10"), o)
	}
	far := func(ix *Index) { ix.Claim(release("bank", "x"), helmApp("bank", "aaa", ""), o) }
	near := func(ix *Index) { ix.Claim(release("shop", "x"), helmApp("shop", "zzz", ""), o) }
	low := func(ix *Index) { ix.Claim(release("shop", "y"), helmApp("shop", "yyy", ""), o) }
	for name, c := range map[string]struct {
		claims []func(*Index)
		want   string
	}{
		"the latest of the same application": {[]func(*Index){revisions}, "shop10"},
		"that of the own namespace":          {[]func(*Index){far, near}, "zzz"},
		"whichever comes first":              {[]func(*Index){near, far}, "zzz"},
		"the first by name":                  {[]func(*Index){near, low, far}, "yyy"},
	} {
		t.Run(name, func(t *testing.T) {
			ix := newTest(Options{})
			for _, claim := range c.claims {
				claim(ix)
			}
			wantClaim(t, ix, o[0], c.want)
		})
	}
}

func TestClaimsAreBounded(t *testing.T) {
	ix := newTest(Options{})
	var many []event.ObjectRef
	for i := range MaxClaimed + 10 {
		many = append(many, pod(fmt.Sprint("p", i), 0).Ref)
	}
	ix.Claim(release("shop", "r"), helmApp("shop", "shop", ""), many)
	if ix.claims.total != MaxClaimed {
		t.Errorf("%d objects claimed", ix.claims.total)
	}
	// Many claim the same object; the one from its own namespace is heard.
	one := pod("one", 0).Ref
	for i := range 1000 {
		ix.Claim(release("bank", fmt.Sprint("r", i)), helmApp("bank", fmt.Sprint("a", i), ""), []event.ObjectRef{one})
	}
	ix.Claim(release("shop", "z"), helmApp("shop", "zzz", ""), []event.ObjectRef{one})
	wantClaim(t, ix, one, "zzz")
	if n := ix.claims.total - MaxClaimed; n != maxClaimers {
		t.Errorf("%d claims to one object", n)
	}
	for i := range 1000 {
		ix.Unclaim(release("bank", fmt.Sprint("r", i)))
	}
	ix.Unclaim(release("shop", "z"))
	ix.Unclaim(release("shop", "r"))
	if ix.claims.total != 0 || len(ix.claims.objects) != 0 {
		t.Errorf("%d claims are left", ix.claims.total)
	}
}

// What a chart renders names a namespace for everything, until it is known what
// has none.
func TestClaimsAreSettledOnceTheKindIsKnown(t *testing.T) {
	role := event.ObjectRef{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole", Namespace: "shop", Name: "reader"}
	for tool, want := range map[event.Tool]string{
		event.ToolFlux: "shop",
		// Who may write a Secret in one namespace must not claim what is everybody's.
		event.ToolHelm: "",
	} {
		for _, first := range []bool{true, false} {
			ix := New(Options{})
			if first {
				ix.Serve(served())
			}
			app := event.Application{Tool: tool, Namespace: "shop", Name: "shop"}
			ix.Claim(release("shop", "r"), app, []event.ObjectRef{role, pod("a", 0).Ref})
			if !first {
				ix.Serve(served())
			}
			settled := role
			settled.Namespace = ""
			if app, _ := (registry{ix}).Claimed(tool, settled); app.Name != want {
				t.Errorf("%s: a cluster-scoped object is claimed by %q, want %q", tool, app.Name, want)
			}
			if app, _ := (registry{ix}).Claimed(tool, pod("a", 0).Ref); app.Name != "shop" {
				t.Errorf("%s: a pod is claimed by %q", tool, app.Name)
			}
			ix.Unclaim(release("shop", "r"))
			if ix.claims.total != 0 || len(ix.claims.objects) != 0 || len(ix.claims.in) != 0 {
				t.Errorf("%s: %d claims are left", tool, ix.claims.total)
			}
		}
	}
}
