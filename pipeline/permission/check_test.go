package permission_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/permission"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func kind(name string, namespaced bool) event.APIResource {
	resource, group, _ := strings.Cut(name, ".")
	return event.APIResource{Group: group, Version: "v1", Resource: resource, Kind: resource, Namespaced: namespaced}
}

// typical is a configuration with a few kinds.
func typical() permission.Needs {
	return permission.Needs{
		Events: true, Identity: true, Objects: true, Whole: true,
		Kinds: []event.APIResource{
			kind("configmaps", true), kind("namespaces", false), kind("nodes", false), kind("pods", true), kind("services", true),
			kind("deployments.apps", true), kind("replicasets.apps", true), kind("statefulsets.apps", true), kind("daemonsets.apps", true),
		},
	}
}

func text(t *testing.T, rules []permission.Rule) string {
	t.Helper()
	var b strings.Builder
	for _, r := range rules {
		b.WriteString("- " + r.String() + "\n")
	}
	return b.String()
}

// render writes a report as the testdata has it.
func render(r permission.Report) string {
	var b strings.Builder
	for _, f := range r.Missing {
		fmt.Fprintf(&b, "missing: %s (%s)\n  %s\n", f, f.Why, f.Fix)
		if f.Or != "" {
			fmt.Fprintf(&b, "  or: %s\n", f.Or)
		}
	}
	for _, f := range r.Excess {
		fmt.Fprintf(&b, "excess: %s (%s)\n  %s\n", f, f.Why, f.Fix)
		if f.By != "" {
			fmt.Fprintf(&b, "  %s\n", f.By)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}

// TestCheck compares what is found under the rules of each file of testdata/check with
// what the file says.
func TestCheck(t *testing.T) {
	files, err := os.ReadDir("testdata/check")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file.Name(), ".txtar"), func(t *testing.T) {
			path := "testdata/check/" + file.Name()
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			needs, namespaced := typical(), map[string]string{}
			var cluster string
			at := -1
			s := newServer(t, "")
			for i, f := range ar.Files {
				name, ns, _ := strings.Cut(strings.TrimSuffix(f.Name, ".yaml"), " ")
				switch name {
				case "needs":
					var own struct {
						permission.Needs
					}
					own.Needs = needs
					if err := yaml.UnmarshalStrict(f.Data, &own); err != nil {
						t.Fatal(err)
					}
					needs = own.Needs
				case "needed":
					// Exactly what is needed.
					cluster += text(t, slices.DeleteFunc(needs.Rules(), func(r permission.Rule) bool { return r.Namespace != "" }))
					for _, r := range needs.Rules() {
						if r.Namespace != "" {
							namespaced[string(r.Namespace)] += text(t, []permission.Rule{r})
						}
					}
				case "without":
					// Somebody took away what every authenticated user has.
					s.bindings[""] = s.bindings[""][:2]
				case "cluster":
					cluster += string(f.Data)
				case "namespace":
					namespaced[ns] += string(f.Data)
				case "incomplete":
					s.incomplete[ns] = true
				case "report":
					at = i
				default:
					t.Fatalf("unknown section %s", f.Name)
				}
			}
			s.bindings[""] = append(s.bindings[""], rules(t, cluster)...)
			for ns, text := range namespaced {
				s.bindings[ns] = rules(t, text)
			}
			report, err := permission.Check(t.Context(), s, needs)
			if err != nil {
				t.Fatal(err)
			}
			if report.Requests != len(s.requests()) {
				t.Errorf("it says that it took %d requests", report.Requests)
			}
			got := fmt.Sprintf("%d requests\n%s", report.Requests, render(report))
			if *update {
				if at < 0 {
					at, ar.Files = len(ar.Files), append(ar.Files, txtar.File{Name: "report"})
				}
				ar.Files[at].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if at < 0 {
				t.Fatal("no report; run with -update")
			}
			if diff := cmp.Diff(string(ar.Files[at].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	s := newServer(t, "")
	r, err := permission.Check(t.Context(), s, permission.Needs{})
	if err != nil {
		t.Fatal(err)
	}
	account, ok := r.Identity.Account()
	if !ok || account != (permission.Account{Name: "live-status", Namespace: "live-status"}) || len(r.Identity.Groups) != 2 {
		t.Errorf("got %+v, %+v", r.Identity, account)
	}
	for _, user := range []string{"", "admin", "system:serviceaccount:", "system:serviceaccount:a", "system:serviceaccount:a:", "system:serviceaccount:../x:y"} {
		if account, ok := (permission.Identity{User: user}).Account(); ok {
			t.Errorf("%s is %+v", user, account)
		}
	}
}

// TestRecheck shows that a check in which nothing has changed asks little, and one in
// which something has, all.
func TestRecheck(t *testing.T) {
	needs := typical()
	s := newServer(t, text(t, needs.Rules()))
	first, err := permission.Check(t.Context(), s, needs)
	if err != nil || !first.OK() {
		t.Fatalf("%+v, %v", first, err)
	}
	s.requests()
	s.set(func() { slices.Reverse(s.bindings[""]) })
	again, err := permission.Recheck(t.Context(), s, needs, first)
	if err != nil || !again.OK() || again.Identity.User != user {
		t.Fatalf("%+v, %v", again, err)
	}
	asked := s.requests()
	slices.Sort(asked)
	if diff := cmp.Diff([]string{"rules in default", "rules in kube-system", "rules in live-status"}, asked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.set(func() {
		s.bindings["live-status"] = rules(t, `[{apiGroups: [""], resources: [pods/exec], verbs: [create]}]`)
	})
	again, err = permission.Recheck(t.Context(), s, needs, again)
	if err != nil || len(again.Excess) != 1 || again.Excess[0].String() != "create pods/exec in namespace live-status" {
		t.Fatalf("%+v, %v", again, err)
	}
	needs.Kinds = append(needs.Kinds, kind("jobs.batch", true))
	again, err = permission.Recheck(t.Context(), s, needs, again)
	if err != nil || len(again.Missing) != 3 {
		t.Fatalf("%+v, %v", again, err)
	}
	// Without a former report it is a check.
	again, err = permission.Recheck(t.Context(), s, needs, permission.Report{})
	if err != nil || len(again.Missing) != 3 {
		t.Fatalf("%+v, %v", again, err)
	}
}

func TestNoAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		code      int
		forbidden bool
		want      string
	}{
		"forbidden": {http.StatusForbidden, true, "the API server refuses to tell what this account may do: creating selfsubjectrulesreviews.authorization.k8s.io is forbidden"},
		"no API":    {http.StatusNotFound, false, "the API server does not tell what this account may do: it does not serve self"},
		"no POST":   {http.StatusMethodNotAllowed, false, "it does not serve self"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, "")
			s.refuse = func(path string) int {
				if strings.HasPrefix(path, "/apis/authorization") {
					return c.code
				}
				return 0
			}
			_, err := permission.Check(t.Context(), s, typical())
			unanswered, ok := errors.AsType[*permission.UnansweredError](err)
			if !ok || unanswered.Forbidden != c.forbidden || !strings.Contains(err.Error(), strings.Replace(c.want, "rulesreviews", "accessreviews", 1)) {
				t.Errorf("got %v", err)
			}
		})
	}
	s := newServer(t, "")
	s.refuse = func(string) int { return http.StatusInternalServerError }
	_, err := permission.Check(t.Context(), s, typical())
	if _, ok := errors.AsType[*permission.UnansweredError](err); ok || err == nil {
		t.Errorf("a server with an error: %v", err)
	}
	s.Close()
	if _, err := permission.Check(t.Context(), s, typical()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a server that is down: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := permission.Check(ctx, newServer(t, ""), typical()); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// A server whose rules have more rights than anyone could look at, and long ones in
// every namespace, takes neither the processor nor the memory.
func TestRulesWithoutEnd(t *testing.T) {
	s := newServer(t, "[]")
	long := func(what string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint(what, i)
		}
		return out
	}
	s.set(func() {
		for range 10 {
			s.bindings[""] = append(s.bindings[""], rbacv1.PolicyRule{
				Verbs: slices.Repeat([]string{"get"}, 10_000), APIGroups: slices.Repeat([]string{""}, 10_000),
				Resources: long("r", 10_000), ResourceNames: long("n", 10_000),
			})
		}
		s.bindings[""] = append(s.bindings[""], rules(t, `[{apiGroups: [""], resources: [pods/exec], verbs: [create]}]`)...)
	})
	needs := typical()
	for i := range 100 {
		needs.Namespaces = append(needs.Namespaces, event.Namespace(fmt.Sprint("ns-", i)))
	}
	report, err := permission.Check(t.Context(), s, needs)
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(report.Notes, "\n")
	if !strings.Contains(notes, "lists more rights than are looked at") || !strings.Contains(notes, "does not list all rights in namespace") {
		t.Error(notes)
	}
	if !slices.ContainsFunc(report.Excess, func(f permission.Finding) bool {
		return f.Right == permission.Right{Verb: "create", Resource: "pods/exec"}
	}) {
		t.Errorf("%v", report.Excess)
	}
}
