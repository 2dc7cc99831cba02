package cursor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// migration is one step from a format to the next: statements that are run in
// one transaction.
type migration []string

// migrations returns all steps of a cursor, in order: the step at index n leads from
// format n to format n+1, format 0 being an empty file. A step that was
// released is never changed; a new format is a new step at the end, and a
// section in docs/CURSOR.md.
func migrations() []migration {
	return []migration{{
		`CREATE TABLE position (
  stream   TEXT NOT NULL PRIMARY KEY,
  position TEXT NOT NULL,
  updated  INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
		`CREATE TABLE seen (
  key       ANY NOT NULL PRIMARY KEY,
  version   ANY NOT NULL,
  count     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  last_nano INTEGER NOT NULL,
  digest    INTEGER NOT NULL,
  expires   INTEGER
) STRICT, WITHOUT ROWID`,
		`CREATE INDEX seen_expires ON seen (expires)`,
	}, {
		// A row for each commit, not for each fingerprint: an audit trail brings
		// thousands of them a second, and they are only ever read all at once.
		`CREATE TABLE passed (
  seq          INTEGER PRIMARY KEY,
  at           INTEGER NOT NULL,
  fingerprints BLOB NOT NULL
) STRICT`,
		// Clocks go back at times, so seq does not tell what is old.
		`CREATE INDEX passed_at ON passed (at)`,
	}, {
		`CREATE TABLE status (
  key  TEXT NOT NULL PRIMARY KEY,
  data BLOB NOT NULL
) STRICT, WITHOUT ROWID`,
	}, {
		// The tables stay; what is in them is veiled, see veilPlain.
	}}
}

// spoolMigrations returns all steps of a spool, under the same rules.
func spoolMigrations() []migration {
	return []migration{{
		`CREATE TABLE identity (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id  TEXT NOT NULL
) STRICT`,
		`CREATE TABLE body (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  received INTEGER NOT NULL,
  sender   TEXT NOT NULL,
  body     BLOB NOT NULL
) STRICT`,
	}, {
		// What is in the table of format 1 is not encrypted. Opening the spool
		// encrypts it and drops that table.
		`ALTER TABLE body RENAME TO plain`,
		`CREATE TABLE body (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  received INTEGER NOT NULL,
  sender   TEXT NOT NULL,
  body     BLOB NOT NULL
) STRICT`,
		`INSERT INTO sqlite_sequence (name, seq) SELECT 'body', seq FROM sqlite_sequence WHERE name = 'plain'`,
		`CREATE TABLE seal (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  proof BLOB NOT NULL
) STRICT`,
	}}
}

// formatOf returns the version of the format, 0 for an empty database.
func formatOf(ctx context.Context, db *sql.DB) (int, error) {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	return version, nil
}

// migrate runs the steps that the database has not had yet, each in a
// transaction that also notes the format reached.
func migrate(ctx context.Context, db *sql.DB, of Database, steps []migration) error {
	version, err := formatOf(ctx, db)
	if err != nil {
		return err
	}
	for ; version < len(steps); version++ {
		if err := apply(ctx, db, of, steps[version], version+1); err != nil {
			return fmt.Errorf("go to format %d: %w", version+1, err)
		}
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, of Database, step migration, version int) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = undo(tx, err) }()
	for _, statement := range step {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	// Pragmas take no parameters.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", of.layout().applicationID)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// undo rolls tx back when err is set. SQLite itself rolls back on some errors;
// that there is nothing left to roll back is then no error of its own.
func undo(tx *sql.Tx, err error) error {
	if err == nil {
		return nil
	}
	if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) && code(rollback) != codeError {
		return errors.Join(err, fmt.Errorf("roll back: %w", rollback))
	}
	return err
}
