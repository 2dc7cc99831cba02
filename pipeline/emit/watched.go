package emit

import (
	"fmt"
	"io"
	"os"
	"time"
)

// checkEvery is how often at most a file is looked at.
const checkEvery = time.Second

// maxSecretFile is the size that files with credentials and certificates may
// have: a bundle of all authorities of a system is a quarter of it.
const maxSecretFile = 1 << 20

// watchedFile is a small file that others replace, as Kubernetes does with mounted
// Secrets and tokens. It is used by one goroutine.
type watchedFile struct {
	// option is what the configuration calls it.
	option, path string
	now          func() time.Time

	// checked is when it was last looked at, info how it looked, and data what it
	// holds; info is nil where it is to be read in any case.
	checked time.Time
	info    os.FileInfo
	data    []byte
	err     error
}

// read returns what is in the file, and whether that was read from disk just now.
// An error is kept for as long as what was read: checkEvery.
func (f *watchedFile) read() (data []byte, fresh bool, err error) {
	now := f.now()
	if age := now.Sub(f.checked); !f.checked.IsZero() && age >= 0 && age < checkEvery {
		return f.data, false, f.err
	}
	f.checked = now
	info, err := os.Stat(f.path)
	if err == nil && f.info != nil && os.SameFile(info, f.info) && info.Size() == f.info.Size() && info.ModTime().Equal(f.info.ModTime()) {
		return f.data, false, nil
	}
	// What is written while it is read makes it look different next time.
	f.info, f.data, f.err = nil, nil, nil
	if err == nil {
		f.data, err = readSmall(f.path, info)
	}
	if err != nil {
		f.err = fmt.Errorf("read %s: %w", f.option, err)
		return nil, true, f.err
	}
	f.info = info
	return f.data, true, nil
}

// expire makes the next read go to the disk.
func (f *watchedFile) expire() { f.checked, f.info = time.Time{}, nil }

// readSmall reads a regular file; others may have no end.
func readSmall(path string, info os.FileInfo) ([]byte, error) {
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, err // It says what and which.
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSecretFile+1))
	if closeErr := in.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err // It says what and which.
	}
	if len(data) > maxSecretFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxSecretFile)
	}
	return data, nil
}
