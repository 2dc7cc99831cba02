package cursor

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Kind says what is wrong with a database file, and so what can be done.
type Kind uint8

// The kinds of errors.
const (
	// Other is no kind: the error is not about the file.
	Other Kind = iota
	// Held files are in use by someone else.
	Held
	// Foreign files belong to another program.
	Foreign
	// Corrupt files are damaged.
	Corrupt
	// Newer files were written by a newer version.
	Newer
	// Full means that the disk has no room: nothing was changed, and the same
	// call succeeds once there is room again.
	Full
	// Unwritable files or directories do not exist, are read-only or may not
	// be written by this user.
	Unwritable
	// IO is any other failure of the file system.
	IO
	// Exposed files can be read by others, and what is in them is secret.
	Exposed
	// Sealed files are encrypted with another key.
	Sealed
)

// Error is an error about a database file.
type Error struct {
	// Database is which of our files it is, or should be.
	Database Database
	// Path is the file, empty for a database in memory.
	Path string
	Kind Kind
	// Err is what was found.
	Err error
}

// Error names the file, what is wrong and the way out.
func (e *Error) Error() string {
	name := e.Database.String() + " " + e.Path
	if e.Path == "" {
		name = e.Database.String() + " in memory"
	}
	afresh := "move it away to start afresh: " + e.Database.layout().lost
	switch e.Kind {
	case Held:
		return fmt.Sprintf("%s is in use by %v", name, e.Err)
	case Foreign:
		return fmt.Sprintf("%s %v; choose another path", name, e.Err)
	case Corrupt:
		return fmt.Sprintf("%s is damaged: %v; %s", name, e.Err, afresh)
	case Newer:
		return fmt.Sprintf("%s was written by a newer version: %v; use that version again, or %s", name, e.Err, afresh)
	case Full:
		return fmt.Sprintf("%s cannot grow, the disk is full: %v", name, e.Err)
	case Unwritable:
		return fmt.Sprintf("%s cannot be written: %v", name, e.Err)
	case Exposed:
		return fmt.Sprintf("%s can be read by others: %v; change its mode to 0600 and its owner, or choose another path", name, e.Err)
	case Sealed:
		return fmt.Sprintf("%s %v; put the file that redact_salt_file names back as it was, or move the spool away to start afresh: %s",
			name, e.Err, e.Database.layout().lost)
	case IO, Other:
	}
	return fmt.Sprintf("%s: %v", name, e.Err)
}

// Unwrap returns what was found.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first *Error in err's chain, else Other.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Other
}

// IsFull reports whether err means that the disk is full: wait and try the
// same again.
func IsFull(err error) bool { return KindOf(err) == Full }

// IsHeld reports whether err means that someone else uses the file.
func IsHeld(err error) bool { return KindOf(err) == Held }

// fail makes an Error of what SQLite or the system returned while op was
// done. Errors that have a kind, and those of a context, keep what they are.
func (s *store) fail(op string, err error) error {
	if KindOf(err) != Other {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %s: %w", op, s.of.layout().short, err)
	}
	kind, said := classify(err), fmt.Errorf("%s: %w", op, err)
	if kind == IO && s.path != "" && outOfSpace(s.path, s.lock) {
		kind = Full
	}
	if kind == Held {
		said = fmt.Errorf("another program, which holds it locked (%w)", said)
	}
	return &Error{Database: s.of, Path: s.path, Kind: kind, Err: said}
}

const (
	// codeError is SQLite's code for all that has none of its own.
	codeError     = sqlite3.SQLITE_ERROR
	codeInterrupt = sqlite3.SQLITE_INTERRUPT
)

// code returns the primary result code in err's chain, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// classify returns the kind that a result code stands for.
func classify(err error) Kind {
	switch code(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return Corrupt
	case sqlite3.SQLITE_FULL:
		return Full
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL:
		return Held
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return Unwritable
	default:
		return IO
	}
}
