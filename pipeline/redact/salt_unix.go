//go:build unix

package redact

import (
	"fmt"
	"io/fs"
	"syscall"
)

// checkOwner refuses a file that belongs to anyone but the user euid and root,
// to whom the files of mounted Kubernetes Secrets belong: who owns the salt
// knows it, and can exchange it.
func checkOwner(st fs.FileInfo, euid int) error {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || sys.Uid == 0 || int64(sys.Uid) == int64(euid) {
		return nil
	}
	return fmt.Errorf("it belongs to uid %d, and neither to uid %d, as which this process runs, nor to root: make sure that it is the one you made, then chown it to %d", sys.Uid, euid, euid)
}

// mountedForGroup reports whether a file belongs to root while the user is another one,
// and its group may read it, and nobody else anything.
func mountedForGroup(st fs.FileInfo, euid int) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && sys.Uid == 0 && euid != 0 && st.Mode().Perm()&0o027 == 0
}
