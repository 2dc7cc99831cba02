package redact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Sizes of a salt in bytes.
const (
	// MinSalt is the least that is accepted, and what is created.
	MinSalt = 32
	// maxSalt keeps a file that is something else from being taken for a salt.
	maxSalt = 4096
)

// NewSalt returns a fresh salt, read from random.
func NewSalt(random io.Reader) ([]byte, error) {
	salt := make([]byte, MinSalt)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, fmt.Errorf("make salt: %w", err)
	}
	return salt, nil
}

// LoadSalt returns the salt kept in the file at path: its whole content, from
// 32 bytes to 4 KiB. Where there is no file it makes one of 32 bytes from
// random with permissions 0600; of several that do so at the same time all
// return the same salt. A file that is too short or too long, that others than
// its owner may write, or whose owner is neither this process's user nor root,
// is an error, and is never replaced. One that others may read is none, see
// SaltExposed.
func LoadSalt(path string, random io.Reader) ([]byte, error) {
	salt, err := readSalt(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return salt, err
	}
	if salt, err = NewSalt(random); err != nil {
		return nil, err
	}
	if err := createSalt(path, salt); err != nil {
		return nil, fmt.Errorf("create salt %s: %w", path, err)
	}
	// What is there now counts, whoever made it.
	return readSalt(path)
}

// SaltExposed reports whether others than its owner may read the salt file at
// path, or its group may write it: who knows the salt can test guesses of a hashed
// value. A file of root's that this process can read by its group alone is not
// exposed: it is that of a Kubernetes Secret mounted into a pod with an fsGroup.
func SaltExposed(path string) (bool, error) {
	st, err := os.Stat(path)
	if err != nil {
		return false, fmt.Errorf("inspect salt: %w", err)
	}
	return st.Mode().Perm()&0o064 != 0 && !mountedForGroup(st, os.Geteuid()), nil
}

func readSalt(path string) (_ []byte, err error) {
	// Without O_NONBLOCK a FIFO would be waited for.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open salt: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("open salt: %w", err)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("open salt %s: not a regular file", path)
	case st.Mode().Perm()&0o002 != 0:
		return nil, fmt.Errorf("open salt %s: everyone may write it (mode %04o): make sure that it is the one you made, then chmod 600 it", path, st.Mode().Perm())
	}
	if err := checkOwner(st, os.Geteuid()); err != nil {
		return nil, fmt.Errorf("open salt %s: %w", path, err)
	}
	salt, err := io.ReadAll(io.LimitReader(f, maxSalt+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read salt %s: %w", path, err)
	case len(salt) < MinSalt:
		return nil, fmt.Errorf("read salt %s: its %d bytes are too few, at least %d are needed: remove the file to have a new salt made", path, len(salt), MinSalt)
	case len(salt) > maxSalt:
		return nil, fmt.Errorf("read salt %s: it has more than %d bytes and is no salt", path, maxSalt)
	}
	return salt, nil
}

// createSalt puts a complete file at path unless there is one. It writes under
// another name first and links that to path: unlike a rename a link never
// replaces what another creator put there.
func createSalt(path string, salt []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // Mode 0600, O_EXCL.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	if err := writeSynced(tmp, salt); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		// Some file systems have no links. Created in place the file may be
		// left short by a crash, which the next start reports.
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeSynced(f, salt); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func writeSynced(f *os.File, b []byte) error {
	_, err := f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes a new name in dir outlast a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
