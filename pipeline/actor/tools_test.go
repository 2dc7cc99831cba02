package actor

import (
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestTablesAreOrdered has what the search in them relies on.
func TestTablesAreOrdered(t *testing.T) {
	for name, table := range map[string][]known{"agents": agents[:], "managers": managers[:], "accounts": accounts[:]} {
		if !slices.IsSortedFunc(table, func(a, b known) int { return strings.Compare(a.name, b.name) }) {
			t.Errorf("%s are not ordered", name)
		}
		for _, k := range table {
			if k.tool.tool == "" || k.tool.tool != strings.ToLower(k.tool.tool) || find(table, k.name) != k.tool {
				t.Errorf("%s: %+v", name, k)
			}
		}
	}
	for _, k := range accounts {
		if !k.deploys {
			t.Errorf("%s does not deploy", k.name)
		}
	}
	if !slices.IsSorted(controllerAccounts[:]) || !slices.IsSorted(components[:]) {
		t.Error("names of Kubernetes' own accounts are not ordered")
	}
}

// names are all tools of the tables.
func names() map[string]bool {
	out := map[string]bool{"": true, "kube-apiserver": true}
	for _, table := range [][]known{agents[:], agentPrefixes[:], managers[:], managerPrefixes[:], accounts[:]} {
		for _, k := range table {
			out[k.tool.tool] = true
		}
	}
	for _, name := range components {
		out[name] = true
	}
	return out
}

// FuzzClassify has clients say anything: there is always a class and evidence,
// the tool is one of those known, the version is a short part of the user agent,
// and only what Kubernetes reserves is believed about Kubernetes.
func FuzzClassify(f *testing.F) {
	f.Add("jane", "developers", "kubectl/v1.36.3 (linux/amd64) kubernetes/7e1a7c2", "/x?fieldManager=kubectl-set")
	f.Add("system:serviceaccount:kube-system:replicaset-controller", "system:serviceaccounts", "kube-controller-manager/v1.36.3", "/x")
	f.Add("system:serviceaccount:a:b:c", "", "HashiCorp/1.0 Terraform/1.9.5", "/x?fieldManager=")
	f.Add("system:node:a", "system:nodes", "HashiCorp/1.0 ", "?&&fieldManager=Terraform")
	f.Add("", "system:unauthenticated", "/", "")
	f.Add("system:", "", strings.Repeat("/", 300), strings.Repeat("?&", 3000))
	tools := names()
	f.Fuzz(func(t *testing.T, user, group, userAgent, uri string) {
		a := &event.Audit{User: event.User{Name: user, Groups: []string{"a", group}}, UserAgent: userAgent, RequestURI: uri}
		got := Classify(a)
		switch got.Class {
		case event.ActorNode, event.ActorController:
			if !strings.HasPrefix(user, "system:") && !strings.HasPrefix(user, "eks:") && user != "aksService" {
				t.Errorf("%q is %+v", user, got)
			}
		case event.ActorServiceAccount:
			if !strings.HasPrefix(user, "system:") && !strings.HasSuffix(user, ".gserviceaccount.com") {
				t.Errorf("%q is %+v", user, got)
			}
		case event.ActorAnonymous:
			if user != "" && user != "system:anonymous" && group != "system:unauthenticated" {
				t.Errorf("%q of %q is %+v", user, group, got)
			}
		case event.ActorHuman:
			if strings.HasPrefix(user, "system:") && user != "system:admin" {
				t.Errorf("%q is %+v", user, got)
			}
		case event.ActorDeploymentTool:
			if got.Tool == "" {
				t.Errorf("%+v", got)
			}
		default:
			t.Errorf("class %q", got.Class)
		}
		if !tools[got.Tool] || got.By == "" || len(got.ToolVersion) > maxVersion {
			t.Errorf("%+v", got)
		}
		if got.ToolVersion != "" && (!strings.Contains(userAgent, got.ToolVersion) || got.Tool == "") {
			t.Errorf("%+v of %q", got, userAgent)
		}
		if again := Classify(a); again != got {
			t.Errorf("%+v, then %+v", got, again)
		}
	})
}
