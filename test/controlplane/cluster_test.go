package controlplane_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fluent-live/live-status/test/controlplane"
)

// start runs a control plane for one test and shows its logs when that fails.
func start(t *testing.T, opts controlplane.Options) *controlplane.Cluster {
	t.Helper()
	opts.Progress = testLog{t}
	opts.StateDir = t.TempDir()
	cluster, err := controlplane.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		select {
		case err := <-cluster.Failed():
			t.Errorf("a component ended by itself: %v", err)
		default:
		}
	})
	return cluster
}

type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(line), "\n"))
	return len(line), nil
}

func createEvent(ctx context.Context, t *testing.T, client kubernetes.Interface, name string) *corev1.Event {
	t.Helper()
	now := metav1.Now()
	created, err := client.CoreV1().Events("default").Create(ctx, &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Namespace: "default"},
		InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: "web-0", UID: "u1"},
		Reason:         "BackOff", Message: "Back-off restarting failed container", Type: corev1.EventTypeWarning,
		Source: corev1.EventSource{Component: "kubelet", Host: "node-1"},
		Count:  1, FirstTimestamp: now, LastTimestamp: now,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// TestCompactedVersionIsGone follows the life that end-to-end tests lead: an
// event, a compaction, an API server that is killed and one that is asked to
// end.
func TestCompactedVersionIsGone(t *testing.T) {
	cluster := start(t, controlplane.Options{})
	ctx := t.Context()
	client := cluster.Client()
	createEvent(ctx, t, client, "first")
	second := createEvent(ctx, t, client, "second")

	revision, err := cluster.Compact(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the newest event has version %s; compacted to %d", second.ResourceVersion, revision)
	if err := watchFrom(ctx, t, client, second.ResourceVersion); !apierrors.IsResourceExpired(err) {
		t.Errorf("watch from a compacted version: got %v, want 410 Expired", err)
	}

	for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		began := time.Now()
		if err := cluster.RestartAPIServer(ctx, how); err != nil {
			t.Fatal(err)
		}
		t.Logf("restart by %s took %s", how, time.Since(began).Round(time.Millisecond))
		if _, err := client.CoreV1().Events("default").Get(ctx, "second", metav1.GetOptions{}); err != nil {
			t.Errorf("read an event after a restart by %s: %v", how, err)
		}
	}
	if err := cluster.StartAPIServer(ctx); err == nil {
		t.Error("starting an API server that runs: got no error")
	}

	if err := cluster.StopAPIServer(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Events("default").Get(ctx, "second", metav1.GetOptions{}); err == nil {
		t.Error("read an event from a stopped API server: got no error")
	}
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.StartAPIServer(ctx); err == nil {
		t.Error("starting the API server of a stopped cluster: got no error")
	}
}

// watchFrom returns the first error that a watch gives, as a status or as a
// frame of the stream.
func watchFrom(ctx context.Context, t *testing.T, client kubernetes.Interface, version string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	stream, err := client.CoreV1().Events("default").Watch(ctx, metav1.ListOptions{ResourceVersion: version})
	if err != nil {
		return err
	}
	defer stream.Stop()
	frame, ok := <-stream.ResultChan()
	if !ok {
		return errors.New("the stream ended")
	}
	if frame.Type != watch.Error {
		return fmt.Errorf("got a frame of type %s", frame.Type)
	}
	return apierrors.FromObject(frame.Object)
}

func TestCredentials(t *testing.T) {
	cluster := start(t, controlplane.Options{
		Users: []controlplane.User{
			{Name: "alice", Token: "alice-token", Groups: []string{"devs", "on-call"}},
			{Name: "bob", Token: "bob-token"},
		},
	})
	ctx := t.Context()
	admin := cluster.Client()

	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "read-events"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"list"}}},
	}
	if _, err := admin.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "read-events"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{
			{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "devs"},
			{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "reader"},
		},
	}
	if _, err := admin.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}
	if _, err := admin.CoreV1().ServiceAccounts("default").Create(ctx, account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := cluster.ServiceAccountToken(ctx, "default", "reader", 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := cluster.KubeconfigFor("carol", "devs")
	if err != nil {
		t.Fatal(err)
	}
	carol, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	bearer := func(token string) *rest.Config {
		config := rest.AnonymousClientConfig(cluster.RESTConfig())
		config.BearerToken = token
		return config
	}

	tests := []struct {
		name   string
		config *rest.Config
		want   metav1.StatusReason
	}{
		{"administrator", cluster.RESTConfig(), ""},
		{"static token of an allowed group", bearer("alice-token"), ""},
		{"static token of nobody special", bearer("bob-token"), metav1.StatusReasonForbidden},
		{"unknown token", bearer("mallory-token"), metav1.StatusReasonUnauthorized},
		{"service account", bearer(token), ""},
		{"client certificate of an allowed group", carol, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := listEvents(ctx, t, test.config)
			if got := apierrors.ReasonForError(err); got != test.want || (err == nil) != (test.want == "") {
				t.Errorf("list events: got %v, want reason %q", err, test.want)
			}
		})
	}
}

func TestRotateServingCA(t *testing.T) {
	if testing.Short() {
		t.Skip("the API server takes up to a minute to read its new certificate")
	}
	cluster := start(t, controlplane.Options{})
	before := cluster.RESTConfig()
	if err := cluster.RotateServingCA(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := listEvents(t.Context(), t, cluster.RESTConfig()); err != nil {
		t.Errorf("trusting the new authority: %v", err)
	}
	if err := listEvents(t.Context(), t, before); err == nil {
		t.Error("trusting the old authority: got no error")
	}
	now, err := os.ReadFile(cluster.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(now, before.CAData) {
		t.Error("the CA file did not change")
	}
}

func listEvents(ctx context.Context, t *testing.T, config *rest.Config) error {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	defer httpClient.CloseIdleConnections()
	client, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CoreV1().Events("").List(ctx, metav1.ListOptions{Limit: 1})
	return err
}

// TestFailedStart shows that the reason is in the error, and that the parts
// which had started are gone.
func TestFailedStart(t *testing.T) {
	progress := &lines{}
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{
		Progress:       progress,
		APIServerFlags: []string{"--no-such-flag"},
	})
	if err == nil {
		t.Fatal(errors.Join(errors.New("started with an unknown flag"), cluster.Stop()))
	}
	for _, want := range []string{"kube-apiserver ended", "exit status 1", "unknown flag: --no-such-flag"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if !strings.Contains(progress.String(), "etcd ready") {
		t.Errorf("progress does not tell of etcd: %s", progress)
	}
}

func TestUnexpectedEnd(t *testing.T) {
	cluster := start(t, controlplane.Options{})
	if _, err := askInternals(t, cluster); err != nil {
		t.Fatal(err)
	}
	controlplane.KillComponent(cluster, "kube-apiserver")
	select {
	case err := <-cluster.Failed():
		if !strings.Contains(err.Error(), "kube-apiserver ended (signal: killed)") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody noticed that the API server ended")
	}
}

// askInternals reads a path that only authenticated users may.
func askInternals(t *testing.T, cluster *controlplane.Cluster) (string, error) {
	t.Helper()
	client, err := rest.HTTPClientFor(cluster.RESTConfig())
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	target, err := url.JoinPath(cluster.URL(), "/metrics")
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), errors.Join(err, response.Body.Close())
}

// lines collects what several goroutines write.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
