package deployment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
)

func revision(kind, release string, n int, status string) event.Live {
	return event.Live{
		Ref: event.ObjectRef{
			APIVersion: "v1", Kind: kind, Namespace: "shop",
			Name: fmt.Sprintf("sh.helm.release.v1.%s.v%d", release, n), UID: event.UID(fmt.Sprint(release, n)),
		},
		Labels: []event.Label{{Key: "name", Value: release}, {Key: "owner", Value: "helm"}, {Key: "status", Value: status}, {Key: "version", Value: fmt.Sprint(n)}},
	}
}

func TestReleasesWantsTheNewest(t *testing.T) {
	r := deployment.NewReleases(nil)
	for i, step := range []struct {
		live event.Live
		gone bool
		want bool
	}{
		// A list comes in the order of the names.
		{live: revision("Secret", "shop", 1, "superseded"), want: false},
		{live: revision("Secret", "shop", 10, "deployed"), want: true},
		{live: revision("Secret", "shop", 2, "superseded"), want: false},
		{live: revision("Secret", "shop", 9, "failed"), want: false},
		{live: revision("ConfigMap", "other", 1, "pending-install"), want: true},
		{live: revision("ConfigMap", "other", 1, "deployed"), want: true},
		// An upgrade.
		{live: revision("Secret", "shop", 11, "pending-upgrade"), want: true},
		{live: revision("Secret", "shop", 10, "superseded"), want: false},
		{live: revision("Secret", "shop", 11, "deployed"), want: true},
		// The history is cut, and the release removed and installed again.
		{live: revision("Secret", "shop", 1, "superseded"), gone: true},
		{live: revision("Secret", "shop", 11, "uninstalling"), want: true},
		{live: revision("Secret", "shop", 11, "uninstalling"), gone: true, want: true},
		{live: revision("Secret", "shop", 1, "pending-install"), want: true},
		// What Helm does not store.
		{live: event.Live{Ref: event.ObjectRef{APIVersion: "v1", Kind: "Secret", Name: "sh.helm.release.v1.shop.v99"}}, want: false},
		{live: revision("Pod", "shop", 99, "deployed"), want: false},
		{live: revision("Secret", "shop", -1, "deployed"), want: false},
		{live: revision("Secret", "a.b.v7", 3, "deployed"), want: true},
	} {
		if step.gone {
			if got := r.Gone(step.live); got != step.want {
				t.Errorf("step %d: %s: the newest was gone: %t", i, step.live.Ref.Name, got)
			}
		} else if got := r.Wants(step.live); got != step.want {
			t.Errorf("step %d: %s: wanted: %t", i, step.live.Ref.Name, got)
		}
	}
}

// A watch may tell the new first revision before anybody has dealt with the end of
// the former last one, or never tell of that.
func TestReleaseThatIsInstalledAgainIsWanted(t *testing.T) {
	r := deployment.NewReleases(nil)
	at := func(n int, status string, created int64) event.Live {
		live := revision("Secret", "shop", n, status)
		live.Created = time.Unix(created, 0)
		return live
	}
	last, first := at(3, "uninstalling", 100), at(1, "pending-install", 200)
	if !r.Wants(last) || !r.Wants(first) {
		t.Fatal("not wanted")
	}
	if r.Outdated(first) || !r.Outdated(last) {
		t.Error("the former revision is taken for the newest")
	}
	if r.Gone(last) || !r.Wants(at(1, "deployed", 200)) {
		t.Error("the end of the former revision is taken for that of the new one")
	}
	if r.Wants(at(2, "superseded", 300)) {
		t.Error("what a backup brought back of the history is wanted")
	}
}

func TestReleasesIsBounded(t *testing.T) {
	r := deployment.NewReleases(nil)
	for n := range 100_010 {
		if !r.Wants(revision("Secret", fmt.Sprint("r", n), 5, "deployed")) {
			t.Fatalf("release %d is not wanted", n)
		}
	}
	if r.Wants(revision("Secret", "r1", 4, "failed")) {
		t.Error("an older revision of a release that is remembered is wanted")
	}
	if !r.Wants(revision("Secret", "r1", 4, "deployed")) {
		t.Error("an older revision that is still deployed is not wanted")
	}
	if !r.Wants(revision("Secret", "r100009", 4, "deployed")) {
		t.Error("nothing is known of a release, and yet it is not wanted")
	}
}

func TestRemoved(t *testing.T) {
	if _, ok := deployment.Removed(revision("Secret", "shop", 3, "superseded")); ok {
		t.Error("a history that is cut is the end of the release")
	}
	report, ok := deployment.Removed(revision("Secret", "shop", 3, "uninstalling"))
	d := report.Deployment
	if !ok || d.Phase != event.DeploymentSucceeded || d.Action != event.ActionUninstall || report.Application.Name != "shop" || report.Attempt != "shop3/uninstall" {
		t.Errorf("%t, %+v", ok, report)
	}
}

func TestReads(t *testing.T) {
	for _, tt := range []struct {
		group, kind string
		want        bool
	}{
		{"argoproj.io", "Application", true},
		{"argoproj.io", "ApplicationSet", false},
		{"app.k8s.io", "Application", false},
		{"kustomize.toolkit.fluxcd.io", "Kustomization", true},
		{"helm.toolkit.fluxcd.io", "HelmRelease", true},
		{"", "Secret", false},
	} {
		if got := deployment.Reads(event.APIResource{Group: tt.group, Kind: tt.kind}); got != tt.want {
			t.Errorf("%s of %s: %t", tt.kind, tt.group, got)
		}
	}
}

// After a restart those are wanted that came while nobody looked, in whichever
// order they are listed.
func TestReleasesWantsWhatWasMissed(t *testing.T) {
	at := func(release string, n int, status string) event.Live {
		live := revision("Secret", release, n, status)
		live.Created = time.Unix(int64(100+n), 0)
		return live
	}
	r := deployment.NewReleases(func(series event.SeenKey) (time.Time, bool) {
		if series != deployment.Series(at("shop", 1, "")) {
			return time.Time{}, false
		}
		return time.Unix(108, 8), true
	})
	for _, step := range []struct {
		live event.Live
		want bool
	}{
		{at("shop", 10, "superseded"), true},
		{at("shop", 11, "deployed"), true},
		{at("shop", 7, "superseded"), false},
		{at("shop", 8, "superseded"), false},
		{at("shop", 9, "failed"), true},
		{at("new", 10, "deployed"), true},
		{at("new", 9, "superseded"), false},
	} {
		if got := r.Wants(step.live); got != step.want {
			t.Errorf("%s: wanted: %t", step.live.Ref.Name, got)
		}
	}
}
