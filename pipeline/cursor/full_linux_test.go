package cursor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// systemChildren are those that run in a mount namespace of their own.
func systemChildren() map[string]func(string) error {
	return map[string]func(string) error{
		"tmpfs":       fillTmpfs,
		"tmpfs-open":  openOnFullTmpfs,
		"readonly":    openReadOnly,
		"tmpfs-spool": fillSpoolTmpfs,
	}
}

// inNamespace runs a child that may mount: root may anyway, others become root
// of a user namespace where the system lets them.
func inNamespace(t *testing.T, name string) {
	t.Helper()
	cmd := childCommand(t, name, t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	how := "as root"
	if os.Getuid() != 0 {
		how = "as an ordinary user, in a user namespace"
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.Output()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || strings.Contains(string(out), "cannot mount") {
		t.Skipf("NOT RUN: this system lets uid %d mount nothing: %v %s", os.Getuid(), err, out)
	}
	t.Logf("on a tmpfs, %s:\n%s", how, out)
	if err != nil {
		t.Fatal(err)
	}
}

func mountTmpfs(dir string, options string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		fmt.Println("cannot mount:", err)
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		fmt.Println("cannot mount:", err)
		return err
	}
	return nil
}

// fillTmpfs fills a disk of 2 MiB, half of which is taken by someone else who
// then leaves.
func fillTmpfs(dir string) error {
	if err := mountTmpfs(dir, "size=2m"); err != nil {
		return err
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		return err
	}
	for _, mode := range []string{"WAL", "DELETE"} {
		ctx := context.Background()
		path := filepath.Join(dir, "cursor.db")
		c, err := Open(ctx, Options{Path: path, JournalMode: mode})
		if err != nil {
			return err
		}
		err = fillUp(ctx, c, printf, func() error {
			if err := os.Remove(ballast); err != nil {
				return err
			}
			return unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=64m")
		})
		if err := errors.Join(err, c.Close()); err != nil {
			return fmt.Errorf("%s: %w", mode, err)
		}
		if err := errors.Join(os.Remove(path), os.WriteFile(ballast, make([]byte, 1<<20), 0o600),
			unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=2m")); err != nil {
			return err
		}
	}
	return nil
}

// openOnFullTmpfs opens on a disk that is full already, a new file and an old
// one.
func openOnFullTmpfs(dir string) error {
	if err := mountTmpfs(dir, "size=1m"); err != nil {
		return err
	}
	ctx := context.Background()
	ballast := filepath.Join(dir, "ballast")
	for _, name := range []string{"new.db", "old.db", "old.db"} {
		if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
			return fmt.Errorf("the disk did not get full: %w", err)
		}
		c, err := Open(ctx, Options{Path: filepath.Join(dir, name)})
		if err == nil {
			err = errors.Join(c.Commit(ctx, fullBatch(1)), c.Close())
		}
		if !IsFull(err) {
			return fmt.Errorf("%s: not full: %w", name, err)
		}
		fmt.Println(err)
		if err := os.Remove(ballast); err != nil {
			return err
		}
		c, err = Open(ctx, Options{Path: filepath.Join(dir, name)})
		if err != nil {
			return err
		}
		if err := errors.Join(c.Commit(ctx, fullBatch(1)), verifyFull(ctx, c, 1), c.Close()); err != nil {
			return fmt.Errorf("%s, with room: %w", name, err)
		}
	}
	return nil
}

// openReadOnly opens on a disk that may not be written, with and without a
// cursor on it.
func openReadOnly(dir string) error {
	if err := mountTmpfs(dir, "size=4m"); err != nil {
		return err
	}
	ctx := context.Background()
	c, err := Open(ctx, Options{Path: filepath.Join(dir, "old.db")})
	if err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	for _, name := range []string{"new.db", "old.db"} {
		_, err := Open(ctx, Options{Path: filepath.Join(dir, name)})
		if KindOf(err) != Unwritable {
			return fmt.Errorf("%s: not unwritable: %w", name, err)
		}
		fmt.Println(err)
	}
	return nil
}

// fillSpoolTmpfs fills a disk of 4 MiB with a spool.
func fillSpoolTmpfs(dir string) error {
	if err := mountTmpfs(dir, "size=4m"); err != nil {
		return err
	}
	ctx := context.Background()
	s, err := OpenSpool(ctx, SpoolOptions{Key: testKey(), Path: filepath.Join(dir, "spool.db"), MaxBytes: 1 << 40})
	if err != nil {
		return err
	}
	err = fillSpool(ctx, s, printf, func() error {
		return unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=64m")
	})
	return errors.Join(err, s.Close())
}

func TestSpoolFullDisk(t *testing.T)  { inNamespace(t, "tmpfs-spool") }
func TestFullDisk(t *testing.T)       { inNamespace(t, "tmpfs") }
func TestOpenOnFullDisk(t *testing.T) { inNamespace(t, "tmpfs-open") }
func TestReadOnlyDisk(t *testing.T)   { inNamespace(t, "readonly") }
