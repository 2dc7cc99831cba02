package health_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

func TestContainersAsEvidence(t *testing.T) {
	for file, want := range map[string][]string{
		"healthy":               nil,
		"healthy-after-restart": nil,
		"image-pull-back-off":   {"web waiting ImagePullBackOff 0 restarts"},
		"crash-loop":            {"web waiting CrashLoopBackOff 7 restarts", "web terminated Error exit 1 7 restarts, before"},
		"two-containers-crash": {
			"web waiting CrashLoopBackOff 7 restarts", "web terminated Error exit 1 7 restarts, before",
			"proxy waiting ImagePullBackOff 0 restarts",
		},
		"init-crash-loop": {
			"migrate waiting CrashLoopBackOff 3 restarts", "migrate terminated Error exit 2 3 restarts, before",
			"web waiting PodInitializing 0 restarts",
		},
		"not-ready-after-out-of-memory": {"web terminated OOMKilled exit 137 2 restarts, before"},
		"readiness-fails":               {"web running 0 restarts"},
		"container-creating":            {"web waiting ContainerCreating 0 restarts"},
		"failed-out-of-memory":          {"web terminated OOMKilled exit 137 0 restarts", "sidecar terminated Completed 0 restarts"},
		"failed-init":                   {"migrate terminated Error exit 2 0 restarts", "web waiting PodInitializing 0 restarts"},
		"evicted":                       nil,
		"many-containers": {
			"bad waiting CrashLoopBackOff 1 restarts", "bad terminated Error exit 1 1 restarts, before",
			"ended terminated Error exit 1 0 restarts", "slow waiting ContainerCreating 0 restarts", "c0 running 0 restarts",
		},
	} {
		t.Run(file, func(t *testing.T) {
			a, _ := health.Assess(load(t, "Pod", file))
			var got []string
			for _, c := range a.Containers {
				got = append(got, describe(c))
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func describe(c event.ContainerState) string {
	s := c.Name + " " + c.State
	if c.Reason != "" {
		s += " " + c.Reason
	}
	if c.ExitCode != 0 {
		s += fmt.Sprintf(" exit %d", c.ExitCode)
	}
	s += fmt.Sprintf(" %d restarts", c.Restarts)
	if c.Last {
		s += ", before"
	}
	return s
}

// The message of each of many containers is in that of the pod, which takes time
// that grows with their number and not with its square.
func TestThousandsOfContainers(t *testing.T) {
	const count = 20_000
	message := strings.Repeat("x", 200)
	var statuses []any
	for range count {
		statuses = append(statuses, map[string]any{
			"name":  "web",
			"state": map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff", "message": message}},
		})
	}
	pod := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"spec":   map[string]any{"restartPolicy": "Always"},
		"status": map[string]any{"phase": "Pending", "containerStatuses": statuses},
	}}
	began := time.Now()
	a, _ := health.Assess(pod)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if len(a.Containers) != 5 || len(a.Message) != count*(200+2)-2 {
		t.Errorf("%d containers, %d bytes", len(a.Containers), len(a.Message))
	}
}
