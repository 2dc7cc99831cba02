package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/pipeline/permission"
)

// guarded serves the kinds of a recorded API server, and answers reviews by rules that
// hold in the whole cluster.
type guarded struct {
	*httptest.Server

	mu      sync.Mutex
	granted []permission.Rule
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{}
	kinds := map[string][]byte{}
	for _, name := range []string{"api", "apis"} {
		b, err := os.ReadFile(filepath.Join("..", "test", "e2e", "testdata", "recording", name+".json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if kinds["/"+name], err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if data, ok := kinds[r.URL.Path]; ok {
			_, _ = w.Write(data)
			return
		}
		answer := g.answer(r)
		if answer == nil {
			w.WriteHeader(http.StatusNotFound)
			answer = metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Reason: metav1.StatusReasonNotFound, Code: http.StatusNotFound}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *guarded) grant(rules []permission.Rule) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.granted = rules
}

// answer answers reviews; nil for no one is there who could.
func (g *guarded) answer(r *http.Request) any {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.granted == nil {
		return nil
	}
	switch filepath.Base(r.URL.Path) {
	case "kube-system":
		return metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "kube-system", UID: "1"}}
	case "selfsubjectreviews":
		var review authenticationv1.SelfSubjectReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		review.Status.UserInfo.Username = "system:serviceaccount:live-status:live-status"
		return review
	case "selfsubjectaccessreviews":
		var review authorizationv1.SelfSubjectAccessReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		a := review.Spec.ResourceAttributes
		review.Status.Allowed = a == nil && review.Spec.NonResourceAttributes.Verb == "get"
		for _, rule := range g.granted {
			if a != nil && has(rule.Verbs, a.Verb) && has(rule.Groups, a.Group) && has(rule.Resources, strings.TrimSuffix(a.Resource+"/"+a.Subresource, "/")) {
				review.Status = authorizationv1.SubjectAccessReviewStatus{Allowed: true, Reason: "by a binding"}
			}
		}
		return review
	case "selfsubjectrulesreviews":
		var review authorizationv1.SelfSubjectRulesReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		for _, rule := range g.granted {
			review.Status.ResourceRules = append(review.Status.ResourceRules, authorizationv1.ResourceRule{Verbs: rule.Verbs, APIGroups: rule.Groups, Resources: rule.Resources, ResourceNames: rule.Names})
		}
		return review
	}
	return nil
}

func has(list []string, want string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, want)
}

func (g *guarded) config(t *testing.T, more config.Map) config.Config {
	t.Helper()
	set := config.Map{"kube_url": g.URL, "cluster_name": "c", "interval_nsec": "0", "monitor_interval": "0"}
	maps.Copy(set, more)
	cfg, err := config.Parse(set)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// needs are those of a configuration on the recorded server.
func (g *guarded) needs(t *testing.T, cfg config.Config) permission.Needs {
	t.Helper()
	access, err := kube.Load(cfg.Kube, kube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer access.Close()
	needs, err := NeededPermissions(t.Context(), access, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return needs
}

// rolesOf returns the rules of the ClusterRoles in a file of conf.
func rolesOf(t *testing.T, file string) []permission.Rule {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "conf", file))
	if err != nil {
		t.Fatal(err)
	}
	var out []permission.Rule
	for doc := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(doc, &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind == "ClusterRole" {
			out = append(out, permission.FromRBAC(role.Rules, "")...)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no ClusterRole in %s", file)
	}
	return out
}

// TestRolesThatAreShipped has the files of conf grant what is needed and no more.
func TestRolesThatAreShipped(t *testing.T) {
	g := newGuarded(t)
	for _, c := range []struct {
		name            string
		more            config.Map
		files           []string
		missing, excess string
	}{
		{"defaults", nil, []string{"rbac.yaml", "rbac-helm.yaml"}, "", ""},
		{"without Secrets", config.Map{"objects_exclude": "secrets"}, []string{"rbac.yaml"}, "", ""},
		{"Secrets forgotten", nil, []string{"rbac.yaml"}, "[get secrets list secrets watch secrets]", ""},
		{"Secrets not wanted", config.Map{"objects_exclude": "secrets"}, []string{"rbac.yaml", "rbac-helm.yaml"}, "", "[get secrets list secrets watch secrets]"},
		{"cluster's Secrets", config.Map{"redact_cluster_secrets": "on", "objects_exclude": "secrets"}, []string{"rbac.yaml", "rbac-secrets.yaml"}, "", ""},
		{"cluster's Secrets forgotten", config.Map{"redact_cluster_secrets": "on", "objects_exclude": "secrets"}, []string{"rbac.yaml"}, "[list secrets watch secrets]", ""},
		{"one namespace", config.Map{"kube_namespace": "shop", "objects_exclude": "secrets"}, []string{"rbac.yaml"}, "", ""},
	} {
		var granted []permission.Rule
		for _, file := range c.files {
			granted = append(granted, rolesOf(t, file)...)
		}
		missing, excess := permission.Compare(g.needs(t, g.config(t, c.more)), granted)
		if text := strings.TrimPrefix(fmt.Sprint(missing), "[]"); text != c.missing {
			t.Errorf("%s: missing %s, want %s", c.name, text, c.missing)
		}
		if text := strings.TrimPrefix(fmt.Sprint(excess), "[]"); text != c.excess {
			t.Errorf("%s: too much %s, want %s", c.name, text, c.excess)
		}
	}
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// about returns the lines about permissions, and forgets all.
func (l *lines) about() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	var out strings.Builder
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, "permissions:") {
			out.WriteString(regexp.MustCompile(`time=\S+ `).ReplaceAllString(line, ""))
		}
	}
	return out.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// TestPermissionsAreTold has what is missing or too much logged when it changes, and
// the last report kept.
func TestPermissionsAreTold(t *testing.T) {
	g := newGuarded(t)
	cfg := g.config(t, config.Map{"kube_objects": "off"})
	access, err := kube.Load(cfg.Kube, kube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer access.Close()
	log := &lines{}
	p := (&Pipeline{cfg: cfg, access: access, opts: Options{Logger: log.logger()}}).newPermissions()
	look := func(want bool) string {
		t.Helper()
		ok, err := p.look(t.Context())
		if err != nil || ok != want {
			t.Errorf("as they should be: %v, %v", ok, err)
		}
		return log.about()
	}
	g.grant(append(rolesOf(t, "rbac.yaml"), permission.Rule{Groups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create"}}))
	got := look(false)
	for _, want := range []string{`level=WARN msg="permissions: more than needed`, `rights="create pods/exec"`, `granted_by="by a binding"`, "user=system:serviceaccount:live-status:live-status"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if got := look(false); got != "" {
		t.Errorf("said again: %s", got)
	}
	if st := p.status(); st.Excess != 1 || st.Missing != 0 || !slices.Equal(st.ExcessRights, []string{"create pods/exec"}) || st.Checked.IsZero() {
		t.Errorf("got %+v", st)
	}
	g.grant([]permission.Rule{{Groups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"list"}}})
	got = look(false)
	for _, want := range []string{
		`level=WARN msg="permissions: missing`, `rights="watch events.events.k8s.io"`, `add_rules="- {apiGroups: [events.k8s.io], resources: [events], verbs: [watch]}"`,
		`or="set kube_events off"`, `in="a ClusterRole"`, "get namespaces named kube-system",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	g.grant(rolesOf(t, "rbac.yaml"))
	if got := look(true); !strings.HasPrefix(got, `level=INFO msg="permissions: as they should be"`) || strings.Count(got, "\n") != 1 {
		t.Errorf("said %s", got)
	}
	if got := look(true); got != "" {
		t.Errorf("said again: %s", got)
	}
	// Nobody answers any more: the last report stands.
	g.grant(nil)
	for i := range 2 {
		if _, err := p.look(t.Context()); !isUnanswered(err) {
			t.Errorf("got %v", err)
		}
		if got := log.about(); (i == 0) != strings.Contains(got, `msg="permissions: cannot be checked" error="the API server does not tell what this account may do`) {
			t.Errorf("time %d: said %s", i, got)
		}
	}
	if st := p.status(); st == nil || st.Excess != 0 {
		t.Errorf("got %+v", st)
	}
}

// TestPermissionsOfAPipeline has a pipeline compare them once it knows the kinds, and
// tell of them in monitor_status.
func TestPermissionsOfAPipeline(t *testing.T) {
	g := newGuarded(t)
	g.grant(slices.Concat(rolesOf(t, "rbac.yaml"), rolesOf(t, "rbac-helm.yaml")))
	log := &lines{}
	p, err := Start(t.Context(), g.config(t, nil), Options{Instance: "test", Logger: log.logger(), JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, &running{Pipeline: p})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for p.permissions.status() == nil && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	if st := p.monitorRecord(event.PhaseRunning).Monitor.Permissions; st == nil || st.Missing+st.Excess != 0 {
		t.Errorf("got %+v; said %s", st, log.about())
	}
}

// TestPermissionsWithoutReviews has a server that knows no reviews disturb nothing.
func TestPermissionsWithoutReviews(t *testing.T) {
	g := newGuarded(t)
	log := &lines{}
	p, err := Start(t.Context(), g.config(t, config.Map{"kube_objects": "off"}), Options{Instance: "test", Logger: log.logger(), JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	var said string
	for deadline := time.Now().Add(30 * time.Second); said == "" && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		said = log.about()
	}
	if !strings.HasPrefix(said, `level=INFO msg="permissions: cannot be checked"`) {
		t.Errorf("said %q", said)
	}
	if st := p.monitorRecord(event.PhaseRunning).Monitor.Permissions; st != nil {
		t.Errorf("got %+v", st)
	}
	stop(t, &running{Pipeline: p})
	if said := log.about(); said != "" {
		t.Errorf("said %q at the end", said)
	}
}
