package values

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// dataLink is the symbolic link that a kubelet exchanges to change all files of
// a volume at once. The files of one version stand in the folder it names, which
// is never changed, only removed; entries with dots like it are no values.
const (
	dataLink     = "..data"
	hiddenPrefix = ".."
)

// look is what can be told of a path without reading any content.
type look struct {
	// files are those to read, in the order of their names.
	files []file
	// folder says that each file is one value.
	folder bool
	// sum changes whenever a file does, as far as its metadata tells.
	sum [sha256.Size]byte
	// newest is when the last change was.
	newest time.Time
	// exposed is a file that everyone may read and that no kubelet made, and
	// unparsed one in a folder that looks as if it held variables.
	exposed, unparsed string
}

// file is one file to read.
type file struct {
	// name is that of the value in it, in a folder.
	name, path string
}

// settled reports whether a change after now will be seen. Times far ahead are
// those of another clock, and tell nothing.
func (l look) settled(now time.Time) bool {
	age := now.Sub(l.newest)
	return age > settling || age < -settling
}

// lookAt finds the files of a path.
func lookAt(path string) (look, error) {
	info, err := os.Stat(path)
	if err != nil {
		return look{}, err
	}
	l := look{folder: info.IsDir()}
	var facts []byte
	if l.folder {
		facts, err = l.list(path, "", nil)
	} else {
		facts, err = l.add(path, "", info, nil)
		if err == nil && info.Mode().Perm()&0o004 != 0 && !inVolume(path) {
			l.exposed = path
		}
	}
	if err != nil {
		return look{}, err
	}
	l.sum = sha256.Sum256(facts)
	return l, nil
}

// list adds the files of the folder at path, whose values are named with the
// prefix. Folders in a folder are listed, too, but no deeper.
func (l *look) list(path, prefix string, facts []byte) ([]byte, error) {
	dir, volume, err := resolve(path)
	if err != nil {
		return nil, err
	}
	facts = append(append(facts, dir...), 0)
	entries, err := readDir(dir, maxFiles-len(l.files))
	if err != nil {
		return nil, err
	}
	for _, name := range entries {
		at := filepath.Join(dir, name)
		info, err := os.Stat(at)
		if err != nil {
			return nil, err
		}
		switch {
		case info.IsDir() && prefix == "":
			facts, err = l.list(at, name+"/", facts)
		case info.IsDir():
			return nil, fmt.Errorf("%s is a folder in a folder in a folder: name the folder that it stands in by itself", at)
		default:
			facts, err = l.add(at, prefix+name, info, facts)
			if ext := filepath.Ext(name); !volume && (ext == ".env" || ext == ".json") {
				l.unparsed = at
			}
			if !volume && info.Mode().Perm()&0o004 != 0 {
				l.exposed = at
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return facts, nil
}

func (l *look) add(path, name string, info fs.FileInfo, facts []byte) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is neither a file nor a folder", path)
	}
	l.files = append(l.files, file{name: name, path: path})
	changed := info.ModTime()
	facts = append(append(facts, path...), 0)
	facts = binary.BigEndian.AppendUint64(facts, uint64(info.Size()))
	facts = binary.BigEndian.AppendUint64(facts, uint64(changed.UnixNano()))
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		facts = binary.BigEndian.AppendUint64(facts, uint64(st.Dev)) //nolint:unconvert // The type differs between systems.
		facts = binary.BigEndian.AppendUint64(facts, st.Ino)
		// Unlike the time of modification nobody can set this one.
		if at := statusChange(st); at.After(changed) {
			changed = at
		}
		facts = binary.BigEndian.AppendUint64(facts, uint64(statusChange(st).UnixNano()))
	}
	if changed.After(l.newest) {
		l.newest = changed
	}
	return facts, nil
}

// resolve returns the folder in which the files of path are: that of the present
// version if a kubelet made path.
func resolve(path string) (dir string, volume bool, err error) {
	target, err := os.Readlink(filepath.Join(path, dataLink))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EINVAL):
		return path, false, nil
	case err != nil:
		return "", false, err
	case filepath.IsAbs(target):
		return target, true, nil
	}
	return filepath.Join(path, target), true, nil
}

// inVolume reports whether a kubelet made the folder of path.
func inVolume(path string) bool {
	_, volume, err := resolve(filepath.Dir(path))
	return err == nil && volume
}

// readDir returns the names in dir in their order, up to most of them.
func readDir(dir string, most int) (names []string, err error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// It has a few entries besides: ..data and the versions. Whoever has more
	// of such has something else.
	all, err := f.Readdirnames(most + 16)
	if err != nil && len(all) == 0 {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	names = slices.DeleteFunc(all, func(n string) bool { return strings.HasPrefix(n, hiddenPrefix) })
	if len(names) > most || len(all) == most+16 {
		return nil, fmt.Errorf("%s has more than %d files: divide them, or use a dotenv or JSON file", dir, most)
	}
	slices.Sort(names)
	return names, nil
}
