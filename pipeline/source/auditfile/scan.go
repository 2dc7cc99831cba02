package auditfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// found is a file that the path names.
type found struct {
	path    string
	id      inode
	size    int64
	mtime   time.Time
	symlink bool
}

// listing is what one look at the path brought.
type listing struct {
	files []found
	// problems are what kept from looking, by the path that is concerned; the
	// files in there, or the file itself, may still exist.
	problems map[string]error
	// moved is set when a file was not there any more after it had been listed.
	moved bool
}

func (l *listing) fail(path string, err error) {
	if gone(err) {
		return
	}
	if l.problems == nil {
		l.problems = make(map[string]error)
	}
	l.problems[path] = err
}

// blind reports whether it is unknown if a file still exists.
func (l *listing) blind(path string) bool {
	return l.problems[path] != nil || l.problems[filepath.Dir(path)] != nil
}

// gone reports whether an error says that there is nothing of that name. One
// that says that a parent is no directory means the same.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

const magicChars = `*?[\`

// look lists the files that the path names. A path that exists is taken as it
// is, whatever characters it consists of:
//
//   - a directory stands for the logs in it: files named .log, .json, .jsonl or
//     .ndjson and their backups, hidden ones left out;
//   - a file, or a name that nothing bears yet, stands for that file and its
//     backups in the same directory;
//   - else a pattern of path/filepath.Match stands for the files that match it.
//     Hidden ones do if the pattern's last part begins with a dot.
func look(path string) listing {
	var l listing
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		l.list(path, false, isLog)
	case err == nil && !info.Mode().IsRegular():
		l.fail(path, errors.New("it is not a regular file"))
	case err == nil || !strings.ContainsAny(path, magicChars):
		if err != nil {
			l.fail(path, err)
		}
		l.file(path)
	default:
		l.match(path)
	}
	return l
}

// file lists a log and its backups.
func (l *listing) file(path string) {
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		// Whoever may not list a directory may still open what is in it.
		l.stat(path, false)
		if len(l.files) == 0 {
			l.fail(filepath.Clean(dir), err)
		}
		return
	}
	for _, e := range entries {
		log, rotated := logOf(e.Name())
		if e.Name() == name || rotated && log == name {
			l.add(dir, e)
		}
	}
}

func (l *listing) match(pattern string) {
	dir, last := filepath.Split(pattern)
	dirs := []string{filepath.Clean(dir)}
	if strings.ContainsAny(dir, magicChars) {
		// New has tried the pattern, and it has no other error.
		dirs, _ = filepath.Glob(filepath.Clean(dir))
	}
	for _, d := range dirs {
		l.list(d, strings.HasPrefix(last, "."), func(name string) bool {
			ok, _ := filepath.Match(last, name)
			return ok
		})
	}
}

func (l *listing) list(dir string, hidden bool, wanted func(name string) bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.fail(filepath.Clean(dir), err)
	}
	for _, e := range entries {
		if wanted(e.Name()) && (hidden || !strings.HasPrefix(e.Name(), ".")) {
			l.add(dir, e)
		}
	}
}

func (l *listing) add(dir string, e fs.DirEntry) {
	if e.IsDir() {
		return
	}
	symlink := e.Type()&fs.ModeSymlink != 0
	if !l.stat(filepath.Join(dir, e.Name()), symlink) && !symlink {
		l.moved = true
	}
}

// stat adds a file if it is a regular one, or a link to one. It reports false
// if there is none of that name.
func (l *listing) stat(path string, symlink bool) bool {
	info, err := os.Stat(path)
	if err != nil {
		l.fail(path, err)
		return !gone(err)
	}
	if info.Mode().IsRegular() {
		l.files = append(l.files, found{
			path: path, id: inodeOf(info), size: info.Size(), mtime: info.ModTime(), symlink: symlink,
		})
	}
	return true
}

// advise says what a person can do about an error.
func advise(path string, err error) error {
	var cause string
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		// Its text repeats the path.
		cause = wrapped.Op + ": " + wrapped.Err.Error()
	} else {
		cause = err.Error()
	}
	_, foreign := errors.AsType[*foreignError](err)
	switch {
	case foreign:
		return err
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("cannot read %s: %s: let user %d read it; kube-apiserver writes its log for its own user only",
			path, cause, os.Geteuid())
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("cannot read %s: %s: raise the limit of open files", path, cause)
	}
	return fmt.Errorf("cannot read %s: %s", path, cause)
}
