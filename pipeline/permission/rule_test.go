package permission_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/permission"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// TestRules compares the rules and the manifest of each case of testdata/rules.txtar
// with what the file says.
func TestRules(t *testing.T) {
	const golden = "testdata/rules.txtar"
	small := []event.APIResource{kind("nodes", false), kind("pods", true), kind("deployments.apps", true), kind("jobs.batch", true), kind("jobs.example.com", true)}
	secrets := append([]event.APIResource{kind("configmaps", true), kind("secrets", true), kind("namespaces", false)}, small...)
	var got []txtar.File
	for _, c := range []struct {
		name  string
		needs permission.Needs
	}{
		{"nothing", permission.Needs{}},
		{"events", permission.Needs{Events: true, Identity: true}},
		{"events of the core group", permission.Needs{Events: true, EventsGroups: []string{""}}},
		{"objects without statuses", permission.Needs{Events: true, Identity: true, Objects: true, Kinds: secrets}},
		{"objects with statuses", permission.Needs{Identity: true, Objects: true, Kinds: small, Whole: true}},
		{"all", permission.Needs{Events: true, Identity: true, Objects: true, Kinds: secrets, Whole: true, ClusterSecrets: true, Reviews: true}},
		{"two namespaces", permission.Needs{Namespaces: []event.Namespace{"shop", "bank"}, Events: true, Identity: true, Objects: true, Kinds: small, Whole: true, ClusterSecrets: true, Reviews: true}},
	} {
		manifest, err := permission.Manifest(c.needs.Rules(), "live-status", permission.Account{Name: "reader", Namespace: "logging"})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, txtar.File{Name: c.name, Data: append([]byte(text(t, c.needs.Rules())+"\n"), manifest...)})

		// What is printed is what is meant.
		var back []rbacv1.PolicyRule
		if err := yaml.UnmarshalStrict([]byte(text(t, c.needs.Rules())), &back); err != nil {
			t.Fatal(err)
		}
		for i, r := range c.needs.Rules() {
			if diff := cmp.Diff(r.RBAC(), back[i]); diff != "" {
				t.Errorf("%s: -rule +printed:\n%s", c.name, diff)
			}
		}
		if missing, excess := permission.Compare(c.needs, c.needs.Rules()); len(missing)+len(excess) > 0 {
			t.Errorf("%s: its own rules lack %v and have %v", c.name, missing, excess)
		}
		for i := range c.needs.Rules() {
			less := c.needs.Rules()
			less = append(less[:i], less[i+1:]...)
			if missing, _ := permission.Compare(c.needs, less); len(missing) == 0 {
				t.Errorf("%s: rule %d is not needed", c.name, i)
			}
		}
	}
	want, err := os.ReadFile(golden)
	if *update {
		want = txtar.Format(&txtar.Archive{Files: got})
		err = os.WriteFile(golden, want, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(&txtar.Archive{Files: got}))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestQuoting(t *testing.T) {
	for _, s := range []string{"", "*", "pods", "pods/exec", "*/scale", "/metrics", "off", "null", "1", "a: b", "a,b", "[x]", "-", "é", "system:node", "it's", "a\"b", "a\nb"} {
		r := permission.Rule{Groups: []string{s}, Resources: []string{s}, Verbs: []string{s}}
		var back rbacv1.PolicyRule
		if err := yaml.UnmarshalStrict([]byte(r.String()), &back); err != nil {
			t.Fatalf("%q: %s: %v", s, r, err)
		}
		if diff := cmp.Diff(r.RBAC(), back); diff != "" {
			t.Errorf("%q: %s", s, diff)
		}
		if bytes.ContainsRune([]byte(r.String()), '\n') {
			t.Errorf("%q: more than one line", s)
		}
	}
}
