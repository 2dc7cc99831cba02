package correlate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// byLabel matches the first object of a chain that has the label application, is
// claimed by Helm or selected, and keeps the chain.
type byLabel struct{ chain []string }

func (m *byLabel) Match(chain []rule.Object, reg rule.Registry) (event.Application, bool) {
	m.chain = nil
	for i := range chain {
		m.chain = append(m.chain, short(&chain[i].Ref))
	}
	for i := range chain {
		if name, ok := chain[i].Labels.Get("application"); ok {
			return event.Application{Name: name}, true
		}
		if app, ok := reg.Claimed(event.ToolHelm, chain[i].Ref); ok {
			return app, true
		}
		if app, ok := reg.Selected(&chain[i]); ok {
			return app, true
		}
	}
	return event.Application{}, false
}

// short is how the fixtures name an object: Kind/namespace/name.
func short(r *event.ObjectRef) string {
	return r.Kind + "/" + string(r.Namespace) + "/" + r.Name
}

// served are the kinds of the tests' API server.
func served(unwatched ...string) []event.ServedKind {
	var kinds []event.ServedKind
	for line := range strings.SplitSeq(strings.TrimSpace(`
v1 pods Pod ns
v1 services Service ns
v1 endpoints Endpoints ns
v1 secrets Secret ns
v1 configmaps ConfigMap ns
v1 serviceaccounts ServiceAccount ns
v1 persistentvolumeclaims PersistentVolumeClaim ns
v1 persistentvolumes PersistentVolume
v1 namespaces Namespace
v1 nodes Node
apps/v1 deployments Deployment ns
apps/v1 replicasets ReplicaSet ns
apps/v1 statefulsets StatefulSet ns
batch/v1 jobs Job ns
batch/v1 cronjobs CronJob ns
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler ns
storage.k8s.io/v1 volumeattachments VolumeAttachment
discovery.k8s.io/v1 endpointslices EndpointSlice ns
app.k8s.io/v1beta1 applications Application ns
rbac.authorization.k8s.io/v1 clusterroles ClusterRole
example.com/v1 shops Shop ns
example.com/v1 tenants Tenant
example.net/v1 shops Shop ns`), "\n") {
		f := strings.Fields(line)
		group, version, ok := strings.Cut(f[0], "/")
		if !ok {
			group, version = "", f[0]
		}
		k := event.ServedKind{Watched: true, APIResource: event.APIResource{
			Group: group, Version: version, Resource: f[1], Kind: f[2], Namespaced: len(f) == 4,
		}}
		for _, resource := range unwatched {
			k.Watched = k.Watched && resource != k.Resource
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// decoded reads an object as a user sees it.
func decoded(t testing.TB, raw []byte) event.Live {
	t.Helper()
	var head struct{ APIVersion, Kind string }
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	for _, k := range served() {
		if k.Kind == head.Kind && k.APIVersion() == head.APIVersion {
			live, err := decode.ObjectDecoder{}.Decode(raw, k.APIResource)
			if err != nil {
				t.Fatal(err)
			}
			return live
		}
	}
	t.Fatalf("%s %s is not served", head.APIVersion, head.Kind)
	return event.Live{}
}

// fixture is what a file of testdata/find holds: objects that are gone, learnt of
// and live (told in this order), a reference, and what must be found.
type fixture struct {
	Gone, Learned, Live []json.RawMessage
	// Unwatched are resources that are served, but not watched.
	Unwatched []string
	// Unlisted is set while no list is complete.
	Unlisted bool
	Claims   []struct {
		By      event.ObjectRef
		App     event.Application
		Objects []event.ObjectRef
	}
	Find event.ObjectRef
	// Since is when a request came that made the object; zero for others.
	Since time.Time
	Want  struct {
		// Chain is empty where the rules must not be asked.
		Chain       []string
		Application string
		Owner       string
		Correlation event.Correlation
		Pending     bool
		// Object are the fields that were added.
		Object event.ObjectRef
	}
}

func (f *fixture) index(t testing.TB, o Options) *Index {
	t.Helper()
	ix := New(o)
	kinds := served(f.Unwatched...)
	ix.Serve(kinds)
	for _, raw := range f.Gone {
		live := decoded(t, raw)
		ix.Put(live, 1)
		ix.Remove(live)
	}
	for _, raw := range f.Learned {
		ix.Learn(decoded(t, raw))
	}
	for _, raw := range f.Live {
		ix.Put(decoded(t, raw), 1)
	}
	for _, k := range kinds {
		if !f.Unlisted && k.Watched {
			ix.Listed(k.GroupResource(), "", 1)
		}
	}
	for _, c := range f.Claims {
		ix.Claim(c.By, c.App, c.Objects)
	}
	return ix
}

func TestFind(t *testing.T) {
	files, err := filepath.Glob("testdata/find/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var f fixture
			if err := yaml.UnmarshalStrict(data, &f); err != nil {
				t.Fatal(err)
			}
			var rules byLabel
			ix := f.index(t, Options{Rules: &rules})
			got := ix.FindCreated(f.Find, f.Since)
			if ix.Pending(f.Find, f.Since) != got.Pending {
				t.Error("Pending says something else than FindCreated")
			}
			app, owner := "", ""
			if got.Application != nil {
				app = got.Application.Name
			}
			if got.Owner != nil {
				owner = short(got.Owner)
			}
			opt := cmpopts.EquateEmpty()
			if diff := cmp.Diff(f.Want.Chain, rules.chain, opt) + cmp.Diff(f.Want.Application, app) + cmp.Diff(f.Want.Owner, owner) +
				cmp.Diff(f.Want.Correlation, got.Correlation) + cmp.Diff(f.Want.Pending, got.Pending); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			added := got.Object
			for _, field := range [][2]*string{
				{&added.APIVersion, &f.Find.APIVersion},
				{&added.Kind, &f.Find.Kind},
				{&added.Resource, &f.Find.Resource},
				{&added.Subresource, &f.Find.Subresource},
				{(*string)(&added.Namespace), (*string)(&f.Find.Namespace)},
				{&added.Name, &f.Find.Name},
				{(*string)(&added.UID), (*string)(&f.Find.UID)},
			} {
				if *field[1] != "" {
					if *field[0] != *field[1] {
						t.Errorf("%q became %q", *field[1], *field[0])
					}
					*field[0] = ""
				}
			}
			if diff := cmp.Diff(f.Want.Object, added); diff != "" {
				t.Errorf("added (-want +got):\n%s", diff)
			}

			// What was in vain is not waited for again, and tells the same.
			ix.Missed(f.Find, f.Since)
			again := ix.FindCreated(f.Find, f.Since)
			if again.Pending {
				t.Error("pending although missed")
			}
			if again.Pending = got.Pending; cmp.Diff(got, again) != "" {
				t.Errorf("missed:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func clock(start time.Time) (now func() time.Time, pass func(time.Duration)) {
	at := start
	return func() time.Time { return at }, func(d time.Duration) { at = at.Add(d) }
}
