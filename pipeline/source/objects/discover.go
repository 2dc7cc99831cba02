package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/crash"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/watch"
)

// acceptAll asks for all groups with their resources at once. Servers before
// Kubernetes 1.27 answer with the names of the groups only (KEP-3352).
const acceptAll = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// maxDiscovery is the size in bytes of the largest answer that is read. One with
// a thousand CRDs has about a megabyte.
const maxDiscovery = 64 << 20

// group is a group of the API.
type group struct {
	name      string
	resources []resource
	// stale is set where the server could not tell all of the group's resources:
	// who serves them does not answer.
	stale bool
}

// document is any of the answers to questions about the API.
type document struct {
	Kind string `json:"kind"`
	// Items are set in an APIGroupDiscoveryList.
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string `json:"version"`
			Freshness string `json:"freshness"`
			Resources []struct {
				Resource     string `json:"resource"`
				ResponseKind struct {
					Kind string `json:"kind"`
				} `json:"responseKind"`
				Scope string   `json:"scope"`
				Verbs []string `json:"verbs"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
	// Versions are set in an APIVersions, Groups in an APIGroupList.
	Versions []string `json:"versions"`
	Groups   []struct {
		Name     string `json:"name"`
		Versions []struct {
			Version string `json:"version"`
		} `json:"versions"`
		Preferred struct {
			Version string `json:"version"`
		} `json:"preferredVersion"`
	} `json:"groups"`
	// Resources are set in an APIResourceList.
	Resources []struct {
		Name       string   `json:"name"`
		Namespaced bool     `json:"namespaced"`
		Kind       string   `json:"kind"`
		Verbs      []string `json:"verbs"`
	} `json:"resources"`
}

// ask reads an answer about the API.
func ask(ctx context.Context, client rest.Interface, path, accept string) (document, error) {
	var d document
	err := watch.Get(ctx, client, path, accept, func(r io.Reader) error {
		raw, err := io.ReadAll(io.LimitReader(r, maxDiscovery))
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, &d)
	})
	if err != nil {
		return document{}, fmt.Errorf("discover kinds: %s: %w", path, err)
	}
	return d, nil
}

// discover asks which groups and resources the server serves.
func discover(ctx context.Context, client rest.Interface) ([]group, error) {
	var groups []group
	for _, root := range []string{"/api", "/apis"} {
		d, err := ask(ctx, client, root, acceptAll)
		if err != nil {
			return nil, err
		}
		if d.Kind == "APIGroupDiscoveryList" {
			groups = append(groups, d.aggregated()...)
			continue
		}
		one, err := eachVersion(ctx, client, d.versions(root))
		if err != nil {
			return nil, err
		}
		groups = append(groups, one...)
	}
	return groups, nil
}

// aggregated returns the groups of an APIGroupDiscoveryList.
func (d *document) aggregated() []group {
	var all []group
	for _, item := range d.Items {
		g := group{name: item.Metadata.Name}
		for _, v := range item.Versions {
			g.stale = g.stale || v.Freshness == "Stale"
			for _, r := range v.Resources {
				g.add(v.Version, r.Resource, r.ResponseKind.Kind, r.Scope == "Namespaced", r.Verbs)
			}
		}
		all = append(all, g)
	}
	return all
}

// version is a version of a group, of which the resources are not known yet.
type version struct{ group, version, path string }

// versions returns what an APIVersions or an APIGroupList tells, preferred
// versions first.
func (d *document) versions(root string) []version {
	var all []version
	for _, v := range d.Versions {
		all = append(all, version{version: v, path: root + "/" + v})
	}
	for _, g := range d.Groups {
		ordered := []string{g.Preferred.Version}
		for _, v := range g.Versions {
			if v.Version != g.Preferred.Version {
				ordered = append(ordered, v.Version)
			}
		}
		for _, v := range ordered {
			if plain(g.Name) && plain(v) {
				all = append(all, version{group: g.Name, version: v, path: root + "/" + g.Name + "/" + v})
			}
		}
	}
	return all
}

// atOnce is how many versions are asked for at the same time: one that does not
// answer must not delay the others.
const atOnce = 8

// eachVersion asks for the resources of each version. The failure of one makes
// its group stale; that of all is an error.
func eachVersion(ctx context.Context, client rest.Interface, versions []version) ([]group, error) {
	type answer struct {
		d   document
		err error
	}
	answers := make([]chan answer, len(versions))
	turns := make(chan struct{}, atOnce)
	for i, v := range versions {
		answers[i] = make(chan answer, 1)
		go func() {
			turns <- struct{}{}
			var a answer
			crash.Run(func() { a.d, a.err = ask(ctx, client, v.path, "") })
			<-turns
			answers[i] <- a
		}()
	}
	var all []group
	var failure error
	at, failed := map[string]int{}, 0
	for i, v := range versions {
		a := <-answers[i]
		if _, ok := at[v.group]; !ok {
			at[v.group] = len(all)
			all = append(all, group{name: v.group})
		}
		g := &all[at[v.group]]
		if a.err != nil {
			failure = a.err
			failed++
			// A version that is not found is gone since it was named.
			g.stale = g.stale || !apierrors.IsNotFound(a.err)
			continue
		}
		for _, r := range a.d.Resources {
			if !strings.Contains(r.Name, "/") {
				g.add(v.version, r.Name, r.Kind, r.Namespaced, r.Verbs)
			}
		}
	}
	if failed > 0 && failed == len(versions) {
		return nil, failure
	}
	return all, nil
}

// add adds a resource unless a version that is preferred has it.
func (g *group) add(version, name, kind string, namespaced bool, verbs []string) {
	// Names become parts of paths. The core group's name is empty.
	if g.name != "" && !plain(g.name) || !plain(version) || !plain(name) || kind == "" {
		return
	}
	for _, r := range g.resources {
		if r.Resource == name {
			return
		}
	}
	var list, watched bool
	for _, v := range verbs {
		list, watched = list || v == "list", watched || v == "watch"
	}
	g.resources = append(g.resources, resource{
		APIResource: event.APIResource{Group: g.name, Version: version, Resource: name, Kind: kind, Namespaced: namespaced},
		watchable:   list && watched,
	})
}

// plain reports whether a name has nothing in it that means something in a path.
func plain(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return name != "" && !strings.Contains(name, "..") && name != "."
}

// merge returns the resources of all groups. Of stale groups what was known
// before goes on as it was: the failure of one must not end its watches.
func merge(before []resource, groups []group) (all []resource, stale []string) {
	all = []resource{} // nil is for not asked yet
	for _, g := range groups {
		if !g.stale {
			all = append(all, g.resources...)
			continue
		}
		stale = append(stale, g.name)
		kept := map[string]bool{}
		for _, r := range before {
			if r.Group == g.name {
				kept[r.Resource] = true
				all = append(all, r)
			}
		}
		for _, r := range g.resources {
			if !kept[r.Resource] {
				all = append(all, r)
			}
		}
	}
	return all, stale
}

// path returns where the objects of a resource are.
func path(r event.APIResource, ns event.Namespace) string {
	p := "/apis/" + r.Group + "/" + r.Version
	if r.Group == "" {
		p = "/api/" + r.Version
	}
	if ns != "" {
		p += "/namespaces/" + string(ns)
	}
	return p + "/" + r.Resource
}
