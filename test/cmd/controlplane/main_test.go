package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "usage:"},
		{[]string{"down"}, 2, `unknown command "down"`},
		{[]string{"up", "--no-such-flag"}, 2, "flag provided but not defined"},
		{[]string{"up", "-h"}, 0, "-kubeconfig-out"},
		{[]string{"help"}, 0, "-kubeconfig-out"},
		{[]string{"up", "--nodes=-1"}, 1, "nodes must not be negative"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var out bytes.Buffer
			if code := run(t.Context(), test.args, &out, &out); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("printed %q, want %q in it", out.String(), test.want)
			}
		})
	}
}

// TestUp runs the command as a person would, and looks at the sample through the
// kubeconfig that it wrote.
func TestUp(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var stdout, stderr output
	ended := make(chan int, 1)
	go func() {
		args := []string{"up", "--kubeconfig-out", kubeconfig, "--state-dir", filepath.Join(t.TempDir(), "state")}
		ended <- run(ctx, args, &stdout, &stderr)
	}()

	eventually(t, time.Minute*30, &stderr, func() bool {
		select {
		case code := <-ended:
			t.Fatalf("ended with %d:\n%s", code, &stderr)
		default:
		}
		return strings.HasPrefix(stdout.String(), "export KUBECONFIG=")
	})
	client := connect(t, kubeconfig)

	eventually(t, time.Minute, &stderr, func() bool {
		web, err := client.AppsV1().Deployments("shop").Get(ctx, "web", metav1.GetOptions{})
		return err == nil && web.Status.AvailableReplicas == 3
	})
	want := map[string]bool{
		"Normal Scheduled": false, "Normal SuccessfulCreate": false, "Normal Started": false,
		"Warning Failed": false, "Normal BackOff": false,
	}
	repeated := false
	eventually(t, time.Minute, &stderr, func() bool {
		events, err := client.CoreV1().Events("shop").List(ctx, metav1.ListOptions{})
		if err != nil {
			return false
		}
		for _, event := range events.Items {
			want[event.Type+" "+event.Reason] = true
			repeated = repeated || event.Reason == "BackOff" && event.Count > 1
		}
		for _, seen := range want {
			if !seen {
				return false
			}
		}
		return repeated
	})
	checkout, err := client.AppsV1().Deployments("shop").Get(ctx, "checkout", metav1.GetOptions{})
	if err != nil || checkout.Status.AvailableReplicas != 0 {
		t.Errorf("deployment checkout: %v available, %v", checkout.Status.AvailableReplicas, err)
	}
	pods, err := client.CoreV1().Pods("shop").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=checkout"})
	if err != nil || len(pods.Items) != 1 {
		t.Fatalf("pods of checkout: %d, %v", len(pods.Items), err)
	}
	if status := pods.Items[0].Status; status.Phase != corev1.PodPending || status.ContainerStatuses[0].State.Waiting == nil {
		t.Errorf("pod of checkout: %+v", status)
	}

	interrupt()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d:\n%s", code, &stderr)
	}
	if _, err := os.Stat(kubeconfig); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig is still there: %v", err)
	}
}

func connect(t *testing.T, kubeconfig string) kubernetes.Interface {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(httpClient.CloseIdleConnections)
	client, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually asks ten times a second and shows what the command printed when it
// gives up.
func eventually(t *testing.T, within time.Duration, printed *output, done func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(within)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("gave up after %s; the command printed:\n%s", within, printed)
		}
	}
}

// output may be written and read at the same time.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
