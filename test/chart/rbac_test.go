package chart

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/kube"
	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/fluentbit"
)

// granted are the profiles whose rights differ.
var granted = []string{"default", "namespaced", "helm-secrets", "minimal-kinds", "metrics-prometheus", "redact-cluster-secrets"}

// elsewhere is a namespace that no profile names.
const elsewhere = "chart-elsewhere"

// helmRelease is deployed there by Helm, where a profile is to know of Helm's releases.
const helmRelease = "oven"

// account is the service account of a profile in a real cluster, with what the chart
// grants it and nothing else.
type account struct {
	cluster   *controlplane.Cluster
	values    values
	namespace string
	docs      []document
	token     string
	// targets are namespaces that it is to read.
	targets []string
}

func newAccount(t *testing.T, c *controlplane.Cluster, profile string) *account {
	t.Helper()
	a := &account{cluster: c, values: valuesOf(t, profile), namespace: "rbac-" + profile}
	namespace(t, c, a.namespace, "restricted", "")
	namespace(t, c, elsewhere, "", "")
	var args []string
	if profile != "minimal-kinds" {
		// As whoever has custom resources grants them: those of testdata/crds.yaml.
		args = []string{"--set", "kinds.apiGroups={monitoring.coreos.com,cert-manager.io}"}
	}
	a.docs = render(t, profile, a.namespace, args...)
	a.targets = a.values.TargetNamespaces
	if len(a.targets) == 0 {
		a.targets = []string{elsewhere}
	}
	for _, ns := range a.targets {
		namespace(t, c, ns, "restricted", "restricted")
		workload(t, c, ns)
	}
	workload(t, c, elsewhere)
	if a.values.RBAC.HelmReleases {
		// Without hooks and pods, which say nothing more of it.
		cmd := helm(t, c.Kubeconfig(), elsewhere).Command(t.Context(), "upgrade", "--install", helmRelease, filepath.Join("..", "e2e", "testdata", "oven"), "--set", "workload=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("helm upgrade: %v\n%s", err, out)
		}
	}
	apply := newApplier(t, c)
	for _, d := range released(a.docs) {
		switch d.object.GetKind() {
		case "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			if err := apply.apply(t, d, a.namespace); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	if a.token, err = c.ServiceAccountToken(ctx, a.namespace, podOf(t, a.docs).ServiceAccountName, time.Hour); err != nil {
		t.Fatal(err)
	}
	return a
}

// workload is an application that something can be told of.
func workload(t *testing.T, c *controlplane.Cluster, ns string) {
	t.Helper()
	labels := map[string]string{"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web"}
	_, err := c.Client().AppsV1().Deployments(ns).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					SecurityContext: &corev1.PodSecurityContext{
						RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
					},
					Containers: []corev1.Container{{
						Name: "web", Image: "web:1",
						SecurityContext: &corev1.SecurityContext{
							AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
						},
					}},
				},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// Under exactly the service account that the chart makes everything works that the
// profile switches on, and nothing is forbidden.
func TestGrantedIsEnough(t *testing.T) {
	c := cluster(t)
	hosts := map[string][]string{"plugin-host": {pluginHost}}
	if fluentbit.Path() == "" {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
	} else {
		hosts["fluent-bit"] = []string{fluentbit.Path()}
	}
	for _, profile := range granted {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, c, profile)
			for name, host := range hosts {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					i := newInstance(t, a.docs)
					i.reach(t, c.URL(), c.CAFile(), a.token)
					i.toStdout(t)
					a.works(t, i.start(t, host[0]))
				})
			}
		})
	}
}

// The chart grants what the plugin itself says that it needs, and nothing that it calls
// too much.
func TestGrantedIsWhatIsNeeded(t *testing.T) {
	c := cluster(t)
	for _, profile := range granted {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, c, profile)
			i := newInstance(t, a.docs)
			i.reach(t, c.URL(), c.CAFile(), a.token)
			cfg, err := config.Parse(i.options(t))
			if err != nil {
				t.Fatal(err)
			}
			access, err := kube.Load(cfg.Kube, kube.Options{UserAgent: "chart-test"})
			if err != nil {
				t.Fatal(err)
			}
			defer access.Close()
			report, err := pipeline.CheckPermissions(t.Context(), access, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range report.Missing {
				t.Errorf("missing: %+v", f)
			}
			for _, f := range report.Excess {
				t.Errorf("too much: %+v", f)
			}
		})
	}
}

// works waits for records of each type about what is to be read, and looks for
// complaints.
func (a *account) works(t *testing.T, p *process) {
	t.Helper()
	wanted := map[string]bool{}
	for _, ns := range a.targets {
		for _, kind := range []string{"event", "object_status", "application_status"} {
			wanted[kind+" of "+ns] = true
		}
	}
	if a.values.RBAC.HelmReleases {
		wanted[inSync] = true
	}
	eventually(t, 90*time.Second, "records of each type", func() string {
		p.mustRun(t)
		missing := maps.Clone(wanted)
		for _, r := range p.records(t) {
			delete(missing, r.Type+" of "+r.namespace())
			if r.Type == "object_status" && r.Object.Kind == "Service" && r.Object.Name == helmRelease && r.Sync == "In Sync" {
				delete(missing, inSync)
			}
		}
		return strings.Join(slices.Sorted(maps.Keys(missing)), ", ")
	})
	p.terminate(t)
	for line := range strings.Lines(p.logged(t)) {
		if strings.Contains(strings.ToLower(line), "forbidden") {
			t.Errorf("something is not granted: %s", line)
		}
	}
	if len(a.values.TargetNamespaces) > 0 {
		for _, r := range p.records(t) {
			if ns := r.namespace(); ns != "" && !slices.Contains(a.targets, ns) {
				t.Errorf("a record of type %s is of namespace %s", r.Type, ns)
			}
		}
	}
}

// inSync stands for what only Helm's releases, which are Secrets, can tell.
const inSync = "the sync of what Helm deployed"

// record is what the tests ask of a record.
type record struct {
	Type   string `json:"type"`
	Object struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"object"`
	Sync        string `json:"sync"`
	Application struct {
		Namespace string `json:"namespace"`
	} `json:"application"`
}

func (r record) namespace() string {
	if r.Object.Namespace != "" {
		return r.Object.Namespace
	}
	return r.Application.Namespace
}
