package auditwebhook

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// file is a file and the option that names it.
type file struct{ option, path string }

// reloaded is a value made from files. What is in them is compared, not their
// times: Kubernetes changes a mounted Secret by turning a link.
type reloaded[T any] struct {
	files []file
	parse func(contents [][]byte) (*T, error)
	value atomic.Pointer[T]
	// tried is the digest of what was last seen, be it good or not.
	tried [sha256.Size]byte
	// broken is why what was last seen is not in use, and warned is when that
	// was last logged.
	broken error
	warned time.Time
}

// remindEvery is how often it is logged that files are still broken: whoever
// deleted one to revoke what is in it would otherwise take that for done.
const remindEvery = time.Hour

// renew loads what has changed and reports whether it is in use now. Files that
// are broken or gone leave the former value: a mounted Secret may flicker.
func (r *reloaded[T]) renew(now time.Time, logger *slog.Logger) bool {
	changed, err := r.load()
	switch {
	case err != nil:
		r.broken = err
	case changed:
		r.broken = nil
	}
	switch {
	case err != nil || r.broken != nil && now.Sub(r.warned) >= remindEvery:
		r.warned = now
		logger.Error("audit webhook: a changed file cannot be used; what was read before stays in use", "error", r.broken)
	case changed:
		logger.Info("audit webhook: a changed file is in use now", "option", r.files[0].option, "path", r.files[0].path)
	}
	return changed
}

// load makes a value of the files if they differ from what was last seen.
func (r *reloaded[T]) load() (changed bool, err error) {
	contents, digest, err := r.read()
	if digest == r.tried {
		return false, nil
	}
	value, err := r.make(contents, err)
	if err != nil {
		// The link may have been turned between the first file and the second.
		if contents, again, retried := r.read(); again != digest {
			digest = again
			value, err = r.make(contents, retried)
		}
	}
	r.tried = digest
	if err != nil {
		return false, err
	}
	r.value.Store(value)
	return true, nil
}

func (r *reloaded[T]) make(contents [][]byte, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	value, err := r.parse(contents)
	if err != nil {
		var names []string
		for _, f := range r.files {
			names = append(names, fmt.Sprintf("%s %q", f.option, f.path))
		}
		return nil, fmt.Errorf("read %s: %w", strings.Join(names, ", "), err)
	}
	return value, nil
}

func (r *reloaded[T]) read() (contents [][]byte, digest [sha256.Size]byte, err error) {
	all := sha256.New()
	for _, f := range r.files {
		content, err := readSmall(f.path)
		if err != nil {
			return nil, sha256.Sum256([]byte(err.Error())), fmt.Errorf("read %s %q: %w", f.option, f.path, err)
		}
		contents = append(contents, content)
		one := sha256.Sum256(content)
		all.Write(one[:])
	}
	return contents, [sha256.Size]byte(all.Sum(nil)), nil
}

// maxSmall is far beyond any certificate bundle.
const maxSmall = 4 << 20

// readSmall reads a regular file. Anything else might never end.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(content) > maxSmall {
		return nil, errors.New("it is larger than 4 MiB")
	}
	return content, nil
}

// bare takes the path from an error that is going to be wrapped with it.
func bare(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
