package controlplane

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell starts a script as a component would be: the name goes before it.
func shell(t *testing.T, script string) *process {
	t.Helper()
	env, err := exec.LookPath("env")
	if err != nil {
		t.Skip("no env command")
	}
	dir := t.TempDir()
	p, err := startProcess(env, "sh", dir, filepath.Join(dir, "log"), []string{"-c", script})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(syscall.SIGKILL, time.Second); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestProcessThatEndsTooEarly(t *testing.T) {
	p := shell(t, "echo 'cannot bind'; exit 3")
	err := p.waitReady(t.Context(), func(context.Context) error { return errors.New("no answer yet") })
	if err == nil || !strings.Contains(err.Error(), "sh ended (exit status 3)") || !strings.Contains(err.Error(), "cannot bind") {
		t.Errorf("got %v", err)
	}
}

func TestProcessThatIsNeverReady(t *testing.T) {
	p := shell(t, "echo thinking; sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := p.waitReady(ctx, func(context.Context) error { return errors.New("503") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"503", "thinking"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestProcessThatIgnoresTERM(t *testing.T) {
	p := shell(t, `trap "" TERM; echo ready; while :; do sleep 1; done`)
	if err := p.waitReady(t.Context(), func(context.Context) error {
		if p.logTail() != "ready" {
			return errors.New("not yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(syscall.SIGTERM, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if p.running() || p.exit == nil || p.exit.Error() != "signal: killed" {
		t.Errorf("ended with %v, want signal: killed", p.exit)
	}
}

func TestProcessThatDoesNotExist(t *testing.T) {
	dir := t.TempDir()
	_, err := startProcess(filepath.Join(dir, "nothing"), "etcd", dir, filepath.Join(dir, "log"), nil)
	if err == nil || !strings.Contains(err.Error(), "start etcd") {
		t.Errorf("got %v", err)
	}
}
