package emit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// rotate renames path to path.1, what was path.1 to path.2 and so on. At most keep
// of them stay, all if it is zero. Each step is one rename: a crash in between
// leaves a number without a file, and the next rotation fills it.
func rotate(path string, keep int) error {
	free := 1
	for keep == 0 || free < keep {
		_, err := os.Lstat(rotated(path, free))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		free++
	}
	// The oldest goes by being replaced.
	for i := free; i > 1; i-- {
		if err := os.Rename(rotated(path, i-1), rotated(path, i)); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
	}
	if err := os.Rename(path, rotated(path, 1)); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	if keep > 0 {
		if err := prune(path, keep); err != nil {
			return err
		}
	}
	if err := syncFolder(path); err != nil {
		return fmt.Errorf("rotate: %w", err)
	}
	return nil
}

// prune removes what is left of a time when more were kept.
func prune(path string, keep int) error {
	for i := keep + 1; ; i++ {
		name := rotated(path, i)
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			return nil
		}
		if err == nil {
			err = os.Remove(name)
		}
		if err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
	}
}

// rotated returns the name of the file that was rotated n times.
func rotated(path string, n int) string { return path + "." + strconv.Itoa(n) }
