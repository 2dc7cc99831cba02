package check

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/fluent-live/live-status/pipeline/redact"
)

// unmade is a source of randomness from which nothing is made.
type unmade struct{}

func (unmade) Read([]byte) (int, error) { return 0, errNoRandom }

// salt looks at what hashes are keyed with.
func salt(_ context.Context, s *session) []Finding {
	path := s.Config.SaltFile
	if path == "" {
		return skipped("db and redact_salt_file are not set: a salt is made at every start, and hashes differ from one to the next")
	}
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writable(filepath.Dir(path)); err != nil {
			return failed("let this process write there, or mount a salt that live-status register has made", "%s does not exist, and cannot be made: %s", path, cause(err))
		}
		return okay("%s is made at the first start", path)
	}
	if err == nil {
		_, err = redact.LoadSalt(path, unmade{})
	}
	if err != nil {
		return failed("put the file back as it was; removing it makes new hashes of the same values", "%s", err)
	}
	exposed, err := redact.SaltExposed(path)
	if err != nil {
		return failed("let this process read it", "%s: %s", path, cause(err))
	}
	if exposed && !mounted(st) {
		return warned("chmod 600 it, or set defaultMode 0400 where it is a mounted Secret: who has the salt can guess hashed values",
			"%s: others than its owner can read it", path)
	}
	return okay("%s: readable, %d bytes", path, st.Size())
}

// mounted reports whether a file looks like that of a mounted Secret whose group is
// the pod's: it belongs to root, and others may not read it.
func mounted(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && sys.Uid == 0 && os.Geteuid() != 0 && st.Mode().Perm()&0o007 == 0
}
