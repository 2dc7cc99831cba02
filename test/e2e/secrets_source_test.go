package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// wantedSecrets is what pipeline/source/secrets asks for.
const wantedSecrets = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token"

// client is one with the account's token.
func (a *account) client(t testing.TB) kubernetes.Interface {
	t.Helper()
	token, err := os.ReadFile(a.token)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rest.AnonymousClientConfig(a.cluster.RESTConfig())
	cfg.BearerToken = strings.TrimSpace(string(token))
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestSecretsAreSelectedByType shows what the source of Secrets relies on: that
// the account may read them with conf/rbac-secrets.yaml and not without, that the
// server leaves out two types in lists and watches, and that no Secret changes its
// type.
func TestSecretsAreSelectedByType(t *testing.T) {
	c := cluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	admin := c.Client().CoreV1().Secrets(metav1.NamespaceDefault)
	create := func(name string, secretType corev1.SecretType) *corev1.Secret {
		t.Helper()
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: secretType, StringData: map[string]string{"password": "made up"}}
		if secretType == corev1.SecretTypeServiceAccountToken {
			s.Annotations = map[string]string{corev1.ServiceAccountNameKey: "default"}
		}
		s, err := admin.Create(ctx, s, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const helm = corev1.SecretType("helm.sh/release.v1")
	one := create("one", corev1.SecretTypeOpaque)
	create("release", helm)
	create("token", corev1.SecretTypeServiceAccountToken)

	acc := newAccount(t, c)
	secrets := acc.client(t).CoreV1().Secrets(metav1.NamespaceAll)
	if _, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: wantedSecrets}); !apierrors.IsForbidden(err) {
		t.Fatalf("without the right: %v", err)
	}
	secrets = newAccount(t, c, filepath.Join("..", "..", "conf", "rbac-secrets.yaml")).client(t).CoreV1().Secrets(metav1.NamespaceAll)
	var list *corev1.SecretList
	for {
		var err error
		if list, err = secrets.List(ctx, metav1.ListOptions{FieldSelector: wantedSecrets}); err == nil {
			break
		} else if !apierrors.IsForbidden(err) || ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(list.Items) != 1 || list.Items[0].Name != "one" || string(list.Items[0].Data["password"]) != "made up" {
		t.Errorf("listed %d Secrets: %v", len(list.Items), names(list.Items))
	}

	streamed := true
	w, err := secrets.Watch(ctx, metav1.ListOptions{
		FieldSelector: wantedSecrets, SendInitialEvents: &streamed,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	next := func() (watch.EventType, string) {
		t.Helper()
		for {
			select {
			case e, ok := <-w.ResultChan():
				if !ok {
					t.Fatal("the watch has ended")
				}
				s, ok := e.Object.(*corev1.Secret)
				if !ok {
					t.Fatalf("%s of %T", e.Type, e.Object)
				}
				if e.Type != watch.Bookmark || s.Annotations[metav1.InitialEventsAnnotationKey] == "true" {
					return e.Type, s.Name
				}
			case <-ctx.Done():
				t.Fatal("nothing came")
			}
		}
	}
	expect := func(want watch.EventType, wantName string) {
		t.Helper()
		if kind, name := next(); kind != want || name != wantName {
			t.Fatalf("%s of %q, want %s of %q", kind, name, want, wantName)
		}
	}
	expect(watch.Added, "one")
	expect(watch.Bookmark, "")
	create("release-2", helm)
	create("two", corev1.SecretTypeOpaque)
	began := time.Now()
	expect(watch.Added, "two")
	t.Logf("told %s after the answer", time.Since(began).Round(10*time.Microsecond))

	one.Type = helm
	if _, err := admin.Update(ctx, one, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("the type was changed: %v", err)
	}
	if err := admin.Delete(ctx, "one", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	expect(watch.Deleted, "one")
}

func names(secrets []corev1.Secret) []string {
	var all []string
	for _, s := range secrets {
		all = append(all, s.Name)
	}
	return all
}
