package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// phases renders the deployment records as they came, each once: the tool, the
// revision and the phase.
func phases(records []record) []string {
	var all []string
	for _, rec := range records {
		d := rec.Deployment
		line := fmt.Sprintf("%v %s %s %s", rec.application(), d.Revision, d.Action, d.Phase)
		if !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	// The applications are deployed at the same time.
	slices.SortStableFunc(all, func(a, b string) int {
		toolOf := func(line string) string { return line[:strings.IndexByte(line, ':')] }
		return cmp.Compare(toolOf(a), toolOf(b))
	})
	return all
}

// checkDeployments compares the deployment records with what was deployed.
func checkDeployments(t *testing.T, records []record) {
	t.Helper()
	want := []string{
		"argocd:argocd/orchard 3f2a sync begun",
		"argocd:argocd/orchard 3f2a sync succeeded",
		"argocd:argocd/orchard 9c1d sync begun",
		"argocd:argocd/orchard 9c1d sync failed",
		"flux:flux-system/harbor main@sha1:aaaa reconcile begun",
		"flux:flux-system/harbor main@sha1:aaaa reconcile succeeded",
		"flux:flux-system/harbor main@sha1:bbbb reconcile begun",
		"flux:flux-system/harbor main@sha1:bbbb reconcile failed",
		"helm:bakery/oven 1 install begun",
		"helm:bakery/oven 1 install succeeded",
		"helm:bakery/oven 2 upgrade begun",
		"helm:bakery/oven 2 upgrade succeeded",
		"helm:bakery/oven 3 upgrade begun",
		"helm:bakery/oven 3 upgrade failed",
		"helm:bakery/oven 4 rollback begun",
		"helm:bakery/oven 4 rollback succeeded",
	}
	got := phases(records)
	// Whether the end of an uninstallation can be seen is up to Helm, which
	// deletes the release when it is done.
	got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, " uninstall ") })
	if !slices.Equal(got, want) {
		t.Errorf("the deployments are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for _, rec := range records {
		d := rec.Deployment
		if d.Action == "uninstall" {
			// By its end nothing is left to read them from.
			continue
		}
		if d.Tool == "helm" && (d.Chart != "oven-0.3.1" && d.Chart != "oven 0.3.1" || d.Version != "1.4.0") {
			t.Errorf("revision %s is of chart %q, version %q; want oven 0.3.1, 1.4.0", d.Revision, d.Chart, d.Version)
		}
		if d.Tool == "helm" && len(d.Objects) < 3 {
			t.Errorf("revision %s consists of %v, want the Deployment, the Service and the ConfigMap at least", d.Revision, d.Objects)
		}
	}
}
