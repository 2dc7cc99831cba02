package crash

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// coreLimit names the hard limit with which a process of this test starts.
const coreLimit = "CRASH_TEST_CORE_LIMIT"

// TestDisableCoreDumps changes the limits of processes of its own. That no dump is
// left is shown in plugin/host, by a host that crashes.
func TestDisableCoreDumps(t *testing.T) {
	if text, child := os.LookupEnv(coreLimit); child {
		if err := limitCores(text); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, hard := range []uint64{unix.RLIM_INFINITY, 1 << 20, 1, 0} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDisableCoreDumps$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", coreLimit, hard))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("hard limit %d: %v\n%s", hard, err, out)
		}
		t.Logf("hard limit %d: %s", hard, strings.SplitN(string(out), "\n", 2)[0])
	}
}

func limitCores(text string) error {
	var hard uint64
	if _, err := fmt.Sscan(text, &hard); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: hard, Max: hard}); err != nil {
		// Who may not raise its own limit has nothing to try here.
		fmt.Println("not tried:", err)
		return nil
	}
	for range 2 {
		err := DisableCoreDumps()
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
			return err
		}
		fmt.Println("limits", limit.Cur, limit.Max, "error", err)
		switch {
		case hard == 0 && limit.Cur == 0 && (err != nil) == isPiped():
			// Without the privilege it stays, which is enough where there is no pipe.
		case err != nil || limit.Cur != 1 || limit.Max != max(hard, 1):
			return fmt.Errorf("limits %d and %d after %d: %w", limit.Cur, limit.Max, hard, err)
		}
	}
	return nil
}
