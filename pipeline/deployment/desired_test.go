package deployment_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/deployment"
)

// readWith reads a stored release of a status.
func readWith(t testing.TB, status, manifest string) deployment.Report {
	t.Helper()
	doc, err := json.Marshal(map[string]any{
		// Hooks may come before the manifest, and the status after both.
		"hooks": []any{map[string]any{"manifest": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n"}},
		"name":  "shop", "namespace": "shop", "version": 1, "manifest": manifest,
		"info": map[string]any{"status": status},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, raw := secretOf(t, wrapped(true, compress(t, doc)))
	report, err := deployment.Options{Manifests: true}.Read(l, raw)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const shopManifest = `---
# Source: shop/templates/cm.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
data:
  schedule: "0 3 * * *"
  script: |
    sleep 1 &
    echo *
---
# Source: shop/templates/role.yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: shop}
rules: &rules []
--- # an older one of the first
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
  annotations: {"helm.sh/resource-policy": keep}
data: &data {a: yes, b: 1}
more: *data
---
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    "helm.sh/hook": pre-upgrade
---
apiVersion: example.com/v1
kind: Widget
metadata:
  name: w
  namespace: other
---
# nothing
---
kind: Broken
---
a: [
`

func TestManifests(t *testing.T) {
	r := readWith(t, "deployed", shopManifest)
	var got []string
	for _, m := range r.Manifests {
		got = append(got, fmt.Sprintf("%s %s %s/%s keep=%v %s", m.Ref.APIVersion, m.Ref.Kind, m.Ref.Namespace, m.Ref.Name, m.Keep, m.JSON))
	}
	want := []string{
		`v1 ConfigMap shop/app keep=true {"apiVersion":"v1","data":{"a":true,"b":1},"kind":"ConfigMap","metadata":{"annotations":{"helm.sh/resource-policy":"keep"},"name":"app"},"more":{"a":true,"b":1}}`,
		`rbac.authorization.k8s.io/v1 ClusterRole /shop keep=false {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"shop"},"rules":[]}`,
		`example.com/v1 Widget other/w keep=false {"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"other"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Withheld != 2 {
		t.Errorf("%d withheld", r.Withheld)
	}
}

// What a release that is over says of its objects does not count.
func TestManifestsByStatus(t *testing.T) {
	for status, want := range map[string]int{
		"deployed": 3, "failed": 3, "pending-install": 3, "pending-upgrade": 3, "pending-rollback": 3,
		"superseded": 0, "uninstalling": 0, "uninstalled": 0, "unknown": 0,
	} {
		if r := readWith(t, status, shopManifest); len(r.Manifests) != want {
			t.Errorf("%s: %d manifests, want %d", status, len(r.Manifests), want)
		}
	}
}

// Manifests are only there for those who ask.
func TestManifestsAreAskedFor(t *testing.T) {
	l, raw := release(t, shopManifest)
	r, err := deployment.Read(l, raw)
	if err != nil || len(r.Manifests) != 0 {
		t.Errorf("%d manifests, error %v", len(r.Manifests), err)
	}
}

// A manifest that is made to grow is left out, and costs no more than its share.
func TestManifestsThatGrow(t *testing.T) {
	bomb := "a0: &a0 [" + strings.Repeat("x,", 1000) + "]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 9), ","))
	}
	head := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n"
	text := "s: &s " + strings.Repeat("long ", 100_000) + "\nl: [" + strings.Repeat("*s, ", 900) + "]\n"
	for name, manifest := range map[string]string{
		"aliases":       fmt.Sprintf(head, "bomb") + bomb,
		"a long text":   fmt.Sprintf(head, "long") + text,
		"in itself":     fmt.Sprintf(head, "loop") + "a: &a [*a]\n",
		"nested braces": fmt.Sprintf(head, "deep") + "a: " + strings.Repeat("{a: ", 200_000) + strings.Repeat("}", 200_000),
		"nested lists":  fmt.Sprintf(head, "deep") + "a: " + strings.Repeat("[", 400_000) + "\n",
		"indentation":   fmt.Sprintf(head, "deep") + "a:\n" + strings.Repeat("- ", 400_000) + "\n",
		"keys":          fmt.Sprintf(head, "keys") + "? " + strings.Repeat("? ", 300_000) + "\n",
		"quotes":        fmt.Sprintf(head, "q") + "a: " + strings.Repeat("''", 400_000) + "\"\n",
		"anchors":       fmt.Sprintf(head, "q") + "a: [" + strings.Repeat("&a 1, *a, ", 60_000) + "]\n",
		"large":         fmt.Sprintf(head, "large") + "a: " + strings.Repeat("x", 3<<20) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			many := strings.Repeat("---\n"+manifest, max(1, (4<<20)/len(manifest)))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			r := readWith(t, "deployed", many)
			runtime.ReadMemStats(&after)
			t.Logf("%d bytes: %v, %d MiB", len(many), time.Since(begun), (after.TotalAlloc-before.TotalAlloc)>>20)
			if n := len(r.Manifests); n > 1 {
				t.Errorf("%d manifests", n)
			}
			if name != "anchors" && name != "quotes" && len(r.Manifests) == 1 {
				t.Error("it was not withheld")
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 3<<30 {
				t.Errorf("it took %d MiB", got>>20)
			}
		})
	}
}

func TestManifestsAreBounded(t *testing.T) {
	var m strings.Builder
	const all = 40
	for i := range all {
		fmt.Fprintf(&m, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm-%d\ndata:\n  k: %s\n", i, strings.Repeat("v", 600<<10))
	}
	r := readWith(t, "deployed", m.String())
	var total int
	for _, one := range r.Manifests {
		total += len(one.JSON)
	}
	if total > 16<<20 || len(r.Manifests) != 27 || r.Withheld != all-27 {
		t.Errorf("%d manifests of %d bytes, %d withheld", len(r.Manifests), total, r.Withheld)
	}
}
