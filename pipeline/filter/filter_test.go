package filter

import (
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func audit(f func(*event.Audit)) *event.Audit {
	a := &event.Audit{
		Stage: event.StageResponseComplete, Verb: "patch", RequestURI: "/apis/apps/v1/namespaces/shop/deployments/web/scale",
		User:   event.User{Name: "system:serviceaccount:argocd:argocd-server"},
		Object: event.ObjectRef{APIVersion: "apps/v1", Resource: "deployments", Subresource: "scale", Namespace: "shop", Name: "web"},
	}
	if f != nil {
		f(a)
	}
	return a
}

func TestPass(t *testing.T) {
	node := audit(func(a *event.Audit) { a.Object = event.ObjectRef{APIVersion: "v1", Resource: "nodes", Name: "n1"} })
	health := audit(func(a *event.Audit) { a.Object, a.RequestURI = event.ObjectRef{}, "/healthz/ping?verbose=1" })
	escaped := audit(func(a *event.Audit) { a.Object, a.RequestURI = event.ObjectRef{}, "/%68ealthz" })
	impersonating := audit(func(a *event.Audit) { a.User.Name, a.Impersonated = "admin", &event.User{Name: "system:node:n1"} })
	for _, tt := range []struct {
		name string
		o    Options
		a    *event.Audit
		want bool
	}{
		{"nothing asked", Options{}, audit(nil), true},
		{"stage", Options{Stages: []string{"ResponseComplete", "Panic"}}, audit(nil), true},
		{"other stage", Options{Stages: []string{"Panic"}}, audit(nil), false},
		{"all stages", Options{Stages: []string{"*"}}, audit(nil), true},
		{"verb", Options{Verbs: []string{"get", "patch"}}, audit(nil), true},
		{"verb excluded", Options{Verbs: []string{"*"}, VerbsExclude: []string{"pat*"}}, audit(nil), false},
		{"resource means the object itself", Options{Resources: []string{"deployments"}}, audit(nil), false},
		{"subresource", Options{Resources: []string{"deployments/scale"}}, audit(nil), true},
		{"any subresource", Options{Resources: []string{"deployments/*"}}, audit(nil), true},
		{"a subresource is not the object itself", Options{Resources: []string{"nodes/*"}}, node, false},
		{"any resource's subresource", Options{Resources: []string{"*/scale"}}, audit(nil), true},
		{"group", Options{Resources: []string{"deployments.apps/scale"}}, audit(nil), true},
		{"any resource of the group", Options{Resources: []string{"*.apps/*"}}, audit(nil), true},
		{"other group", Options{Resources: []string{"deployments.extensions/scale"}}, audit(nil), false},
		{"core group has no name", Options{Resources: []string{"nodes."}}, node, true},
		{"everything", Options{Resources: []string{"*"}}, audit(nil), true},
		{"everything, paths too", Options{Resources: []string{"*"}}, health, true},
		{"path", Options{Resources: []string{"/healthz*"}}, health, true},
		{"the query is no part of the path", Options{Resources: []string{"/healthz/ping"}}, health, true},
		{"an escaped path is the same path", Options{Resources: []string{"/healthz*"}}, escaped, true},
		{"a path is no resource", Options{Resources: []string{"/*"}}, audit(nil), false},
		{"path excluded", Options{ResourcesExclude: []string{"/healthz*"}}, health, false},
		{"resource excluded", Options{ResourcesExclude: []string{"deployments/scale"}}, audit(nil), false},
		{"user", Options{Users: []string{"system:serviceaccount:argocd:*"}}, audit(nil), true},
		{"user excluded", Options{UsersExclude: []string{"system:*"}}, audit(nil), false},
		{"exclusion does not hide an impersonator", Options{UsersExclude: []string{"system:*"}}, impersonating, true},
		{"namespace", Options{Namespaces: []string{"shop"}}, audit(nil), true},
		{"no namespace", Options{Namespaces: []string{"shop"}}, node, false},
		{"no namespace and any", Options{Namespaces: []string{"*"}}, node, true},
		{"namespace excluded", Options{NamespacesExclude: []string{"sh*"}}, audit(nil), false},
		{"all lists must match", Options{Verbs: []string{"patch"}, Namespaces: []string{"other"}}, audit(nil), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := New(tt.o).Pass(tt.a); got != tt.want {
				t.Errorf("pass: %v, want %v", got, tt.want)
			}
		})
	}
}

func BenchmarkPass(b *testing.B) {
	f := New(Options{
		Stages: []string{"ResponseComplete", "Panic"}, VerbsExclude: []string{"get", "list", "watch"},
		Resources: []string{"*.apps", "*.apps/*", "pods", "pods/exec"}, UsersExclude: []string{"system:node:*"},
	})
	a := audit(nil)
	b.ReportAllocs()
	for b.Loop() {
		if !f.Pass(a) {
			b.Fatal("left out")
		}
	}
}
