package e2e

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/fluent-live/live-status/test/controlplane"
)

// The kinds that cannot be watched, and where they are asked for.
const (
	forbiddenKind, forbiddenPath = "poddisruptionbudgets.policy", "/apis/policy/v1/poddisruptionbudgets"
	brokenKind, brokenPath       = "breakers.broken.example.com", "/apis/broken.example.com/v2/breakers"
)

// A kind that may not be read, one that fails because its conversion webhook does,
// and a server that closes every watch each second disturb no other kind: nothing
// is listed again, and what happens is tied to its application.
func TestAFailingKindDisturbsNoOther(t *testing.T) {
	c := cluster(t)
	if err := c.Apply(t.Context(), []byte(manifest(t, "../broken-kind.yaml"))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), nil, "wait", "--for=condition=Established", "crd/"+brokenKind, "--timeout=60s"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), strings.NewReader(manifest(t, "../broken-instance.yaml")), "create", "--validate=false", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), nil, "get", "--raw", brokenPath); err == nil {
		t.Fatal("the kind that is to be broken can be listed")
	}
	acc := allBut(t, c, forbiddenKind)
	eachHost(t, func(t *testing.T, h host) {
		proxy := newImpatient(t, c)
		r := newRun(t, h)
		options := acc.options(filepath.Join(r.dir, "cursor.db"))
		maps.Copy(options, map[string]string{
			"kube_url": proxy.url, "kube_ca_file": proxy.caFile, "monitor_interval": "1s", "correlate_wait": "10s",
		})
		r.inputs = append(r.inputs, options)
		r.configure(t)
		records := &reader{path: r.out}
		p := r.start(t)
		var troubled []trouble
		eventually(t, time.Minute, "all kinds but two are watched, and these are named", func() bool {
			reports := records.of(t, "monitor_status")
			if len(reports) == 0 {
				return false
			}
			o := reports[len(reports)-1].Monitor.Objects
			troubled = o.Troubled
			return len(o.Troubled) == 2 && o.Synced > 0 && o.Synced == o.Kinds-2
		})
		before := proxy.counts()

		// Each of the paths is closed several times more, and something happens
		// in between.
		var workloads []string
		eventually(t, 2*time.Minute, "every watch was closed eight times", func() bool {
			name := fmt.Sprintf("w%d", len(workloads))
			workload(t, c.Client(), "disturbed-"+h.name, name)
			workloads = append(workloads, name)
			time.Sleep(200 * time.Millisecond)
			return !slices.ContainsFunc(watched(before), func(path string) bool {
				return proxy.counts()[path].rest < before[path].rest+8
			})
		})
		eventually(t, time.Minute, "the events", func() bool { return len(inNamespace(records.events(t), "disturbed-"+h.name)) == len(workloads) })
		after := proxy.counts()
		p.terminate(t)

		for _, rec := range inNamespace(records.events(t), "disturbed-"+h.name) {
			name, _, _ := strings.Cut(rec.Object.Name, "-")
			want := application{tool: "labels", namespace: "disturbed-" + h.name, name: name}
			if rec.application() != want || rec.Correlation != "matched" {
				t.Errorf("the event of pod %s is tied to %v (%s), want %v", rec.Object.Name, rec.application(), rec.Correlation, want)
			}
		}
		for _, path := range watched(before) {
			if more := after[path].whole - before[path].whole; more > 0 {
				t.Errorf("%s was listed %d times more", path, more)
			}
		}
		// Once more soon, since rights come late on a server that has just started.
		if n := after[forbiddenPath].whole; n > 2 {
			t.Errorf("what is forbidden was asked for %d times", n)
		}
		want := map[string]string{forbiddenKind: "forbidden", brokenKind: "backing_off"}
		for _, kind := range troubled {
			if kind.State != want[kind.Resource] || kind.Error == "" {
				t.Errorf("%s is said to be %s (%q), want %s and why", kind.Resource, kind.State, kind.Error, want[kind.Resource])
			}
		}
		// The source says what is not watched, the comparison of rights which rule to add.
		said := map[string]int{}
		for line := range strings.Lines(r.logged(t)) {
			if strings.Contains(line, forbiddenKind) {
				_, message, _ := strings.Cut(line, "live_status.0] ")
				stage, _, _ := strings.Cut(message, ":")
				said[stage]++
			}
		}
		if said["objects"] != 1 || said["permissions"] > 1 || len(said) > 2 {
			t.Errorf("lines of the log that name %s: %v, want one of objects and at most one of permissions", forbiddenKind, said)
		}
		t.Logf("%d pods; %d paths watched, each closed eight times and more; %s was asked for %d times, %s %d times", len(workloads),
			len(watched(before)), brokenKind, after[brokenPath].whole, forbiddenKind, after[forbiddenPath].whole)
	})
}

// watched are the paths that are watched.
func watched(counts map[string]asked) []string {
	var paths []string
	for path, a := range counts {
		if path != brokenPath && path != forbiddenPath && a.rest > 0 {
			paths = append(paths, path)
		}
	}
	return paths
}

func inNamespace(events []record, namespace string) []record {
	return slices.DeleteFunc(events, func(rec record) bool { return rec.Event.Namespace != namespace })
}

// allBut makes an account that may read every kind but one.
func allBut(t testing.TB, c *controlplane.Cluster, forbidden string) *account {
	t.Helper()
	lists, err := c.Client().Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "all-but-one"}}
	for _, list := range lists {
		group, _, ok := strings.Cut(list.GroupVersion, "/")
		if !ok {
			group = ""
		}
		for _, r := range list.APIResources {
			if strings.Trim(r.Name+"."+group, ".") != forbidden {
				role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{r.Name}, Verbs: []string{"get", "list", "watch"}})
			}
		}
	}
	acc := newAccount(t, c)
	// What is documented would allow the one kind.
	if err := c.Client().RbacV1().ClusterRoleBindings().Delete(t.Context(), accountName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client().RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: accountName, Namespace: accountNamespace}},
	}
	if _, err := c.Client().RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return acc
}

// workload creates what a Deployment and its controllers would, of which the
// Deployment alone says to which application it belongs, and an event of its pod
// just then.
func workload(t testing.TB, client kubernetes.Interface, namespace, name string) {
	t.Helper()
	ctx := t.Context()
	if name == "w0" {
		if _, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		// Its controller does not run here.
		if _, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	selector := map[string]string{"pods-of": name}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: selector},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "registry.example/app:1"}}},
	}
	d, err := client.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/part-of": name}},
		Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: selector}, Template: template},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rs, err := client.AppsV1().ReplicaSets(namespace).Create(ctx, &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: name + "-6c9f7d5b8", Labels: selector,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
		},
		Spec: appsv1.ReplicaSetSpec{Selector: &metav1.LabelSelector{MatchLabels: selector}, Template: template},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := client.CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: rs.Name + "-x2x7k", Labels: selector,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))},
		},
		Spec: template.Spec,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ev := newEvent(namespace, pod.Name, 0)
	ev.InvolvedObject = corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID}
	if _, err := client.CoreV1().Events(namespace).Create(ctx, ev, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
