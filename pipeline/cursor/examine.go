package cursor

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// headerUserVersion is where SQLite keeps the version of a format.
const headerUserVersion = 60

// Examination is what is found out about a database without changing it.
type Examination struct {
	// Path is the file, its symbolic links followed.
	Path string
	// Absent is set where there is no file yet, or nothing in it.
	Absent bool
	// Holder says who has it open; empty for nobody.
	Holder string
	// Format is the version of its format, and Newest the one that this program
	// writes.
	Format, Newest int
	// Bytes is its size, with its write-ahead log.
	Bytes int64
	// Free and Total are bytes of its disk; both are 0 where the disk does not say.
	Free, Total int64
}

// Examine looks at the database of this kind at path: whose it is, whether someone
// has it open, whether it is sound and how much room there is. It creates, locks for
// others to see and upgrades nothing. Its errors are *Error. A file that is held is
// not read beyond its header.
func Examine(ctx context.Context, of Database, path string) (Examination, error) {
	var x Examination
	x.Newest = len(migrations())
	if of == SpoolFile {
		x.Newest = len(spoolMigrations())
	}
	name, err := resolve(path)
	if err != nil {
		return x, &Error{Database: of, Path: path, Kind: Unwritable, Err: err}
	}
	x.Path = name
	if free, total, ok := roomOf(filepath.Dir(name), 0); ok {
		x.Free, x.Total = free, total
	}
	header, err := readHeader(of, name)
	if errors.Is(err, fs.ErrNotExist) {
		x.Absent = true
		return x, nil
	}
	if err != nil {
		return x, err
	}
	log, err := sizeOf(name + logSuffix)
	if err == nil {
		x.Bytes, err = sizeOf(name)
	}
	if err != nil {
		return x, &Error{Database: of, Path: name, Kind: IO, Err: err}
	}
	x.Bytes += log
	if err := judge(ctx, of, name, header); err != nil {
		return x, err
	}
	if len(header) < headerLen {
		x.Absent = true
		return x, nil
	}
	x.Format = int(binary.BigEndian.Uint32(header[headerUserVersion:]))
	if x.Format > x.Newest {
		return x, &Error{Database: of, Path: name, Kind: Newer, Err: fmt.Errorf("it has format %d, this one knows up to %d", x.Format, x.Newest)}
	}
	release, err := holder(of, name, &x)
	if err != nil || x.Holder != "" {
		return x, err
	}
	defer release()
	return x, examineContent(ctx, of, name, log > 0)
}

func readHeader(of Database, name string) ([]byte, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err != nil {
		return nil, &Error{Database: of, Path: name, Kind: Unwritable, Err: err}
	}
	// Opened as it will be, so that a file that may not be written is told.
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, &Error{Database: of, Path: name, Kind: Unwritable, Err: err}
	}
	header := make([]byte, headerLen)
	n, err := io.ReadFull(file, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, &Error{Database: of, Path: name, Kind: IO, Err: err}
	}
	return header[:n], nil
}

// holder finds out who holds the file. Where nobody does, nobody can take it until the
// function that it returns is called.
func holder(of Database, name string, x *Examination) (func(), error) {
	file, err := os.OpenFile(name+lockSuffix, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, &Error{Database: of, Path: name, Kind: Unwritable, Err: fmt.Errorf("lock: %w", err)}
	}
	// Nothing was written to it.
	release := func() { _ = file.Close() }
	switch err := flock(file); {
	case errors.Is(err, unix.EWOULDBLOCK):
		x.Holder = readHolder(file)
		release()
		return nil, nil
	case err != nil:
		release()
		return nil, &Error{Database: of, Path: name, Kind: IO, Err: fmt.Errorf("lock %s: %w", name, err)}
	}
	return release, nil
}

// examineContent runs SQLite's own check. A write-ahead log can only be read by taking
// part in the locking of the file.
func examineContent(ctx context.Context, of Database, name string, logged bool) (err error) {
	query := url.Values{"mode": {"ro"}, "_error_rc": {"1"}}
	if !logged {
		query.Set("immutable", "1")
	}
	s := &store{of: of, path: name}
	db, err := connect(fileURI(name, query))
	if err != nil {
		return s.fail("open", err)
	}
	defer func(db *sql.DB) { err = errors.Join(err, db.Close()) }(db)
	if err := check(ctx, db, of, name); err != nil {
		return s.fail("check", err)
	}
	return nil
}
