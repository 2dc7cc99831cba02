package cursor

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
)

// From https://www.sqlite.org/fileformat.html, section 1.3.
const (
	headerLen           = 100
	headerMagic         = "SQLite format 3\x00"
	headerApplicationID = 68
)

// fluentBitTable is the one table of a database that Fluent Bit's input
// kubernetes_events writes.
const fluentBitTable = "in_kubernetes_events"

// checkMax is the size up to which a file is checked from end to end when it
// is opened, about 0.2 s. Beyond, damage is found when it is met.
const checkMax = 64 << 20

// inspect finds out whose file path is, and creates it where there is none. It
// returns nil when the file is ours, or has nothing in it and so may become
// ours. SQLite does not get to open a file for writing before that: it would
// take part in the locking and recovery of another program's database.
func inspect(ctx context.Context, of Database, path string, log *slog.Logger) error {
	file, info, err := openFile(path)
	if err != nil {
		kind := Unwritable
		if noSpace(err) {
			kind = Full
		}
		return &Error{Database: of, Path: path, Kind: kind, Err: err}
	}
	header := make([]byte, headerLen)
	n, err := io.ReadFull(file, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return &Error{Database: of, Path: path, Kind: IO, Err: err}
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 {
		log.Warn(of.String()+" has more than one hard link: it is locked under this name only",
			"path", path, "links", st.Nlink)
	}
	return judge(ctx, of, path, header[:n])
}

// openFile opens or creates the file for reading and writing, so that what
// SQLite creates beside it gets its mode.
func openFile(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, nil, errors.New("it is not a regular file")
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// judge decides by the file's header, and where that does not tell, by its
// tables.
func judge(ctx context.Context, of Database, path string, header []byte) error {
	logBytes, err := sizeOf(path + logSuffix)
	if err != nil {
		return &Error{Database: of, Path: path, Kind: IO, Err: err}
	}
	switch {
	case len(header) == 0 && logBytes > 0:
		return &Error{Database: of, Path: path, Kind: Corrupt, Err: errors.New("it is empty, but its write-ahead log is not")}
	case len(header) == 0:
		return nil
	case len(bytes.Trim(header, "\x00")) == 0:
		return &Error{Database: of, Path: path, Kind: Corrupt, Err: errors.New("its header consists of zeros")}
	case !strings.HasPrefix(string(header), headerMagic):
		return &Error{Database: of, Path: path, Kind: Foreign, Err: errors.New("is not a SQLite database " +
			"(if it was the " + of.layout().short + ", it is damaged; move it away to start afresh)")}
	case len(header) < headerLen:
		return &Error{Database: of, Path: path, Kind: Corrupt, Err: errors.New("it is cut off within its header")}
	}
	if known, ok := knownID(binary.BigEndian.Uint32(header[headerApplicationID:])); ok && known == of {
		return nil
	} else if ok {
		return &Error{Database: of, Path: path, Kind: Foreign, Err: fmt.Errorf(
			"is the %v of Live Status", known)}
	}
	tables, err := tablesOf(ctx, path)
	if err != nil {
		return &Error{Database: of, Path: path, Kind: Foreign, Err: fmt.Errorf(
			"is a SQLite database that is not ours and cannot be read (%w)", err)}
	}
	if logBytes > 0 && len(tables) == 0 {
		if tables, err = tablesInLog(path + logSuffix); err != nil {
			return &Error{Database: of, Path: path, Kind: IO, Err: err}
		}
	}
	if slices.Contains(tables, fluentBitTable) {
		return &Error{Database: of, Path: path, Kind: Foreign, Err: errors.New("is the database of Fluent Bit's kubernetes_events")}
	}
	if len(tables) > 0 {
		return &Error{Database: of, Path: path, Kind: Foreign, Err: fmt.Errorf(
			"is the database of another program (it has %s)", strings.Join(tables, ", "))}
	}
	return nil
}

// tablesOf returns the names of the first few tables, read without taking
// part in the file's locking and without leaving anything beside it. What is
// in its write-ahead log only is not seen.
func tablesOf(ctx context.Context, path string) (_ []string, err error) {
	db, err := connect(fileURI(path, url.Values{"mode": {"ro"}, "immutable": {"1"}, "_error_rc": {"1"}}))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return names(ctx, db)
}

func names(ctx context.Context, db *sql.DB) (_ []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT 'table ' || name, name FROM sqlite_schema WHERE type = 'table' ORDER BY name = ? DESC, name LIMIT 3", fluentBitTable)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var found []string
	for rows.Next() {
		var label, name string
		if err := rows.Scan(&label, &name); err != nil {
			return nil, err
		}
		if name != fluentBitTable {
			name = label
		}
		found = append(found, plain(name))
	}
	return found, rows.Err()
}

// tablesInLog looks at the start of a write-ahead log whose database has no
// table yet: a young database whose tables were never written back, or whose
// program was killed.
func tablesInLog(name string) (_ []string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const enough = 1 << 20
	text, err := io.ReadAll(io.LimitReader(file, enough))
	if err != nil {
		return nil, err
	}
	if bytes.Contains(text, []byte(fluentBitTable)) {
		return []string{fluentBitTable}, nil
	}
	return []string{"a write-ahead log"}, nil
}

// check runs SQLite's own check over a file that is small enough.
func check(ctx context.Context, db *sql.DB, of Database, path string) error {
	size, err := sizeOf(path)
	if err != nil || size > checkMax {
		return err
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return &Error{Database: of, Path: path, Kind: Corrupt, Err: errors.New(plain(verdict))}
	}
	return nil
}
