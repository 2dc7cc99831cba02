package crash

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// DisableCoreDumps sees to it that this process leaves no core dump: its memory
// holds what was not redacted. It lowers the soft limit to 1 byte, which the host
// and the programs that it starts have in common; who wants to may raise it again.
//
// At 1, and not at 0, the kernel also starts no program that core_pattern pipes
// dumps to (core(5); do_coredump in fs/coredump.c), and no file can be as small. A
// hard limit of 0 leaves no way to say so but to the privileged; the error tells
// where dumps are then still piped.
func DisableCoreDumps() error {
	const nothing = 1
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("disable core dumps: %w", err)
	}
	if limit.Cur == nothing {
		return nil
	}
	hard := limit.Max
	limit.Cur, limit.Max = nothing, max(hard, nothing)
	err := unix.Setrlimit(unix.RLIMIT_CORE, &limit)
	if err != nil && hard == 0 && !isPiped() {
		// There are no files, and nothing else is asked for.
		return nil
	}
	if err != nil {
		return fmt.Errorf("disable core dumps: %w", err)
	}
	return nil
}

// isPiped reports whether dumps go to a program or may, where that cannot be read.
func isPiped() bool {
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	return err != nil || strings.HasPrefix(string(pattern), "|") || strings.HasPrefix(string(pattern), "@")
}
