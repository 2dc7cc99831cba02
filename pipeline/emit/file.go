package emit

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// file writes JSON Lines to a file. A batch is acknowledged by being on disk.
type file struct {
	lines    *lineFile
	maxBytes int64
	maxFiles int
}

// openFile opens the file of "file:PATH".
func openFile(o Options) (Client, error) {
	path := o.To[len("file:"):]
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		// The form of a URL, with an empty host.
		if !strings.HasPrefix(rest, "/") {
			return nil, errors.New("forward_to names a host: write file:PATH")
		}
		path = rest
	}
	lines, err := openLineFile("forward_to", path, o.Logger)
	if err != nil {
		return nil, err
	}
	return &file{lines: lines, maxBytes: o.FileMaxBytes, maxFiles: o.FileMaxFiles}, nil
}

func (f *file) Format() Format { return FormatJSON }

// Send appends b in one piece, after a rotation where it would make the file
// larger than it may be. A batch that is larger by itself has a file to itself.
func (f *file) Send(ctx context.Context, b Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data := b.Bytes()
	if err := f.makeRoom(int64(len(data))); err != nil {
		return err
	}
	return f.lines.append(data)
}

// makeRoom rotates the file unless size more bytes may be in it.
func (f *file) makeRoom(size int64) error {
	if f.maxBytes <= 0 {
		return nil
	}
	if err := f.lines.ready(); err != nil {
		return err
	}
	has, err := f.lines.size()
	if err != nil {
		return err
	}
	if has == 0 || has+size <= f.maxBytes {
		return nil
	}
	if err := rotate(f.lines.path, f.maxFiles); err != nil {
		return fmt.Errorf("forward_to: %w", err)
	}
	// The lock is held until the name is another file's. Everything is on disk.
	_ = f.lines.close()
	return nil
}

func (f *file) Close() error { return f.lines.close() }
