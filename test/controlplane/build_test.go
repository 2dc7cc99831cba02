package controlplane

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

func TestSourceKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key := func() string {
		t.Helper()
		key, err := sourceKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	if _, err := sourceKey(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("key of an empty folder: got error %v, want not exist", err)
	}
	write("go.mod", "module m")
	write("go.sum", "")
	write("main.go", "package main")
	first := key()
	if again := key(); again != first {
		t.Errorf("the key of the same files changed from %s to %s", first, again)
	}
	write("README.md", "not part of the binary")
	if again := key(); again != first {
		t.Error("a file that is not compiled changed the key")
	}
	for _, change := range []struct{ name, content string }{
		{"go.sum", "x"}, {"main.go", "package main // x"}, {"more.go", "package main"},
	} {
		before := key()
		write(change.name, change.content)
		if key() == before {
			t.Errorf("a change of %s did not change the key", change.name)
		}
	}
}

func TestSourceDirIsFound(t *testing.T) {
	dir, err := sourceDir()
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(dir) != "kubeone" {
		t.Errorf("got %s", dir)
	}
}

func TestPrune(t *testing.T) {
	cache := t.TempDir()
	now := time.Now()
	for i, name := range []string{"kubeone-current", "kubeone-newer", "kubeone-older", "kubeone-oldest.partial-7", "other"} {
		path := filepath.Join(cache, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		// The current one was built first but is in use.
		age := time.Duration(i) * time.Hour
		if name == "kubeone-current" {
			age = 24 * time.Hour
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(cache, filepath.Join(cache, "kubeone-current")); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if want := []string{"kubeone-current", "kubeone-newer", "other"}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
}

func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := lockFile(t.Context(), path, func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	if _, err := lockFile(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("lock that is held: got %v, want canceled", err)
	}

	// The second one says that it waits, and gets the lock once it is free.
	second, err := lockFile(t.Context(), path, release)
	if err != nil {
		t.Fatal(err)
	}
	second()
}

// TestBuildUsesCache puts a stand-in where the binary would be.
func TestBuildUsesCache(t *testing.T) {
	cache := t.TempDir()
	source, err := sourceDir()
	if err != nil {
		t.Fatal(err)
	}
	key, err := sourceKey(source)
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(cache, binaryPrefix+key)
	if err := os.WriteFile(want, []byte("stand-in"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		env  string
		opts Options
	}{
		{"option", "", Options{CacheDir: cache}},
		{"environment", cache, Options{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(cacheVariable, test.env)
			got, err := Build(t.Context(), test.opts)
			if err != nil || got != want {
				t.Errorf("got %s, %v; want %s", got, err, want)
			}
		})
	}
}

func TestBuildStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cache := t.TempDir()
	if _, err := Build(ctx, Options{CacheDir: cache}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	if left, err := filepath.Glob(filepath.Join(cache, binaryPrefix+"*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestIsPackage(t *testing.T) {
	for line, want := range map[string]bool{
		"k8s.io/api/core/v1":                 true,
		"net":                                true,
		"# k8s.io/api/core/v1":               false,
		"main.go:3:2: undefined: x":          false,
		"go: downloading k8s.io/api v0.36.3": false,
		"":                                   false,
	} {
		if got := isPackage(line); got != want {
			t.Errorf("isPackage(%q) = %v", line, got)
		}
	}
}

func TestTokenFile(t *testing.T) {
	got, err := tokenFile([]User{
		{Name: "alice", Token: "a-token", Groups: []string{"devs", "on-call"}},
		{Name: "bob", Token: "b-token"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "a-token,alice,uid-alice,\"devs,on-call\"\nb-token,bob,uid-bob\n"
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStagesAreYAML(t *testing.T) {
	stages, err := kwokStages()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, document := range strings.Split(string(stages), "\n---\n")[1:] {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
			Spec     struct {
				Steps []map[string]any
			}
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		kinds[object.Kind]++
		if object.Kind == "Stage" && len(object.Spec.Steps) == 0 {
			t.Errorf("stage %s does nothing", object.Metadata.Name)
		}
	}
	if kinds["KwokConfiguration"] != 1 || kinds["Stage"] < 5 {
		t.Errorf("got %v", kinds)
	}
}

func TestFreePortsDiffer(t *testing.T) {
	ports, err := freePorts(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != 50 || ports[0] < firstPort || ports[49] >= lastPort {
		t.Errorf("got %v", ports)
	}
}

func TestStateFolderOfAnotherCluster(t *testing.T) {
	dir := t.TempDir()
	if _, err := newState(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "etcd"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := newState(dir); err == nil || !strings.Contains(err.Error(), "holds another cluster") {
		t.Errorf("got %v", err)
	}
}
