package cursor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// fillSpool appends until the disk is full, by several at once, and checks
// that what was acknowledged is there and nothing else, then drains the spool
// in the room it has, makes room and goes on.
func fillSpool(ctx context.Context, s *Spool, say func(string, ...any), room func() error) error {
	const size = 20_000
	stored := make(map[int]bool)
	n, refused := 0, 0
	for refused == 0 {
		if n += 8; n > 100_000 {
			return errors.New("the disk never got full")
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		var odd error
		for i := n; i < n+8; i++ {
			wg.Go(func() {
				// The last of them is large: the others fit longer.
				b := numbered(i, size+i%8/7*200_000)
				err := s.Append(ctx, b)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					stored[i] = true
				case IsFull(err):
					refused++
				default:
					odd = err
				}
			})
		}
		wg.Wait()
		if odd != nil {
			return fmt.Errorf("not full: %w", odd)
		}
	}
	say("full after %d bodies, %d refused\n", len(stored), refused)
	if err := verifySpool(ctx, s, stored); err != nil {
		return err
	}
	if err := drainFull(ctx, s, stored, say); err != nil {
		return err
	}
	if err := room(); err != nil {
		return err
	}
	for i := n + 8; i < n+50; i++ {
		if err := s.Append(ctx, numbered(i, size)); err != nil {
			return fmt.Errorf("with room: %w", err)
		}
		stored[i] = true
	}
	if err := verifySpool(ctx, s, stored); err != nil {
		return err
	}
	return s.Delete(ctx, 1<<40)
}

// drainFull hands on the older half while the disk is full. Each body that is
// gone makes room within the file, so that others can be taken at last.
func drainFull(ctx context.Context, s *Spool, stored map[int]bool, say func(string, ...any)) error {
	var after int64
	for range len(stored) / 2 {
		b, _, err := s.Next(ctx, after)
		if err != nil {
			return err
		}
		after = b.Seq
		delete(stored, numberOf(b))
	}
	if err := s.Delete(ctx, after); err != nil {
		return fmt.Errorf("delete on a full disk: %w", err)
	}
	if err := verifySpool(ctx, s, stored); err != nil {
		return err
	}
	if err := s.Append(ctx, numbered(1, 1000)); err != nil {
		return fmt.Errorf("append after half of it is gone: %w", err)
	}
	stored[1] = true
	say("drained and appended on a full disk\n")
	return verifySpool(ctx, s, stored)
}

// verifySpool checks that the spool has these bodies and no other, whole, and
// that its size says so.
func verifySpool(ctx context.Context, s *Spool, stored map[int]bool) error {
	var after, size int64
	n := 0
	for {
		b, ok, err := s.Next(ctx, after)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		after = b.Seq
		size += int64(len(b.Body)) + RowBytes
		n++
		if i := numberOf(b); !stored[i] || !bytes.Equal(b.Body, numbered(i, len(b.Body)).Body) {
			return fmt.Errorf("body %d is there, acknowledged: %v", i, stored[i])
		}
	}
	if bytes, bodies := s.Size(); n != len(stored) || bytes != size || bodies != int64(n) {
		return fmt.Errorf("%d bodies are there, %d acknowledged; %d bytes in %d by its size, found %d", n, len(stored), bytes, bodies, size)
	}
	return nil
}

// fillSpoolToLimit runs in a process whose files may not grow beyond a limit.
func fillSpoolToLimit(dir string) error {
	ctx := context.Background()
	path := filepath.Join(dir, "spool.db")
	s, err := OpenSpool(ctx, SpoolOptions{Key: testKey(), Path: path, MaxBytes: 1 << 40})
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	before := limit.Cur
	limit.Cur = 3_000_000
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	err = fillSpool(ctx, s, printf, func() error {
		limit.Cur = before
		return unix.Setrlimit(unix.RLIMIT_FSIZE, &limit)
	})
	return errors.Join(err, s.Close())
}

// TestSpoolFileSizeLimit meets a real limit of the system, without privileges.
func TestSpoolFileSizeLimit(t *testing.T) {
	out, err := childCommand(t, "limit-spool", t.TempDir()).Output()
	t.Logf("RLIMIT_FSIZE in a process of its own:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
