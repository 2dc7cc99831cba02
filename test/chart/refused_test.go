package chart

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// writes are all verbs but those of reading.
var writes = []string{
	"create", "update", "patch", "delete", "deletecollection",
	"impersonate", "escalate", "bind", "approve", "sign", "use", "attest", "*",
}

// anyone may create these, by the role system:basic-user: they tell of oneself.
var anyone = []string{
	"create selfsubjectreviews.authentication.k8s.io",
	"create selfsubjectaccessreviews.authorization.k8s.io",
	"create selfsubjectrulesreviews.authorization.k8s.io",
}

// reviews are what the check of who scrapes needs. They write nothing.
var reviews = []string{"create tokenreviews.authentication.k8s.io", "create subjectaccessreviews.authorization.k8s.io"}

// With the plugin's token nothing can be written, and no Secret read that the
// profile does not say is: every verb on everything the API server serves is asked
// for, and some are tried.
func TestEverythingElseIsRefused(t *testing.T) {
	c := cluster(t)
	resources := servedResources(t, c.Client())
	for _, profile := range granted {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, c, profile)
			client, err := kubernetes.NewForConfig(asToken(c, a.token))
			if err != nil {
				t.Fatal(err)
			}
			allowed := slices.Clone(anyone)
			if a.values.Metrics.Enabled {
				allowed = append(allowed, reviews...)
			}
			var asked []authorizationv1.ResourceAttributes
			for _, r := range resources {
				for _, ns := range a.scopes(r.namespaced) {
					for _, verb := range writes {
						asked = append(asked, r.attributes(verb, ns))
					}
				}
			}
			// What is virtual is in no list of resources.
			for _, verb := range []string{"impersonate", "*"} {
				for _, resource := range []string{"users", "groups", "userextras/scopes", "uids"} {
					asked = append(asked, authorizationv1.ResourceAttributes{Verb: verb, Resource: resource, Group: "authentication.k8s.io"},
						authorizationv1.ResourceAttributes{Verb: verb, Resource: resource})
				}
			}
			got := allows(t, client, asked)
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, slices.Sorted(slices.Values(allowed))) {
				t.Errorf("of what writes it may %q, want %q", got, allowed)
			}
			a.checkReading(t, client, resources)
			a.tries(t, client)
		})
	}
}

// scopes are where rights are asked about: a right in all namespaces is one in each.
func (a *account) scopes(namespaced bool) []string {
	if !namespaced {
		return []string{""}
	}
	return []string{a.namespace, a.targets[0], "kube-system"}
}

// checkReading checks that Secrets are read by those profiles alone that say so, and
// namespaces alone that are named, where any are.
func (a *account) checkReading(t *testing.T, client kubernetes.Interface, resources []resource) {
	t.Helper()
	reading := []string{"get", "list", "watch"}
	ask := func(group, name, ns string) int {
		var asked []authorizationv1.ResourceAttributes
		for _, verb := range reading {
			asked = append(asked, authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: name, Namespace: ns})
		}
		return len(allows(t, client, asked))
	}
	want := 0
	if a.values.RBAC.HelmReleases || a.values.RBAC.RedactClusterSecrets {
		want = len(reading)
	}
	for _, ns := range []string{"", a.namespace, a.targets[0], "kube-system"} {
		if got := ask("", "secrets", ns); got != want {
			t.Errorf("of reading Secrets in %q %d of 3 verbs are allowed, want %d", ns, got, want)
		}
	}
	if len(a.values.TargetNamespaces) == 0 {
		return
	}
	for _, r := range resources {
		if strings.Contains(r.name, "/") {
			continue
		}
		for _, ns := range []string{"", a.namespace, elsewhere, "kube-system"} {
			if (r.namespaced || ns == "") && ask(r.group, r.name, ns) > 0 {
				t.Errorf("%s may be read in %q", r, ns)
			}
		}
	}
}

// tries does some of what must be refused.
func (a *account) tries(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	ctx, ns := t.Context(), a.targets[0]
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "intruder"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
	tries := map[string]func() error{
		"create a pod": func() error { _, err := client.CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{}); return err },
		"create a pod, as a trial": func() error {
			_, err := client.CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
			return err
		},
		"patch a deployment": func() error {
			_, err := client.AppsV1().Deployments(ns).Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":0}}`), metav1.PatchOptions{})
			return err
		},
		"scale a deployment": func() error {
			_, err := client.AppsV1().Deployments(ns).Patch(ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":0}}`), metav1.PatchOptions{}, "scale")
			return err
		},
		"delete a namespace": func() error { return client.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{}) },
		"delete all pods": func() error {
			return client.CoreV1().Pods(ns).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
		},
		"exec": func() error {
			return client.CoreV1().RESTClient().Post().AbsPath("/api/v1/namespaces/"+ns+"/pods/web/exec").Param("command", "id").Do(ctx).Error()
		},
		"exec by get": func() error {
			return client.CoreV1().RESTClient().Get().AbsPath("/api/v1/namespaces/"+ns+"/pods/web/exec").Param("command", "id").Do(ctx).Error()
		},
		"read a log": func() error { return client.CoreV1().Pods(ns).GetLogs("web", &corev1.PodLogOptions{}).Do(ctx).Error() },
		"ask for a token": func() error {
			return client.CoreV1().RESTClient().Post().AbsPath("/api/v1/namespaces/"+a.namespace+"/serviceaccounts/default/token").
				SetHeader("Content-Type", "application/json").Body([]byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}`)).Do(ctx).Error()
		},
		"proxy to a node": func() error {
			return client.CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes/node-0/proxy/pods").Do(ctx).Error()
		},
	}
	if !a.values.RBAC.HelmReleases && !a.values.RBAC.RedactClusterSecrets {
		tries["list Secrets"] = func() error { _, err := client.CoreV1().Secrets(ns).List(ctx, metav1.ListOptions{}); return err }
		tries["watch Secrets"] = func() error { _, err := client.CoreV1().Secrets("").Watch(ctx, metav1.ListOptions{}); return err }
	}
	for what, try := range tries {
		if err := try(); !apierrors.IsForbidden(err) {
			t.Errorf("to %s is not forbidden: %v", what, err)
		}
	}
}

// resource is one that the API server serves, with subresources pods/exec.
type resource struct {
	group, name string
	namespaced  bool
}

func (r resource) String() string {
	return schema.GroupResource{Group: r.group, Resource: r.name}.String()
}

func (r resource) attributes(verb, ns string) authorizationv1.ResourceAttributes {
	name, sub, _ := strings.Cut(r.name, "/")
	return authorizationv1.ResourceAttributes{Verb: verb, Group: r.group, Resource: name, Subresource: sub, Namespace: ns}
}

func servedResources(t *testing.T, admin kubernetes.Interface) []resource {
	t.Helper()
	_, lists, err := admin.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	found := map[resource]bool{}
	var out []resource
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			served := resource{gv.Group, r.Name, r.Namespaced}
			if !found[served] {
				found[served] = true
				out = append(out, served)
			}
		}
	}
	if len(out) < 100 || !found[resource{"", "pods/exec", true}] {
		t.Fatalf("only %d resources are served", len(out))
	}
	return out
}

// allows returns which of what is asked for the API server allows.
func allows(t *testing.T, client kubernetes.Interface, asked []authorizationv1.ResourceAttributes) []string {
	t.Helper()
	var (
		group   sync.WaitGroup
		mu      sync.Mutex
		allowed []string
		failure error
	)
	next := make(chan authorizationv1.ResourceAttributes)
	for range 8 {
		group.Go(func() {
			for attributes := range next {
				ok, err := may(t.Context(), client, attributes)
				mu.Lock()
				if err != nil {
					failure = err
				}
				if ok {
					allowed = append(allowed, described(attributes))
				}
				mu.Unlock()
			}
		})
	}
	for _, attributes := range asked {
		next <- attributes
	}
	close(next)
	group.Wait()
	if failure != nil {
		t.Fatal(failure)
	}
	return allowed
}

func described(a authorizationv1.ResourceAttributes) string {
	name := schema.GroupResource{Group: a.Group, Resource: a.Resource}.String()
	if a.Subresource != "" {
		name += "/" + a.Subresource
	}
	return a.Verb + " " + name
}

func may(ctx context.Context, client kubernetes.Interface, attributes authorizationv1.ResourceAttributes) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &attributes}}
	answer, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask for %s: %w", described(attributes), err)
	}
	return answer.Status.Allowed, nil
}
