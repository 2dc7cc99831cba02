package chart

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/fluent-live/live-status/test/controlplane"
)

const controlPlaneLabel = "node-role.kubernetes.io/control-plane"

// furnish gives a cluster what the profiles take for granted: a node of the control
// plane, and the kinds of Prometheus Operator and cert-manager.
func furnish(ctx context.Context, c *controlplane.Cluster) error {
	crds, err := os.ReadFile(filepath.Join("testdata", "crds.yaml"))
	if err != nil {
		return err
	}
	if err := c.Apply(ctx, crds); err != nil {
		return err
	}
	if _, err := c.Kubectl(ctx, nil, "wait", "--for=condition=Established", "--timeout=120s", "crd", "--all"); err != nil {
		return err
	}
	nodes, err := c.Client().CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(nodes.Items) == 0 {
		return fmt.Errorf("the cluster has no nodes")
	}
	name := nodes.Items[0].Name
	if _, err := c.Kubectl(ctx, nil, "label", "node", name, controlPlaneLabel+"="); err != nil {
		return err
	}
	_, err = c.Kubectl(ctx, nil, "taint", "node", name, controlPlaneLabel+"=:NoSchedule")
	return err
}

// namespace makes a namespace in which pods are held to a level of Pod Security,
// and warned of what breaks another.
func namespace(t *testing.T, c *controlplane.Cluster, name, enforce, warn string) string {
	t.Helper()
	labels := map[string]string{}
	for mode, level := range map[string]string{"enforce": enforce, "warn": warn, "audit": warn} {
		if level != "" {
			labels["pod-security.kubernetes.io/"+mode] = level
		}
	}
	_, err := c.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return name
}

// applier writes objects as the administrator, and remembers what the API server
// warns of.
type applier struct {
	client dynamic.Interface
	mapper meta.RESTMapper

	mu       sync.Mutex
	warnings []string
}

// HandleWarningHeader takes a warning.
func (a *applier) HandleWarningHeader(_ int, _, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warnings = append(a.warnings, text)
}

// warned returns the warnings so far, and forgets them.
func (a *applier) warned() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.warnings
	a.warnings = nil
	return out
}

func newApplier(t *testing.T, c *controlplane.Cluster) *applier {
	t.Helper()
	a := &applier{}
	cfg := c.RESTConfig()
	cfg.WarningHandler = a
	var err error
	if a.client, err = dynamic.NewForConfig(cfg); err != nil {
		t.Fatal(err)
	}
	groups, err := restmapper.GetAPIGroupResources(discovery.NewDiscoveryClient(c.Client().Discovery().RESTClient()))
	if err != nil {
		t.Fatal(err)
	}
	a.mapper = restmapper.NewDiscoveryRESTMapper(groups)
	return a
}

// apply applies a document as `kubectl apply --server-side --validate=strict` does.
func (a *applier) apply(t *testing.T, d document, ns string, dry ...string) error {
	t.Helper()
	gvk := d.object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		t.Fatalf("%s: %v", d, err)
	}
	object := d.object.DeepCopy()
	var to dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if object.GetNamespace() != "" {
			ns = object.GetNamespace()
		}
		to = a.client.Resource(mapping.Resource).Namespace(ns)
	} else if object.GetNamespace() != "" {
		t.Errorf("%s is of no namespace, and names one", d)
	}
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	_, err = to.Patch(t.Context(), object.GetName(), types.ApplyPatchType, data, metav1.PatchOptions{
		FieldManager: "chart-test", Force: new(true), FieldValidation: metav1.FieldValidationStrict, DryRun: dry,
	})
	return err
}

// applyAll applies documents of which none may be refused or warned of.
func (a *applier) applyAll(t *testing.T, docs []document, ns string) {
	t.Helper()
	for _, d := range docs {
		if err := a.apply(t, d, ns); err != nil {
			t.Errorf("%s: %v", d, err)
		}
		for _, w := range a.warned() {
			t.Errorf("%s: the API server warns: %s", d, w)
		}
	}
}

// provision makes a volume for each claim of a namespace, as a storage class would.
func provision(t *testing.T, c *controlplane.Cluster, ns string) {
	t.Helper()
	claims, err := c.Client().CoreV1().PersistentVolumeClaims(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, claim := range claims.Items {
		class := ""
		if claim.Spec.StorageClassName != nil {
			class = *claim.Spec.StorageClassName
		}
		volume := &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: ns + "-" + claim.Name},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:         corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
				AccessModes:      claim.Spec.AccessModes,
				StorageClassName: class,
				ClaimRef:         &corev1.ObjectReference{Namespace: ns, Name: claim.Name},
				PersistentVolumeSource: corev1.PersistentVolumeSource{
					HostPath: &corev1.HostPathVolumeSource{Path: "/nowhere"},
				},
			},
		}
		if _, err := c.Client().CoreV1().PersistentVolumes().Create(t.Context(), volume, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
}

// running waits until the pods of a workload run; d is a Deployment or a DaemonSet.
func running(t *testing.T, c *controlplane.Cluster, d document, ns string) {
	t.Helper()
	eventually(t, 90*time.Second, d.String()+" runs", func() string {
		var ready, want int32
		switch d.object.GetKind() {
		case "Deployment":
			now, err := c.Client().AppsV1().Deployments(ns).Get(t.Context(), d.object.GetName(), metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			for _, condition := range now.Status.Conditions {
				if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
					t.Fatalf("%s: its pods are refused: %s", d, condition.Message)
				}
			}
			ready, want = now.Status.AvailableReplicas, 1
		case "DaemonSet":
			now, err := c.Client().AppsV1().DaemonSets(ns).Get(t.Context(), d.object.GetName(), metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			ready, want = now.Status.NumberReady, max(now.Status.DesiredNumberScheduled, 1)
		}
		if ready == want {
			return ""
		}
		return fmt.Sprintf("%d of %d pods are ready%s", ready, want, troubles(t, c, ns))
	})
}

// finished waits until a Job or a Pod has got as far as it gets on a fake node.
func finished(t *testing.T, c *controlplane.Cluster, d document, ns string) {
	t.Helper()
	eventually(t, 90*time.Second, d.String()+" runs", func() string {
		if d.object.GetKind() == "Job" {
			job, err := c.Client().BatchV1().Jobs(ns).Get(t.Context(), d.object.GetName(), metav1.GetOptions{})
			if err != nil {
				return err.Error()
			}
			if job.Status.Succeeded > 0 {
				return ""
			}
			return fmt.Sprintf("%+v%s", job.Status, troubles(t, c, ns))
		}
		pod, err := c.Client().CoreV1().Pods(ns).Get(t.Context(), d.object.GetName(), metav1.GetOptions{})
		if err != nil {
			return err.Error()
		}
		if pod.Status.Phase == corev1.PodRunning || pod.Status.Phase == corev1.PodSucceeded {
			return ""
		}
		return string(pod.Status.Phase) + troubles(t, c, ns)
	})
}

// troubles are the warnings among the events of a namespace.
func troubles(t *testing.T, c *controlplane.Cluster, ns string) string {
	t.Helper()
	events, err := c.Client().CoreV1().Events(ns).List(t.Context(), metav1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		return err.Error()
	}
	found := map[string]bool{}
	for _, e := range events.Items {
		found["\n"+e.Reason+" "+e.InvolvedObject.Name+": "+e.Message] = true
	}
	var b strings.Builder
	for text := range maps.Keys(found) {
		b.WriteString(text)
	}
	return b.String()
}

// asToken is access with a bearer token alone.
func asToken(c *controlplane.Cluster, token string) *rest.Config {
	admin := c.RESTConfig()
	return &rest.Config{
		Host: admin.Host, BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: admin.CAData},
	}
}
