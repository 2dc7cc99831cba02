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

// settings are how a connection uses its file.
type settings struct {
	of      Database
	sync    string
	journal string
	locking bool
	// readOnly connections never write.
	readOnly bool
}

// dsn returns the data source name for one connection. Every connection gets
// the same settings, also one that database/sql opens anew.
func dsn(path string, set settings) string {
	l := set.of.layout()
	q := url.Values{
		"_defensive":    {"1"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_txlock":       {"immediate"},
		"_busy_timeout": {strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
		"_sync":         {set.sync},
		"_pragma": {
			"page_size(" + strconv.Itoa(l.pageBytes) + ")",
			"cache_size(-" + strconv.Itoa(l.cacheKiB) + ")",
			"temp_store(MEMORY)",
			"trusted_schema(OFF)",
			"cell_size_check(ON)",
		},
	}
	if path == "" {
		return ":memory:?" + q.Encode()
	}
	q.Add("mode", "rw")
	q.Add("_pragma", "wal_autocheckpoint("+strconv.Itoa(l.checkpointPages)+")")
	q.Add("_pragma", "journal_size_limit("+strconv.FormatInt(l.logLimit, 10)+")")
	if l.erases {
		q.Add("_pragma", "secure_delete(ON)")
	}
	if set.readOnly {
		q.Add("_pragma", "query_only(ON)")
	}
	if set.locking {
		q.Add("_pragma", "locking_mode(EXCLUSIVE)")
	}
	if set.journal != "" {
		q.Add("_journal_mode", set.journal)
	}
	return fileURI(path, q)
}

func fileURI(path string, q url.Values) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// connect returns a pool of exactly one connection. A cursor has one for reads
// and writes: in memory a second one would see another database, and on disk
// one for reads would spare a lookup the wait for a commit, some milliseconds,
// but its lookups are no faster and it takes a cache of its own, emptied by
// every commit.
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
