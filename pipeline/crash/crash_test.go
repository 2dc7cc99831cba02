package crash

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const payload = "hunter2-s3crets3cret"

// TestRunTellsNoContent has a process end by a panic in a goroutine.
func TestRunTellsNoContent(t *testing.T) {
	if os.Getenv("CRASH") != "" {
		done := make(chan struct{})
		go func() {
			defer close(done)
			Run(func() { panic(fmt.Errorf("cannot read %q", payload)) })
		}()
		<-done
		return
	}
	for _, traceback := range []string{"single", "system"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunTellsNoContent$")
		cmd.Env = append(os.Environ(), "CRASH=1", "GOTRACEBACK="+traceback)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Fatal("the process did not end")
		}
		text := string(out)
		if strings.Contains(text, payload) || !strings.Contains(text, "panic: please report this: a value of type *fmt.wrapError") &&
			!strings.Contains(text, "panic: please report this: a value of type *errors.errorString") && !strings.Contains(text, "a value of type *fmt.") {
			t.Errorf("%s: it said\n%s", traceback, text)
		}
		if !strings.Contains(text, "crash.TestRunTellsNoContent") {
			t.Errorf("%s: it does not say where", traceback)
		}
	}
}

func TestRunWithoutPanic(t *testing.T) {
	n := 0
	Run(func() { n++ })
	if n != 1 {
		t.Errorf("called %d times", n)
	}
}
