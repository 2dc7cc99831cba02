package chart

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/helmcli"
)

// release is an installation with everything that is made once and kept: the Secret of
// the registration, a certificate for each listener and a token.
type release struct {
	cluster   *controlplane.Cluster
	helm      helmcli.CLI
	namespace string
}

// password is what the registration copies.
const password = "correct-horse-battery-staple"

func newRelease(t *testing.T, c *controlplane.Cluster, ns string) *release {
	t.Helper()
	namespace(t, c, ns, "restricted", "restricted")
	secrets := c.Client().CoreV1().Secrets(ns)
	for name, data := range map[string]string{"bootstrap": password, "theirs": "of-somebody-else"} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: map[string]string{"collector-token": data}}
		if _, err := secrets.Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return &release{cluster: c, helm: helm(t, c.Kubeconfig(), ns), namespace: ns}
}

func (r *release) command(ctx context.Context, verb, tag string, more ...string) *exec.Cmd {
	return r.helm.Command(ctx, append([]string{
		verb, r.namespace, chartDir, "--values", valuesFile("default"), "--set-string", "image.tag=" + tag,
		"--set", "registration.enabled=true,registration.credentialsSecret=bootstrap,registration.keys={collector-token}",
		"--set", "audit.webhook.enabled=true,audit.webhook.tls.generate=true,metrics.enabled=true",
	}, more...)...)
}

// kept are the Secrets of the release by name, but for Helm's own records.
func (r *release) kept(t *testing.T) map[string]map[string][]byte {
	t.Helper()
	list, err := r.cluster.Client().CoreV1().Secrets(r.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string][]byte{}
	for _, s := range list.Items {
		if s.Type != "helm.sh/release.v1" && s.Name != "bootstrap" && s.Name != "theirs" {
			out[s.Name] = s.Data
		}
	}
	return out
}

// hooks are what the registration leaves in the cluster.
func (r *release) hooks(t *testing.T) []string {
	t.Helper()
	out, err := r.cluster.Kubectl(t.Context(), nil, "get", "serviceaccounts,roles,rolebindings,jobs", "-n", r.namespace,
		"-l", "app.kubernetes.io/component=register", "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(out)
}

// A release is installed, upgraded and removed by Helm. While its registration runs, the
// very command of the Job is run with the very rights of the Job; afterwards these
// rights are gone. What is made once stays over an upgrade.
func TestInstallUpgradeUninstall(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	r := newRelease(t, c, "install")

	// A pod whose image cannot be pulled has Helm wait.
	installing := r.command(t.Context(), "install", "does-not-exist")
	said := make(chan string, 1)
	go func() {
		out, err := installing.CombinedOutput()
		if err != nil {
			said <- err.Error() + "\n" + string(out)
		}
		close(said)
	}()
	pod := r.registering(t, said)
	token, err := c.ServiceAccountToken(t.Context(), r.namespace, pod.Spec.ServiceAccountName, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(asToken(c, token))
	if err != nil {
		t.Fatal(err)
	}
	r.mayRegister(t, client)
	r.register(t, pod, token)
	r.succeed(t, pod)
	if text := <-said; text != "" {
		t.Fatalf("helm install: %s", text)
	}
	if left := r.hooks(t); len(left) > 0 {
		t.Errorf("of the registration stays %q", left)
	}
	eventually(t, time.Minute, "the token of the registration is refused", func() string {
		_, err := client.CoreV1().Secrets(r.namespace).Get(t.Context(), r.secret(), metav1.GetOptions{})
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			return ""
		}
		return "the Secret can be read with it"
	})

	before := r.kept(t)
	if len(before) < 4 {
		t.Errorf("the release has the Secrets %q", slices.Sorted(maps.Keys(before)))
	}
	provision(t, c, r.namespace)
	for _, tag := range []string{"1", "2"} {
		if out, err := r.command(t.Context(), "upgrade", tag).CombinedOutput(); err != nil {
			t.Fatalf("helm upgrade: %v\n%s", err, out)
		}
		if left := r.hooks(t); len(left) > 0 {
			t.Errorf("after an upgrade %q stays of the registration", left)
		}
		after := r.kept(t)
		for name, data := range before {
			if !maps.EqualFunc(data, after[name], slices.Equal[[]byte]) {
				t.Errorf("an upgrade changed the Secret %s", name)
			}
		}
	}
	r.uninstall(t)
}

func (r *release) secret() string { return r.namespace + "-live-status-registration" }

// registering waits for the pod of the registration.
func (r *release) registering(t *testing.T, said <-chan string) *corev1.Pod {
	t.Helper()
	var pod *corev1.Pod
	eventually(t, 90*time.Second, "the registration begins", func() string {
		select {
		case text := <-said:
			t.Fatalf("helm install ended: %s", text)
		default:
		}
		pods, err := r.cluster.Client().CoreV1().Pods(r.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: batchv1.JobNameLabel})
		if err != nil {
			return err.Error()
		}
		if len(pods.Items) == 0 {
			return "no pod" + troubles(t, r.cluster, r.namespace)
		}
		pod = &pods.Items[0]
		return ""
	})
	return pod
}

// mayRegister checks that the Job has the rights to the single Secret and no others.
func (r *release) mayRegister(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	verbs := append([]string{"get", "list", "watch"}, writes...)
	var all, named []string
	for _, served := range servedResources(t, r.cluster.Client()) {
		for _, verb := range verbs {
			for _, ns := range []string{r.namespace, "default"} {
				if !served.namespaced {
					ns = ""
				}
				attributes := served.attributes(verb, ns)
				if ok, err := may(t.Context(), client, attributes); err != nil {
					t.Fatal(err)
				} else if ok {
					all = append(all, described(attributes)+" in "+ns)
				}
				if served.name != "secrets" {
					continue
				}
				attributes.Name = r.secret()
				if ok, err := may(t.Context(), client, attributes); err != nil {
					t.Fatal(err)
				} else if ok {
					named = append(named, verb+" in "+ns)
				}
			}
		}
	}
	want := []string{"create secrets in " + r.namespace}
	for _, right := range anyone {
		want = append(want, right+" in ")
	}
	slices.Sort(all)
	slices.Sort(want)
	if all = slices.Compact(all); !slices.Equal(all, want) {
		t.Errorf("the registration may %q, want %q", all, want)
	}
	slices.Sort(named)
	in := " in " + r.namespace
	if want := []string{"create" + in, "get" + in, "list" + in, "update" + in}; !slices.Equal(named, want) {
		t.Errorf("with its Secret the registration may %q, want %q", named, want)
	}
}

// register runs what the Job would, as the Job.
func (r *release) register(t *testing.T, pod *corev1.Pod, token string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"token": token, "collector-token": password}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	container := pod.Spec.Containers[0]
	if got := filepath.Base(container.Command[0]); got != filepath.Base(command) {
		t.Fatalf("the Job runs %s", got)
	}
	access := []string{"--kube-url=" + r.cluster.URL(), "--kube-ca-file=" + r.cluster.CAFile(), "--kube-token-file=" + filepath.Join(dir, "token")}
	move := strings.NewReplacer("/etc/live-status/credentials", dir)
	args := slices.Clone(container.Args)
	for i := range args {
		args[i] = move.Replace(args[i])
	}
	run := func(args []string) (string, error) {
		out, err := exec.CommandContext(t.Context(), command, append(args, access...)...).CombinedOutput()
		for _, secret := range []string{password, token} {
			if strings.Contains(string(out), secret) {
				t.Errorf("a secret is shown: %s", out)
			}
		}
		return string(out), err
	}
	secrets := r.cluster.Client().CoreV1().Secrets(r.namespace)
	var former *corev1.Secret
	for _, want := range []string{"created: salt made; added collector-token", "is as it should be"} {
		out, err := run(args)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("register: %v, want %q\n%s", err, want, out)
		}
		s, err := secrets.Get(t.Context(), r.secret(), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Data["salt"]) < 32 || string(s.Data["collector-token"]) != password || s.Type != corev1.SecretTypeOpaque {
			t.Errorf("the Secret of type %s has the keys %q", s.Type, slices.Sorted(maps.Keys(s.Data)))
		}
		if former != nil && s.ResourceVersion != former.ResourceVersion {
			t.Error("it was written although nothing had changed")
		}
		former = s
	}
	// A third writes, with what it may do to this Secret.
	if out, err := run(append(slices.Clone(args), "--label=team=a")); err != nil || !strings.Contains(out, "labelled team") {
		t.Errorf("register: %v\n%s", err, out)
	}
	out, err := run([]string{"register", "--secret=theirs", "--namespace=" + r.namespace, "--salt", "--adopt"})
	if want := `{apiGroups: [""], resources: [secrets], resourceNames: [theirs], verbs: [get]}`; err == nil || !strings.Contains(out, want) {
		t.Errorf("another Secret: %v, want %s\n%s", err, want, out)
	}
}

// succeed has the pod of the Job end as one that did its work.
func (r *release) succeed(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	patch := []byte(`{"status":{"phase":"Succeeded"}}`)
	if _, err := r.cluster.Client().CoreV1().Pods(r.namespace).Patch(t.Context(), pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
}

// uninstall removes the release, of which nothing stays but the Secret with the salt.
func (r *release) uninstall(t *testing.T) {
	t.Helper()
	manifest, stderr, err := output(r.helm.Command(t.Context(), "get", "manifest", r.namespace))
	if err != nil {
		t.Fatalf("helm get manifest: %v\n%s", err, stderr)
	}
	if out, err := r.helm.Command(t.Context(), "uninstall", r.namespace, "--wait").CombinedOutput(); err != nil {
		t.Fatalf("helm uninstall: %v\n%s", err, out)
	}
	eventually(t, time.Minute, "everything of the release is gone", func() string {
		out, err := r.cluster.Kubectl(t.Context(), strings.NewReader(manifest), "get", "-n", r.namespace, "--ignore-not-found", "-o", "name", "-f", "-")
		if err != nil {
			return err.Error()
		}
		return strings.Join(strings.Fields(out), ", ")
	})
	if left := slices.Sorted(maps.Keys(r.kept(t))); !slices.Equal(left, []string{r.secret()}) {
		t.Errorf("the Secrets %q stay", left)
	}
}

// Where the registration fails, its rights are gone as well.
func TestFailedRegistrationKeepsNoRights(t *testing.T) {
	t.Parallel()
	r := newRelease(t, cluster(t), "install-fails")
	out, err := r.command(t.Context(), "install", "does-not-exist", "--set", "registration.timeoutSeconds=5").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "pre-install") {
		t.Fatalf("helm install: %v\n%s", err, out)
	}
	for _, left := range r.hooks(t) {
		if !strings.HasPrefix(left, "job.batch/") {
			t.Errorf("%s stays", left)
		}
	}
}
