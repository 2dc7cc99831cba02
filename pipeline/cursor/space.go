package cursor

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// probeBytes is more than SQLite ever asks for at once: its shared memory
// file grows by 32 KiB.
const probeBytes = 64 << 10

// noSpace reports whether err is one of the ways in which a system says that
// there is no room: a full disk, a quota or a limit of the process.
func noSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// roomOf returns how many bytes a file of the present size can still grow by,
// and how many there are in all: on its disk, or below the limit that this
// process has for its files. It is false where the disk does not say.
func roomOf(path string, present int64) (free, total int64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil || st.Blocks == 0 {
		return 0, 0, false
	}
	size := int64(st.Bsize) //nolint:unconvert // Other systems have another type.
	free, total = int64(st.Bavail)*size, int64(st.Blocks)*size
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err == nil && limit.Cur < uint64(total) {
		total = int64(limit.Cur)
		free = min(free, total-present)
	}
	return free, total, true
}

// outOfSpace finds out whether an I/O error of SQLite came from a lack of
// room. SQLite says "full" only for ENOSPC while writing; a quota, a limit on
// the size of files and a failed extension of its shared memory are plain I/O
// errors to it, and it keeps the system's error to itself.
func outOfSpace(path string, l *lock) bool {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err == nil {
		for _, suffix := range []string{"", logSuffix, "-journal"} {
			info, err := os.Stat(path + suffix)
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) {
					return false
				}
				continue
			}
			// The limit cuts a write short, so a file stands at it exactly or
			// less than the next write below.
			if uint64(info.Size())+probeBytes > limit.Cur {
				return true
			}
		}
	}
	return l != nil && l.cannotGrow()
}

// cannotGrow tries to write a few pages behind the text of the lock file,
// which lies on the same disk as the database, and takes them away again.
func (l *lock) cannotGrow() bool {
	info, err := l.file.Stat()
	if err != nil {
		return false
	}
	_, err = l.file.WriteAt(make([]byte, probeBytes), info.Size())
	if cut := l.file.Truncate(info.Size()); cut != nil {
		return false
	}
	return noSpace(err)
}
