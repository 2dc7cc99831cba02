package cursor

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	driverName = "sqlite"
	logSuffix  = "-wal"

	// busyTimeout is how long a call waits for another program that holds a
	// lock in the database, such as the sqlite3 shell.
	busyTimeout = 2 * time.Second
	// cacheKiB bounds the pages of the one connection that are kept in memory.
	cacheKiB = 2048
	// pageBytes is the size of a page in files that we create. Keys are
	// random, so nearly every key of a batch lies on a page of its own, which
	// is written whole, to the log and later to the file. A page of 1 KiB
	// halves the cost of a commit into 100,000 keys against SQLite's 4 KiB and
	// leaves that of a lookup as it is.
	pageBytes = 1024
	// checkpointPages is the length of the write-ahead log at which it is
	// written back: 4 MiB. The log then starts over, and what a large commit
	// made it grow beyond logLimit is cut off.
	checkpointPages = 4000
	logLimit        = 4 << 20
)

// complete returns the options with their defaults, or what is wrong in them.
func (o Options) complete() (Options, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Sync = strings.ToUpper(o.Sync)
	if o.Sync == "" {
		o.Sync = "NORMAL"
	}
	if known := []string{"OFF", "NORMAL", "FULL", "EXTRA"}; !slices.Contains(known, o.Sync) {
		return o, fmt.Errorf("open cursor: synchronous setting %q is none of %s", o.Sync, strings.Join(known, ", "))
	}
	o.JournalMode = strings.ToUpper(o.JournalMode)
	if o.JournalMode == "" {
		o.JournalMode = "WAL"
	}
	if known := []string{"WAL", "DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF"}; !slices.Contains(known, o.JournalMode) {
		return o, fmt.Errorf("open cursor: journal mode %q is none of %s", o.JournalMode, strings.Join(known, ", "))
	}
	if o.JournalMode == "OFF" {
		o.JournalMode = "MEMORY"
	}
	if o.JournalMode == "MEMORY" && o.Path != "" {
		o.Logger.Warn("cursor without a journal on disk: a crash can damage the file", "path", o.Path)
	}
	return o, nil
}

// dsn returns the data source name for one connection. Every connection gets
// the same settings, also one that database/sql opens anew.
func dsn(path string, o Options) string {
	q := url.Values{
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_txlock":       {"immediate"},
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_sync":         {o.Sync},
		"_pragma": {
			"page_size(" + strconv.Itoa(pageBytes) + ")",
			"cache_size(-" + strconv.Itoa(cacheKiB) + ")",
			"temp_store(MEMORY)",
			"trusted_schema(OFF)",
			"cell_size_check(ON)",
		},
	}
	if path == "" {
		return ":memory:?" + q.Encode()
	}
	q.Add("mode", "rw")
	q.Add("_pragma", "wal_autocheckpoint("+strconv.Itoa(checkpointPages)+")")
	q.Add("_pragma", "journal_size_limit("+strconv.Itoa(logLimit)+")")
	if o.Locking {
		q.Add("_pragma", "locking_mode(EXCLUSIVE)")
	}
	if o.JournalMode != "" {
		q.Add("_journal_mode", o.JournalMode)
	}
	return fileURI(path, q)
}

func fileURI(path string, q url.Values) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// connect returns a pool of exactly one connection, for reads and writes. In
// memory a second one would see another database. On disk one for reads would
// spare a lookup the wait for a commit, some milliseconds, but its lookups are
// no faster and it takes a cache of its own, emptied by every commit.
func connect(dsn string) (*sql.DB, error) {
	db, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	db.SetConnMaxIdleTime(0)
	db.SetConnMaxLifetime(0)
	return db, nil
}
