package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fluent-live/live-status/pipeline/check"
)

// The command of `helm test` finds all well with a running instance, under the account
// of the release.
func TestHelmTest(t *testing.T) {
	c := cluster(t)
	a := newAccount(t, c, "metrics-prometheus")
	i := newInstance(t, a.docs)
	i.reach(t, c.URL(), c.CAFile(), a.token)
	i.toStdout(t)
	p := i.start(t, pluginHost)
	args := i.testArguments(t, a.docs)
	var said struct{ Checks []check.Row }
	eventually(t, 90*time.Second, "no check fails", func() string {
		p.mustRun(t)
		cmd := exec.CommandContext(t.Context(), command, args...)
		cmd.Env = i.env
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		said.Checks = nil
		if json.Unmarshal(out, &said) != nil {
			t.Fatalf("%q: %v\n%s%s", args, err, out, complaints.String())
		}
		if err != nil {
			return string(out)
		}
		return ""
	})
	results := map[check.Name]check.Result{}
	for _, r := range said.Checks {
		if r.Result != check.OK || results[r.Check] == "" {
			results[r.Check] = r.Result
		}
	}
	for _, name := range []check.Name{check.Configuration, check.TLS, check.Identity, check.Permissions, check.Outputs, check.Instance} {
		if results[name] != check.OK {
			t.Errorf("%s is %s: %+v", name, results[name], said.Checks)
		}
	}
	if results[check.Cursor] != check.Skipped {
		t.Errorf("the running instance's cursor is %s", results[check.Cursor])
	}
	p.terminate(t)
}

// testArguments are those of the pod of `helm test`, which finds the instance here.
func (i *instance) testArguments(t *testing.T, docs []document) []string {
	t.Helper()
	for _, d := range docs {
		pod, ok := typed(t, d).(*corev1.Pod)
		if !ok || d.hook() != "test" {
			continue
		}
		container := pod.Spec.Containers[0]
		if got := filepath.Base(container.Command[0]); got != filepath.Base(command) {
			t.Fatalf("the pod runs %s", got)
		}
		moved := []string{"/fluent-bit/etc/conf/fluent-bit.yaml", i.path}
		for _, m := range container.VolumeMounts {
			if m.Name != "metrics-ca" {
				continue
			}
			for _, v := range pod.Spec.Volumes {
				if v.Name == m.Name {
					folder := filepath.Join(i.dir, m.Name)
					if err := os.MkdirAll(folder, 0o700); err != nil {
						t.Fatal(err)
					}
					for name, data := range content(t, docs, v) {
						i.write(t, filepath.Join(folder, name), string(data))
					}
					moved = append(moved, m.MountPath, folder)
				}
			}
		}
		at := fmt.Sprint(i.options(t)["metrics_listen"])
		move := strings.NewReplacer(moved...)
		var args []string
		for _, arg := range container.Args {
			if strings.HasPrefix(arg, "--instance=https://") {
				arg = "--instance=https://" + at
			}
			args = append(args, move.Replace(arg))
		}
		return append(args, "--format=json", "--timeout=20s")
	}
	t.Fatal("there is no pod for helm test")
	return nil
}
