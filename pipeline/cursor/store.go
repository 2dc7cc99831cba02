package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// store is a database file that is ours: what Cursor and Spool have in common.
type store struct {
	of Database
	// path is empty in memory.
	path string
	lock *lock
	// db has the one connection that writes.
	db *sql.DB
	// reads has a connection for reads only, where there is one.
	reads    *sql.DB
	prepared []*sql.Stmt

	// open guards closed: calls hold it shared while they use the database,
	// so that closing gives the lock back only after the last of them.
	open   sync.RWMutex
	closed bool
}

// owner is who opens a file.
type owner struct {
	holder string
	since  time.Time
	logger *slog.Logger
}

// start makes the file at path ours and opens it, or with no path a database
// in memory. Where it fails the store is to be released.
func (s *store) start(ctx context.Context, path string, set settings, by owner, steps []migration) error {
	s.of = set.of
	if path != "" {
		if err := s.claim(ctx, path, set, by, steps); err != nil {
			return err
		}
	}
	var err error
	if s.db, err = connect(dsn(s.path, set)); err != nil {
		return s.fail("open", err)
	}
	if s.path == "" {
		if err := migrate(ctx, s.db, s.of, steps); err != nil {
			return s.fail("create", err)
		}
	}
	return s.checkJournal(ctx, set.journal, by.logger)
}

// claim makes the file ours: locked, known to be the database we want, sound
// and in the newest format.
func (s *store) claim(ctx context.Context, path string, set settings, by owner, steps []migration) error {
	name, err := resolve(path)
	if err != nil {
		return &Error{Database: s.of, Path: path, Kind: Unwritable, Err: err}
	}
	s.path = name
	if s.lock, err = acquire(s.of, name, by); err != nil {
		return err
	}
	if err := inspect(ctx, s.of, name, by.logger); err != nil {
		return err
	}
	if err := protect(s.of, name, by.logger); err != nil {
		return err
	}
	// A connection of its own, in the journal mode the file has: a new file
	// gets its first tables before it is switched to WAL, so that a file with
	// any content always has our application id in its header.
	set.journal = ""
	db, err := connect(dsn(name, set))
	if err != nil {
		return s.fail("open", err)
	}
	err = s.settle(ctx, db, steps)
	if closeErr := db.Close(); closeErr != nil && err == nil {
		err = s.fail("open", closeErr)
	}
	return err
}

// settle checks and migrates a file that is ours or empty.
func (s *store) settle(ctx context.Context, db *sql.DB, steps []migration) error {
	version, err := formatOf(ctx, db)
	if err != nil {
		return s.fail("read the format", err)
	}
	if version > len(steps) {
		return &Error{Database: s.of, Path: s.path, Kind: Newer, Err: fmt.Errorf(
			"its format is %d, this version knows formats up to %d", version, len(steps))}
	}
	if err := check(ctx, db, s.of, s.path); err != nil {
		return s.fail("check", err)
	}
	if version == 0 {
		first := []string{"PRAGMA journal_mode = DELETE"}
		if s.of.layout().shrinks {
			// It can be chosen as long as there is no table only.
			first = append(first, "PRAGMA auto_vacuum = INCREMENTAL")
		}
		for _, pragma := range first {
			if _, err := db.ExecContext(ctx, pragma); err != nil {
				return s.fail("create", err)
			}
		}
	}
	if err := migrate(ctx, db, s.of, steps); err != nil {
		return s.fail("migrate", err)
	}
	return nil
}

// checkJournal warns where SQLite could not take the journal mode asked for.
func (s *store) checkJournal(ctx context.Context, asked string, log *slog.Logger) error {
	var mode string
	if err := s.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return s.fail("read the journal mode", err)
	}
	if s.path != "" && !strings.EqualFold(mode, asked) {
		log.Warn(s.of.layout().short+" runs in another journal mode than asked for",
			"path", s.path, "asked", asked, "got", mode)
	}
	return nil
}

// statement is a text to prepare and where to put the result.
type statement struct {
	to  **sql.Stmt
	sql string
}

// prepare prepares statements; the pool keeps them on its connection.
func (s *store) prepare(ctx context.Context, db *sql.DB, statements []statement) error {
	for _, p := range statements {
		stmt, err := db.PrepareContext(ctx, p.sql) //nolint:sqlclosecheck // Closing the store closes it.
		if err != nil {
			return s.fail("prepare", err)
		}
		*p.to = stmt
		s.prepared = append(s.prepared, stmt)
	}
	return nil
}

// begin lets a call use the database until done is called.
func (s *store) begin(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.open.RLock()
	if s.closed {
		s.open.RUnlock()
		return nil, ErrClosed
	}
	return s.open.RUnlock, nil
}

// transact runs work in a transaction, which ends undone where ctx ends. The
// transaction watches ctx; each of its statements need not, and is best given
// the context that work is called with.
func (s *store) transact(ctx context.Context, work func(free context.Context, tx *sql.Tx) error) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		err = undo(tx, err)
		if err != nil && ctx.Err() != nil && (code(err) == 0 || code(err) == codeInterrupt) {
			// The transaction ended under our hands because the context did.
			err = ctx.Err()
		}
	}()
	if err := work(context.WithoutCancel(ctx), tx); err != nil {
		return err
	}
	return tx.Commit()
}

const (
	// checkpointPassive writes back what no reader hinders.
	checkpointPassive = "PRAGMA wal_checkpoint(PASSIVE)"
	// checkpointTruncate waits for readers and cuts the log off.
	checkpointTruncate = "PRAGMA wal_checkpoint(TRUNCATE)"
)

// reclaim writes the log back after a commit found the disk full. The log then
// starts over in the room it already has, so that commits can go on even if
// nobody frees any; a spool, which leaves room for that, even gives the log's
// room to the disk. It is tried for what it is worth: where it fails too, the
// next commit reports the full disk again.
func (s *store) reclaim(ctx context.Context) {
	checkpoint := checkpointPassive
	if s.of.layout().shrinks {
		checkpoint = checkpointTruncate
	}
	_, _ = s.db.ExecContext(context.WithoutCancel(ctx), checkpoint)
}

// sizes returns the sizes of the file and of its write-ahead log in bytes.
func (s *store) sizes() (file, log int64, err error) {
	if s.path == "" {
		return 0, 0, nil
	}
	if file, err = sizeOf(s.path); err != nil {
		return 0, 0, s.fail("measure", err)
	}
	if log, err = sizeOf(s.path + logSuffix); err != nil {
		return 0, 0, s.fail("measure", err)
	}
	return file, log, nil
}

func sizeOf(name string) (int64, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// release closes what is open, the lock last. The connection that writes is
// the last to close, and so the one that writes the log back.
func (s *store) release() error {
	var errs []error
	for _, stmt := range s.prepared {
		errs = append(errs, stmt.Close())
	}
	for _, db := range []*sql.DB{s.reads, s.db} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	s.prepared, s.reads, s.db, s.lock = nil, nil, nil, nil
	if err := errors.Join(errs...); err != nil {
		return s.fail("close", err)
	}
	return nil
}
