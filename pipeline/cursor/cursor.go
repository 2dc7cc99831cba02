// Package cursor keeps how far each stream was read and what was handed on,
// in one SQLite file. Positions and seen keys change in one transaction, so
// that after a crash they always agree: whoever starts from a position finds
// the keys of everything before it.
//
// One Cursor owns its file. A second one on the same file, in this process or
// another, is refused with the name of the holder. A file that is damaged or
// belongs to another program is refused too and never touched; when the disk
// is full a commit fails as a whole, the caller waits and tries again.
//
// The format of the file is documented in docs/CURSOR.md.
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

	// The driver that sql.Open finds under the name "sqlite".
	_ "modernc.org/sqlite"
)

// ErrClosed is returned by all calls on a Cursor after Close.
var ErrClosed = errors.New("cursor is closed")

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
	// Holder says who we are, for those who find the file in use.
	Holder string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger is told of what is odd but no error; nil means nowhere.
	Logger *slog.Logger
}

// Cursor is an open database. Its methods may be called concurrently.
type Cursor struct {
	path string
	now  func() time.Time
	lock *lock
	db   *sql.DB

	position *sql.Stmt
	seen     *sql.Stmt
	move     *sql.Stmt
	remember *sql.Stmt
	forget   *sql.Stmt
	expire   *sql.Stmt
	prepared []*sql.Stmt

	// open guards closed: calls hold it shared while they use the database,
	// so that Close gives the lock back only after the last of them.
	open   sync.RWMutex
	closed bool
}

// Open opens the database, creating it where there is none and bringing an
// older format up to date. Its errors are *Error where the file is at fault,
// and plain errors where the options are.
func Open(ctx context.Context, o Options) (*Cursor, error) {
	return open(ctx, o, migrations())
}

func open(ctx context.Context, o Options, steps []migration) (_ *Cursor, err error) {
	o, err = o.complete()
	if err != nil {
		return nil, err
	}
	c := &Cursor{now: o.Now}
	defer func() {
		if err != nil {
			if release := c.release(); release != nil {
				err = errors.Join(err, release)
			}
		}
	}()
	if o.Path != "" {
		if err := c.claim(ctx, o, steps); err != nil {
			return nil, err
		}
	}
	if c.db, err = connect(dsn(c.path, o)); err != nil {
		return nil, c.fail("open", err)
	}
	if o.Path == "" {
		if err := migrate(ctx, c.db, steps); err != nil {
			return nil, c.fail("create", err)
		}
	}
	if err := c.prepare(ctx); err != nil {
		return nil, c.fail("prepare", err)
	}
	if err := c.checkJournal(ctx, o); err != nil {
		return nil, err
	}
	return c, nil
}

// claim makes the file ours: locked, known to be a cursor, sound and in the
// newest format.
func (c *Cursor) claim(ctx context.Context, o Options, steps []migration) error {
	name, err := resolve(o.Path)
	if err != nil {
		return &Error{Path: o.Path, Kind: Unwritable, Err: err}
	}
	c.path = name
	if c.lock, err = acquire(name, o.Holder, o.Now(), o.Logger); err != nil {
		return err
	}
	if err := inspect(ctx, name, o.Logger); err != nil {
		return err
	}
	// A connection of its own, in the journal mode the file has: a new file
	// gets its first tables before it is switched to WAL, so that a file with
	// any content always has our application id in its header.
	db, err := connect(dsn(name, Options{Sync: o.Sync, Locking: o.Locking}))
	if err != nil {
		return c.fail("open", err)
	}
	err = c.settle(ctx, db, steps)
	if closeErr := db.Close(); closeErr != nil && err == nil {
		err = c.fail("open", closeErr)
	}
	return err
}

// settle checks and migrates a file that is ours or empty.
func (c *Cursor) settle(ctx context.Context, db *sql.DB, steps []migration) error {
	version, err := formatOf(ctx, db)
	if err != nil {
		return c.fail("read the format", err)
	}
	if version > len(steps) {
		return &Error{Path: c.path, Kind: Newer, Err: fmt.Errorf(
			"its format is %d, this version knows formats up to %d", version, len(steps))}
	}
	if err := check(ctx, db, c.path); err != nil {
		return c.fail("check", err)
	}
	if version == 0 {
		if _, err := db.ExecContext(ctx, "PRAGMA journal_mode = DELETE"); err != nil {
			return c.fail("create", err)
		}
	}
	if err := migrate(ctx, db, steps); err != nil {
		return c.fail("migrate", err)
	}
	return nil
}

// checkJournal warns where SQLite could not take the journal mode asked for.
func (c *Cursor) checkJournal(ctx context.Context, o Options) error {
	var mode string
	if err := c.db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return c.fail("read the journal mode", err)
	}
	if c.path != "" && !strings.EqualFold(mode, o.JournalMode) {
		o.Logger.Warn("cursor runs in another journal mode than asked for",
			"path", c.path, "asked", o.JournalMode, "got", mode)
	}
	return nil
}

// begin lets a call use the database until done is called.
func (c *Cursor) begin(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.open.RLock()
	if c.closed {
		c.open.RUnlock()
		return nil, ErrClosed
	}
	return c.open.RUnlock, nil
}

// Stats describe the database.
type Stats struct {
	// Positions and Seen are numbers of rows.
	Positions int64
	Seen      int64
	// FileBytes and LogBytes are the sizes of the database and of its
	// write-ahead log; zero in memory.
	FileBytes int64
	LogBytes  int64
	// Format is the version of the file's format.
	Format int
}

// Stats counts. The time it takes grows with the number of keys, about 3 ms
// for 100,000: it is meant to be asked every minute, not every batch.
func (c *Cursor) Stats(ctx context.Context) (Stats, error) {
	done, err := c.begin(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("count cursor rows: %w", err)
	}
	defer done()
	var s Stats
	row := c.db.QueryRowContext(context.WithoutCancel(ctx),
		"SELECT (SELECT count(*) FROM position), (SELECT count(*) FROM seen)")
	if err := row.Scan(&s.Positions, &s.Seen); err != nil {
		return Stats{}, c.fail("count rows", err)
	}
	if s.Format, err = formatOf(context.WithoutCancel(ctx), c.db); err != nil {
		return Stats{}, c.fail("read the format", err)
	}
	if c.path == "" {
		return s, nil
	}
	if s.FileBytes, err = sizeOf(c.path); err != nil {
		return Stats{}, c.fail("measure", err)
	}
	if s.LogBytes, err = sizeOf(c.path + logSuffix); err != nil {
		return Stats{}, c.fail("measure", err)
	}
	return s, nil
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

// release closes what is open, the lock last.
func (c *Cursor) release() error {
	var errs []error
	for _, s := range c.prepared {
		errs = append(errs, s.Close())
	}
	if c.db != nil {
		errs = append(errs, c.db.Close())
	}
	if c.lock != nil {
		errs = append(errs, c.lock.release())
	}
	c.prepared, c.db, c.lock = nil, nil, nil
	if err := errors.Join(errs...); err != nil {
		return c.fail("close", err)
	}
	return nil
}
