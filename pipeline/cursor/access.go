package cursor

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	ownMode = 0o600
	// othersMode are the permissions of all but the owner.
	othersMode = 0o077
)

// protect takes from others what access they have to the files of a database,
// which must be ours. A spool that others would still have access to is
// refused: it holds Secrets as they were sent. What SQLite creates beside a
// file gets that file's mode, so this is about what was there before.
func protect(of Database, path string, log *slog.Logger) error {
	for _, suffix := range []string{"", logSuffix, "-shm", "-journal"} {
		name := path + suffix
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Mode().Perm()&othersMode == 0) {
			continue
		}
		if err == nil {
			err = tighten(name)
		}
		switch {
		case err == nil:
			log.Warn("others had access to the "+of.layout().short+": it was taken from them",
				"path", name, "mode", info.Mode().Perm().String())
		case of == SpoolFile:
			return &Error{Database: of, Path: path, Kind: Exposed, Err: fmt.Errorf("%s: %w", name, err)}
		default:
			log.Warn("others have access to the "+of.layout().short, "path", name, "error", err)
		}
	}
	return nil
}

// tighten gives a file the mode 0600.
func tighten(name string) (err error) {
	// Whatever takes the place of the file meanwhile is not meant.
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if uid := os.Geteuid(); !ok || int64(st.Uid) != int64(uid) {
		return fmt.Errorf("its mode is %04o and it does not belong to the user of this process (uid %d)", info.Mode().Perm(), uid)
	}
	if err := file.Chmod(ownMode); err != nil {
		return fmt.Errorf("its mode is %04o: %w", info.Mode().Perm(), err)
	}
	if info, err = file.Stat(); err != nil {
		return err
	}
	// Some file systems have one mode for all files and say nothing.
	if mode := info.Mode().Perm(); mode&othersMode != 0 {
		return fmt.Errorf("its mode stays %04o whatever is asked for", mode)
	}
	return nil
}
