package auditfile

import (
	"io/fs"
	"syscall"
)

// inode identifies a file for as long as it exists; its number is given to
// another file afterwards.
type inode struct{ dev, ino uint64 }

func inodeOf(info fs.FileInfo) inode {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return inode{}
	}
	return inode{dev: uint64(st.Dev), ino: st.Ino} //nolint:unconvert // The type differs between systems.
}

// openFlags keep a FIFO that was put in a file's place from blocking the open.
const openFlags = syscall.O_NONBLOCK | syscall.O_CLOEXEC
