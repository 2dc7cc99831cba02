package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/test/controlplane"
)

// account is a service account with the permissions that the project
// documents, and the token file a pod would have.
type account struct {
	cluster *controlplane.Cluster
	token   string
}

const accountName, accountNamespace = "live-status", "live-status"

// newAccount makes the account with the permissions of conf/rbac.yaml, and of
// more files where a test needs them.
func newAccount(t testing.TB, c *controlplane.Cluster, more ...string) *account {
	t.Helper()
	_, err := c.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: accountNamespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	for _, file := range append([]string{filepath.Join("..", "..", "conf", "rbac.yaml")}, more...) {
		manifests, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(t.Context(), manifests); err != nil {
			t.Fatal(err)
		}
	}
	a := &account{cluster: c, token: filepath.Join(t.TempDir(), "token")}
	a.issue(t)
	return a
}

// issue writes a new token, as a kubelet does: by a rename.
func (a *account) issue(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	token, err := a.cluster.ServiceAccountToken(ctx, accountNamespace, accountName, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	next := a.token + ".next"
	if err := os.WriteFile(next, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, a.token); err != nil {
		t.Fatal(err)
	}
}

// rotate makes every token issued so far invalid, by making the account anew,
// and writes a new one.
func (a *account) rotate(t testing.TB) {
	t.Helper()
	accounts := a.cluster.Client().CoreV1().ServiceAccounts(accountNamespace)
	if err := accounts.Delete(t.Context(), accountName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: accountName}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	a.issue(t)
}

// options are those of an input that reads the cluster with this account.
func (a *account) options(db string) map[string]string {
	return map[string]string{
		"kube_url": a.cluster.URL(), "kube_ca_file": a.cluster.CAFile(), "kube_token_file": a.token,
		"db": db, "cluster_name": "e2e", "monitor_interval": "5s",
	}
}

// That the documented permissions suffice is shown by every other test.
func TestDocumentedPermissionsAreReadOnly(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "conf", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for doc := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(doc, &role); err != nil {
			t.Fatal(err)
		}
		if role.Kind != "ClusterRole" {
			continue
		}
		found = true
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				if verb != "get" && verb != "list" && verb != "watch" {
					t.Errorf("%v may %s: the plugin is read-only", rule.Resources, verb)
				}
			}
		}
	}
	if !found {
		t.Error("no ClusterRole in conf/rbac.yaml")
	}
}
