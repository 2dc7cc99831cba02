// Package cursor keeps how far each stream was read and what was handed on,
// in one SQLite file, the Cursor. Positions, seen keys and fingerprints change
// in one transaction, so that after a crash they always agree: whoever starts
// from a position finds the keys of everything before it. What is sent to a
// webhook waits in a file of its own, the Spool, until it is handed on.
//
// One Cursor or Spool owns its file. A second one on the same file, in this process or
// another, is refused with the name of the holder. A file that is damaged or
// belongs to another program is refused too and never touched; when the disk
// is full a commit fails as a whole, the caller waits and tries again.
//
// The formats of the files are documented in docs/CURSOR.md.
package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	// The driver that sql.Open finds under the name "sqlite".
	_ "modernc.org/sqlite"
)

// ErrClosed is returned by all calls on a Cursor or a Spool after Close.
var ErrClosed = errors.New("database is closed")

// Options say where a Cursor keeps its data and how.
type Options struct {
	// Path is the database file. It is created with mode 0600 where it does
	// not exist; its directory must exist. Empty means in memory: everything
	// is forgotten at Close.
	Path string
	// Sync is SQLite's synchronous setting: off, normal, full or extra.
	// Empty means normal, which survives the death of the process at any
	// moment; full also survives a power cut without repeating records.
	Sync string
	// JournalMode is SQLite's journal mode: WAL, DELETE, TRUNCATE, PERSIST,
	// MEMORY or OFF. Empty means WAL. OFF is run as MEMORY, because without
	// any journal a failed commit cannot be undone.
	JournalMode string
	// Locking keeps all other programs, readers included, out of the file
	// for as long as the Cursor is open.
	Locking bool
	// Key keeps names out of the file, KeyBytes long: those of objects and
	// applications are stored by keyed hashes, and what is remembered of their
	// statuses is encrypted. What was stored with another key is forgotten. Without
	// a key they are stored as they are.
	Key []byte
	// Holder says who we are, for those who find the file in use.
	Holder string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger is told of what is odd but no error; nil means nowhere.
	Logger *slog.Logger
}

// Cursor is an open database. Its methods may be called concurrently.
type Cursor struct {
	store
	now    func() time.Time
	veil   *veil
	logger *slog.Logger

	position     *sql.Stmt
	seen         *sql.Stmt
	move         *sql.Stmt
	remember     *sql.Stmt
	forget       *sql.Stmt
	expire       *sql.Stmt
	pass         *sql.Stmt
	positions    *sql.Stmt
	leave        *sql.Stmt
	passed       *sql.Stmt
	forgetPassed *sql.Stmt
	statuses     *sql.Stmt
	writeStatus  *sql.Stmt
	forgetStatus *sql.Stmt
}

// Open opens the database, creating it where there is none and bringing an
// older format up to date. Its errors are *Error where the file is at fault,
// and plain errors where the options are.
func Open(ctx context.Context, o Options) (*Cursor, error) {
	return open(ctx, o, migrations())
}

func open(ctx context.Context, o Options, steps []migration) (*Cursor, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	c := &Cursor{now: o.Now, logger: o.Logger}
	if c.veil, err = newVeil(o.Key); err != nil {
		return nil, err
	}
	set := settings{of: CursorFile, sync: o.Sync, journal: o.JournalMode, locking: o.Locking}
	err = c.start(ctx, o.Path, set, owner{o.Holder, o.Now(), o.Logger}, steps)
	if err == nil {
		err = c.prepare(ctx, c.db, c.statements())
	}
	if err == nil {
		err = c.veilPlain(ctx)
	}
	if err != nil {
		if release := c.release(); release != nil {
			err = errors.Join(err, release)
		}
		return nil, err
	}
	return c, nil
}

// Stats describe the database.
type Stats struct {
	// Positions and Seen are numbers of rows.
	Positions int64
	Seen      int64
	// Passed is the number of fingerprints.
	Passed int64
	// Statuses is the number of rows.
	Statuses int64
	// FileBytes and LogBytes are the sizes of the database and of its
	// write-ahead log; zero in memory.
	FileBytes int64
	LogBytes  int64
	// Format is the version of the file's format.
	Format int
}

const countRows = `SELECT (SELECT count(*) FROM position), (SELECT count(*) FROM seen),
(SELECT coalesce(sum(length(fingerprints)), 0) / ? FROM passed), (SELECT count(*) FROM status)`

// Stats counts. The time it takes grows with the number of keys, about 3 ms
// for 100,000: it is meant to be asked every minute, not every batch.
func (c *Cursor) Stats(ctx context.Context) (Stats, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("count cursor rows: %w", err)
	}
	defer done()
	ctx = context.WithoutCancel(ctx)
	var s Stats
	if err := c.db.QueryRowContext(ctx, countRows, fingerprintLen).Scan(&s.Positions, &s.Seen, &s.Passed, &s.Statuses); err != nil {
		return Stats{}, c.fail("count rows", err)
	}
	if s.Format, err = formatOf(ctx, c.db); err != nil {
		return Stats{}, c.fail("read the format", err)
	}
	if s.FileBytes, s.LogBytes, err = c.sizes(); err != nil {
		return Stats{}, err
	}
	return s, nil
}

// Close waits for the calls under way, writes the log back into the file and
// gives the file free. Closing again does nothing.
func (c *Cursor) Close() error {
	c.open.Lock()
	defer c.open.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return c.release()
}
