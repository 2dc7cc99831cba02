package pipeline

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestBuiltinKinds compares the kinds with what an API server said that it serves.
func TestBuiltinKinds(t *testing.T) {
	kinds := builtinKinds()
	served := 0
	for _, name := range []string{"api.json.gz", "apis.json.gz"} {
		b, err := os.ReadFile(filepath.Join("..", "test", "e2e", "testdata", "recording", name))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var discovery struct {
			Items []struct {
				Metadata struct{ Name string }
				Versions []struct {
					Version   string
					Resources []struct {
						Resource, Scope string
						ResponseKind    struct{ Kind string }
					}
				}
			}
		}
		if err := json.NewDecoder(z).Decode(&discovery); err != nil {
			t.Fatal(err)
		}
		for _, g := range discovery.Items {
			if len(g.Versions) == 0 {
				continue
			}
			for _, r := range g.Versions[0].Resources {
				served++
				want := event.APIResource{
					Group: g.Metadata.Name, Version: g.Versions[0].Version, Resource: r.Resource, Kind: r.ResponseKind.Kind, Namespaced: r.Scope == "Namespaced",
				}
				if got := kinds[want.GroupKind()].APIResource; got != want {
					t.Errorf("%v is served, got %v", want, got)
				}
			}
		}
	}
	if served < 60 {
		t.Errorf("%d kinds are served", served)
	}
}
