package emit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lineFile is a file of JSON Lines that is only ever appended to. What it says is
// written is on disk, and it leaves no half line: what fails is cut off again, and
// what a crash left is cut off when the file is opened.
//
// Such a rest is cut and not ended by a newline: it belongs to what was never
// acknowledged and therefore comes again, and half a record would be a line that
// no reader can parse. Who reads whole lines has not seen it; who has read half of
// it goes on where it was, because the same bytes follow.
type lineFile struct {
	// option is the name of the option that path comes from, for errors.
	option, path string
	logger       *slog.Logger
	// file is nil where it has to be opened.
	file *os.File
}

// errForeign is returned for a file that something else has written.
var errForeign = errors.New("it does not end in a newline, and what it ends in is no JSON object: is it the right file?")

// openTries is how often a file is opened that others rename at the same time.
const openTries = 5

// openLineFile opens or creates the file. Nobody but its owner may read a new one:
// records are redacted, but name what there is in a cluster and who did what.
func openLineFile(option, path string, logger *slog.Logger) (*lineFile, error) {
	if path == "" {
		return nil, fmt.Errorf("%s names no file", option)
	}
	// A later change of the working directory must not change which file it is.
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	l := &lineFile{option: option, path: abs, logger: logger}
	if err := l.ready(); err != nil {
		return nil, err
	}
	return l, nil
}

// ready opens the file where it is not open, or another is by now under its name:
// somebody has rotated or removed it.
func (l *lineFile) ready() error {
	if l.file != nil {
		current, err := l.current()
		if err != nil || current {
			return err
		}
		// Everything in it is on disk already.
		_ = l.close()
	}
	for range openTries {
		err := l.open()
		if err == nil {
			var current bool
			if current, err = l.current(); current {
				return l.mend()
			}
		}
		if err != nil {
			_ = l.close()
			return fmt.Errorf("%s: %w", l.option, err)
		}
		_ = l.close()
	}
	return fmt.Errorf("%s: open %s: somebody renames it again and again", l.option, l.path)
}

// current reports whether the open file is the one under its name.
func (l *lineFile) current() (bool, error) {
	mine, err := l.file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, named), err
}

func (l *lineFile) open() error {
	info, err := os.Lstat(l.path)
	if err == nil {
		err = regular(info, l.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Nothing that was put there in between is followed or waited for.
	const flags = os.O_RDWR | os.O_APPEND | os.O_CREATE | unix.O_NOFOLLOW | unix.O_NONBLOCK
	l.file, err = os.OpenFile(l.path, flags, 0o600)
	if err != nil {
		return err
	}
	if info, err = l.file.Stat(); err != nil {
		return err
	}
	if err := regular(info, l.path); err != nil {
		return err
	}
	// The half line of somebody who is still writing must not be cut off.
	err = unix.Flock(int(l.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("open %s: it is in use already: give every instance a file of its own", l.path)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.path, err)
	}
	return syncFolder(l.path)
}

// regular refuses what is no ordinary file.
func regular(info fs.FileInfo, path string) error {
	var what string
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		what = "a folder"
	case mode&fs.ModeSymlink != 0:
		what = "a symbolic link: name what it points to"
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	default:
		what = "a device"
	}
	return fmt.Errorf("open %s: it is no file, but %s", path, what)
}

// mend cuts off the half line that a crash left.
func (l *lineFile) mend() error {
	end, err := lastLine(l.file)
	var info fs.FileInfo
	if err == nil {
		info, err = l.file.Stat()
	}
	if err == nil && end < info.Size() {
		l.logger.Warn("cutting off half a line that was never acknowledged",
			"path", l.path, "bytes", info.Size()-end)
		if err = l.file.Truncate(end); err == nil {
			err = l.file.Sync()
		}
	}
	if err != nil {
		_ = l.close()
		return fmt.Errorf("%s: open %s: %w", l.option, l.path, err)
	}
	return nil
}

// lastLine returns where the last whole line of f ends. What follows must be the
// beginning of a record, or the zeros that a file system may have left of it.
func lastLine(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	var block [64 << 10]byte
	end := info.Size()
	for end > 0 {
		b := block[:min(end, int64(len(block)))]
		if _, err := f.ReadAt(b, end-int64(len(b))); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			end -= int64(len(b) - i - 1)
			break
		}
		end -= int64(len(b))
	}
	if end == info.Size() {
		return end, nil
	}
	first := block[:1]
	if _, err := f.ReadAt(first, end); err != nil {
		return 0, err
	}
	if first[0] != '{' && first[0] != 0 {
		return 0, errForeign
	}
	return end, nil
}

// append writes lines and returns once they are on disk. On error none of them is
// in the file, as far as that can be brought about.
func (l *lineFile) append(lines []byte) error {
	if err := l.ready(); err != nil {
		return err
	}
	info, err := l.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", l.option, err)
	}
	n, err := l.file.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err == nil {
		// Once this has failed the kernel may have forgotten what it could not write:
		// it is all written again.
		if err = l.file.Sync(); err == nil {
			return nil
		}
	}
	l.undo(info.Size())
	return fmt.Errorf("%s: %w", l.option, err)
}

// undo cuts the file back to the size it had. Where that fails, the next open cuts
// off a half line.
func (l *lineFile) undo(size int64) {
	// Another may have made it smaller; it must not grow.
	info, err := l.file.Stat()
	if err == nil && info.Size() > size {
		err = l.file.Truncate(size)
	}
	if err != nil {
		l.logger.Warn("cannot take back what could not be written whole", "path", l.path, "error", err)
	}
	_ = l.close()
}

// size returns how many bytes the file has.
func (l *lineFile) size() (int64, error) {
	info, err := l.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", l.option, err)
	}
	return info.Size(), nil
}

func (l *lineFile) close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// syncFolder makes sure that the names in the folder of path are on disk.
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = dir.Sync()
	// Some network file systems have no such thing.
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}
