package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/pipeline/permission"
	"github.com/fluent-live/live-status/test/controlplane"
)

// grantee is a service account that has exactly the rights that it is given.
type grantee struct {
	cluster *controlplane.Cluster
	account permission.Account
	token   string
}

func newGrantee(t *testing.T, c *controlplane.Cluster, name string) *grantee {
	t.Helper()
	const ns = "readers"
	_, err := c.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	_, err = c.Client().CoreV1().ServiceAccounts(ns).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.ServiceAccountToken(t.Context(), ns, name, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r := &grantee{cluster: c, account: permission.Account{Name: name, Namespace: ns}, token: filepath.Join(t.TempDir(), "token")}
	if err := os.WriteFile(r.token, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// config is what the account reads; more are further options.
func (r *grantee) config(t *testing.T, more config.Map) config.Config {
	t.Helper()
	set := config.Map{
		"kube_url": r.cluster.URL(), "kube_ca_file": r.cluster.CAFile(), "kube_token_file": r.token, "cluster_name": "e2e",
		"db": filepath.Join(t.TempDir(), "cursor.db"), "monitor_interval": "1s", "interval_nsec": "0",
	}
	maps.Copy(set, more)
	cfg, err := config.Parse(set)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// grant gives the account rules, in roles of that name.
func (r *grantee) grant(t *testing.T, name string, rules []permission.Rule) {
	t.Helper()
	manifest, err := permission.Manifest(rules, name, r.account)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cluster.Apply(t.Context(), manifest); err != nil {
		t.Fatal(err)
	}
}

func (r *grantee) access(t *testing.T, cfg config.Config) *kube.Access {
	t.Helper()
	access, err := kube.Load(cfg.Kube, kube.Options{UserAgent: "live-status/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(access.Close)
	return access
}

// report asks until what is found is what is wanted: API servers learn of roles a
// moment later.
func (r *grantee) report(t *testing.T, cfg config.Config, missing, excess string) permission.Report {
	t.Helper()
	access := r.access(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		report, err := pipeline.CheckPermissions(ctx, access, cfg)
		if err != nil {
			t.Fatal(access.Describe(err))
		}
		gotMissing, gotExcess := said(report.Missing), said(report.Excess)
		if gotMissing == missing && gotExcess == excess {
			t.Logf("%d requests; looked at %v", report.Requests, report.Namespaces)
			if len(report.Notes) > 0 {
				t.Errorf("notes %q", report.Notes)
			}
			return report
		}
		select {
		case <-ctx.Done():
			t.Fatalf("missing %q, want %q; excess %q, want %q", gotMissing, missing, gotExcess, excess)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func said(findings []permission.Finding) string {
	var list []string
	for _, f := range findings {
		list = append(list, f.String())
	}
	return strings.Join(list, ", ")
}

// observed is a pipeline that runs, and what came of it.
type observed struct {
	mu      sync.Mutex
	log     bytes.Buffer
	records []map[string]any
}

func (o *observed) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log.Write(p)
}

// run has a pipeline run until the test ends.
func (r *grantee) run(t *testing.T, cfg config.Config) *observed {
	t.Helper()
	o := &observed{}
	p, err := pipeline.Start(t.Context(), cfg, pipeline.Options{Instance: "test", Version: "test", Logger: slog.New(slog.NewTextHandler(o, nil)), JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			batch := p.Take(50 * time.Millisecond)
			for line := range bytes.Lines(batch) {
				var record map[string]any
				if err := json.Unmarshal(line, &record); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				o.mu.Lock()
				o.records = append(o.records, record)
				o.mu.Unlock()
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return o
}

// await waits until a line of the log has all texts in it.
func (o *observed) await(t *testing.T, what string, done func(log string, records []map[string]any) bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		o.mu.Lock()
		log, records := o.log.String(), slices.Clone(o.records)
		o.mu.Unlock()
		if done(log, records) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s; the log says\n%s", what, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func line(texts ...string) func(string, []map[string]any) bool {
	return func(log string, _ []map[string]any) bool {
		for l := range strings.Lines(log) {
			if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(l, text) }) {
				return true
			}
		}
		return false
	}
}

// TestPermissions runs under service accounts with exactly what is needed, with less
// and with more.
func TestPermissions(t *testing.T) {
	c := cluster(t)
	reader := newGrantee(t, c, "exact")
	cfg := reader.config(t, nil)
	needs, err := pipeline.NeededPermissions(t.Context(), reader.access(t, cfg), cfg)
	if err != nil {
		t.Fatal(err)
	}
	rules := needs.Rules()
	reader.grant(t, "exact", rules)
	report := reader.report(t, cfg, "", "")
	if user := fmt.Sprintf("system:serviceaccount:%s:%s", reader.account.Namespace, reader.account.Name); report.Identity.User != user {
		t.Errorf("it is %q, want %q", report.Identity.User, user)
	}
	t.Run("works", func(t *testing.T) { permissionsSuffice(t, reader, cfg) })
	t.Run("files of conf", func(t *testing.T) { permissionsOfConf(t, c) })
	t.Run("one rule less", func(t *testing.T) { oneRuleLess(t, c, rules) })
	t.Run("more than needed", func(t *testing.T) { moreThanNeeded(t, reader) })
	t.Run("one namespace", func(t *testing.T) { permissionsInOneNamespace(t, c) })
	t.Run("cluster-admin", func(t *testing.T) { allPermissions(t, c) })
}

// permissionsSuffice has events, objects and statuses arrive, and nothing be refused.
func permissionsSuffice(t *testing.T, r *grantee, cfg config.Config) {
	client := r.cluster.Client()
	labels := map[string]string{"app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": "shop"}
	deployment, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "shop", Image: "shop"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CoreV1().Events("default").Create(t.Context(), &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "shop.1"}, Reason: "Testing", Message: "one", Type: corev1.EventTypeNormal, Count: 1,
		InvolvedObject: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "default", Name: "shop", UID: deployment.UID},
		FirstTimestamp: metav1.Now(), LastTimestamp: metav1.Now(), Source: corev1.EventSource{Component: "test"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := r.run(t, cfg)
	o.await(t, "records of all types", func(_ string, records []map[string]any) bool {
		seen := map[string]bool{}
		for _, rec := range records {
			switch kind, _ := rec["type"].(string); kind {
			case "event", "object_status", "application_status":
				seen[kind] = true
			case "monitor_status":
				monitor, _ := rec["monitor"].(map[string]any)
				objects, _ := monitor["objects"].(map[string]any)
				if objects["troubled"] != nil {
					t.Fatalf("troubled: %v", objects["troubled"])
				}
				rights, told := monitor["permissions"].(map[string]any)
				seen[kind] = told && rights["missing_count"] == 0.0 && rights["excess_count"] == 0.0 && objects["kinds"] == objects["synced"]
			}
		}
		return len(seen) == 4 && seen["monitor_status"]
	})
	o.await(t, "line that all is well", line("level=INFO", "permissions: as they should be", r.account.Name))
	if slices.ContainsFunc(strings.Split(o.log.String(), "\n"), func(l string) bool { return strings.Contains(l, "403") }) {
		t.Errorf("something is refused:\n%s", o.log.String())
	}
}

func permissionsOfConf(t *testing.T, c *controlplane.Cluster) {
	a := newAccount(t, c, filepath.Join("..", "..", "conf", "rbac-helm.yaml"))
	r := &grantee{cluster: c, account: permission.Account{Name: accountName, Namespace: accountNamespace}, token: a.token}
	r.report(t, r.config(t, nil), "", "")
	r.report(t, r.config(t, config.Map{"objects_exclude": "secrets"}), "", "get secrets, list secrets, watch secrets")
}

func oneRuleLess(t *testing.T, c *controlplane.Cluster, rules []permission.Rule) {
	r := newGrantee(t, c, "less")
	r.grant(t, "less", slices.DeleteFunc(slices.Clone(rules), func(r permission.Rule) bool { return slices.Contains(r.Groups, "batch") }))
	cfg := r.config(t, nil)
	missing := "get cronjobs.batch, list cronjobs.batch, watch cronjobs.batch, get jobs.batch, list jobs.batch, watch jobs.batch"
	r.report(t, cfg, missing, "")
	o := r.run(t, cfg)
	o.await(t, "line of what is missing", line("level=WARN", "permissions: missing", missing,
		`- {apiGroups: [batch], resources: [cronjobs, jobs], verbs: [get, list, watch]}`, r.account.Name))
	o.await(t, "monitor_status of what is missing", func(_ string, records []map[string]any) bool {
		return slices.ContainsFunc(records, func(rec map[string]any) bool {
			monitor, _ := rec["monitor"].(map[string]any)
			rights, _ := monitor["permissions"].(map[string]any)
			list, _ := rights["missing"].([]any)
			return rights["missing_count"] == 6.0 && len(list) == 6 && list[0] == "get cronjobs.batch"
		})
	})
	// What the log says is what helps.
	r.grant(t, "rest", (permission.Report{Missing: r.report(t, cfg, missing, "").Missing}).Add())
	r.report(t, cfg, "", "")
	o.await(t, "line that all is well", line("level=INFO", "permissions: as they should be"))
}

func moreThanNeeded(t *testing.T, r *grantee) {
	r.grant(t, "exec", []permission.Rule{{Groups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create"}}})
	r.grant(t, "own", []permission.Rule{{Groups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"update"}, Namespace: event.Namespace(r.account.Namespace)}})
	cfg := r.config(t, config.Map{"objects_exclude": "secrets"})
	report := r.report(t, cfg, "", "create pods/exec, get secrets, list secrets, watch secrets, update configmaps in namespace readers")
	if by := report.Excess[0].By; !strings.Contains(by, `ClusterRoleBinding "exec" of ClusterRole "exec"`) {
		t.Errorf("granted by %q", by)
	}
	if by := report.Excess[4].By; !strings.Contains(by, `RoleBinding "own/readers" of Role "own"`) {
		t.Errorf("granted by %q", by)
	}
	o := r.run(t, cfg)
	o.await(t, "line of what is too much", line("level=WARN", "permissions: more than needed", "create pods/exec", `ClusterRoleBinding \"exec\"`))
	o.await(t, "line of Secrets", line("level=WARN", "permissions: more than needed", "get secrets, list secrets, watch secrets", "shows every credential"))
}

// permissionsInOneNamespace has Roles do.
func permissionsInOneNamespace(t *testing.T, c *controlplane.Cluster) {
	r := newGrantee(t, c, "narrow")
	cfg := r.config(t, config.Map{"kube_namespace": "default"})
	needs, err := pipeline.NeededPermissions(t.Context(), r.access(t, cfg), cfg)
	if err != nil {
		t.Fatal(err)
	}
	rules := needs.Rules()
	for i := range rules {
		if rules[i].Namespace == "" {
			// A Role in kube-system will do for reading that namespace itself.
			rules[i].Namespace = "kube-system"
		}
	}
	r.grant(t, "narrow", rules)
	r.report(t, cfg, "", "")
	o := r.run(t, cfg)
	o.await(t, "kinds that are all watched", func(_ string, records []map[string]any) bool {
		return slices.ContainsFunc(records, func(rec map[string]any) bool {
			monitor, _ := rec["monitor"].(map[string]any)
			objects, _ := monitor["objects"].(map[string]any)
			return objects["troubled"] == nil && objects["kinds"] != 0.0 && objects["kinds"] != nil && objects["kinds"] == objects["synced"]
		})
	})
}

func allPermissions(t *testing.T, c *controlplane.Cluster) {
	r := newGrantee(t, c, "admin")
	_, err := c.Client().RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "too-much"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: r.account.Name, Namespace: r.account.Namespace}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	report := r.report(t, r.config(t, nil), "", "do anything with any resource")
	if report.Requests > 20 || !strings.Contains(report.Excess[0].By, `ClusterRoleBinding "too-much"`) {
		t.Errorf("%d requests, granted by %q", report.Requests, report.Excess[0].By)
	}
}
