package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// upgrades is how often the release is upgraded while the plugin is killed.
const upgrades = 40

// A rollout of which the plugin has seen nothing, or only the beginning, before
// it was killed is reported when it is back, and how it ended; what did not
// happen is not.
func TestNoDeploymentIsLost(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		c := cluster(t)
		if _, err := c.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "bakery"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		acc := newAccount(t, c, helmAccess)
		r := newRun(t, h)
		options := acc.options(filepath.Join(r.dir, "cursor.db"))
		options["monitor_interval"] = "1s"
		r.inputs = append(r.inputs, options)
		r.configure(t)
		cook := newHelm(t, c, "bakery")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		p := r.start(t)
		upgraded := make(chan struct{})
		go func() {
			defer close(upgraded)
			chart := filepath.Join("testdata", "oven")
			cook.run(ctx, t, "install", "oven", chart, "--set", "workload=false")
			for i := range upgrades {
				args := []string{"oven", chart, "--history-max", "0", "--set", fmt.Sprintf("workload=false,temperature=%d", i)}
				switch i % 8 {
				case 3, 6:
					cook.refuses(ctx, t, append(append([]string{"upgrade"}, args...), "--set", "port=0")...)
				case 7:
					cook.run(ctx, t, "rollback", "oven", "1", "--history-max", "0")
				default:
					cook.run(ctx, t, append([]string{"upgrade"}, args...)...)
				}
			}
		}()
		kills := 0
		for working := true; working; {
			select {
			case <-upgraded:
				working = false
			case <-p.done:
				t.Fatalf("the host ended by itself: %v", p.err)
			case <-time.After(time.Duration(300+rand.IntN(2500)) * time.Millisecond):
				p.kill()
				kills++
				p = r.start(t)
			}
		}
		history := cook.history(ctx, t, "oven")
		if len(history) != upgrades+1 {
			t.Fatalf("the release has %d revisions, want %d", len(history), upgrades+1)
		}
		want := map[string]string{}
		for _, rev := range history {
			want[strconv.Itoa(rev.Revision)] = map[string]string{"deployed": "succeeded", "superseded": "succeeded", "failed": "failed"}[rev.Status]
		}
		records := &reader{path: r.out}
		for deadline := time.Now().Add(time.Minute); !maps.Equal(ends(records.of(t, "deployment")), want); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("the rollouts ended as %v, want %v", ends(records.of(t, "deployment")), want)
				break
			}
		}
		p.terminate(t)

		ids := map[[2]string][]string{}
		for _, rec := range records.of(t, "deployment") {
			d := rec.Deployment
			if rec.application() != oven || want[d.Revision] == "" || d.Phase != "begun" && d.Phase != want[d.Revision] {
				t.Errorf("invented: %v, revision %s %s", rec.application(), d.Revision, d.Phase)
			}
			key := [2]string{d.Revision, d.Phase}
			if !slices.Contains(ids[key], rec.ID) {
				ids[key] = append(ids[key], rec.ID)
			}
		}
		for key, different := range ids {
			if len(different) > 1 {
				t.Errorf("revision %s %s was told %d times, with different IDs", key[0], key[1], len(different))
			}
		}
		t.Logf("%d revisions, %d records in %d kills", len(history), len(records.of(t, "deployment")), kills)
	})
}

// ends returns how the rollouts ended, by their revisions.
func ends(records []record) map[string]string {
	ended := map[string]string{}
	for _, rec := range records {
		if rec.Deployment.Phase != "begun" {
			ended[rec.Deployment.Revision] = rec.Deployment.Phase
		}
	}
	return ended
}
