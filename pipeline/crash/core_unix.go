//go:build unix && !linux

package crash

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// DisableCoreDumps sees to it that this process leaves no core dump: its memory
// holds what was not redacted. It lowers the soft limit to 0, which the host and
// the programs that it starts have in common.
func DisableCoreDumps() error {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_CORE, &limit)
	if err == nil {
		limit.Cur = 0
		err = unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	}
	if err != nil {
		return fmt.Errorf("disable core dumps: %w", err)
	}
	return nil
}
