package cursor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/sys/unix"
)

const (
	lockSuffix = ".lock"
	// holderMax bounds what is believed of a lock file's text, in bytes.
	holderMax = 300
	// linksMax is the number of symbolic links that Linux follows in a path.
	linksMax = 40
)

// resolve returns the one name under which a file is locked, whatever relative
// path or symbolic links it was named by. The file need not exist, its
// directory must.
func resolve(path string) (string, error) {
	name, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for range linksMax {
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return "", err
		}
		name = filepath.Join(dir, filepath.Base(name))
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return name, nil
		}
		target, err := os.Readlink(name)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		name = target
	}
	return "", &os.PathError{Op: "resolve", Path: path, Err: syscall.ELOOP}
}

// lock is a lock held through a file beside the database. The kernel gives it
// back when the process dies. The file stays: removing it would let a second
// process lock a file that a third no longer finds.
type lock struct {
	file *os.File
}

// acquire locks the database at path. When someone else has it, the error is
// of kind Held and says who.
func acquire(of Database, path string, by owner) (*lock, error) {
	name := path + lockSuffix
	// Not through a link: whoever may create one beside the database could
	// have us write into any file.
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		kind := Unwritable
		if noSpace(err) {
			kind = Full
		}
		return nil, &Error{Database: of, Path: path, Kind: kind, Err: fmt.Errorf("lock: %w", err)}
	}
	err = flock(file)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = &Error{Database: of, Path: path, Kind: Held, Err: errors.New(readHolder(file) + "; give every instance a file of its own")}
	} else if err != nil {
		err = &Error{Database: of, Path: path, Kind: IO, Err: fmt.Errorf("lock %s: %w", name, err)}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l := &lock{file: file}
	if err := l.sign(by.holder, by.since); err != nil {
		// The lock holds without a text; only its reader is worse off.
		by.logger.Warn("cannot write who holds the "+of.layout().short, "path", name, "error", err)
	}
	return l, nil
}

func flock(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sign writes into the lock file who holds it.
func (l *lock) sign(holder string, since time.Time) error {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown host"
	}
	if holder == "" {
		holder = filepath.Base(os.Args[0])
	}
	line := fmt.Sprintf("pid %d on %s: %s, since %s",
		os.Getpid(), host, plain(holder), since.UTC().Format(time.RFC3339))
	// The text before is overwritten and then cut, never cut first: a reader
	// in between finds a name.
	if _, err := l.file.WriteAt([]byte(line+"\n"), 0); err != nil {
		return err
	}
	return l.file.Truncate(int64(len(line) + 1))
}

// readHolder returns the text of a lock file that someone else has locked.
func readHolder(file *os.File) string {
	buf := make([]byte, holderMax)
	n, err := file.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "a process that cannot be named: " + err.Error()
	}
	line, _, _ := strings.Cut(string(buf[:n]), "\n")
	if line = plain(line); line == "" {
		return "a process that has not given its name"
	}
	return line
}

// plain returns s fit for a line of a log.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// release gives the lock back. The text is removed with it, so that it never
// names one who is gone in good order.
func (l *lock) release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}
