package docs

import (
	"bytes"
	"context"
	"database/sql" //nolint:depguard // It stands in for the sqlite3 shell.
	"fmt"
	"os"
	"strings"
	"testing"

	// The driver that the cursor has.
	_ "modernc.org/sqlite" //nolint:depguard // Likewise.
)

func contains(data []byte, text string) bool { return bytes.Contains(data, []byte(text)) }

// sqlite3 stands in for the sqlite3 shell: sqlite3 [-readonly] FILE SQL. It prints
// rows as that does.
func sqlite3(args []string, out, errs *os.File) int {
	mode := "rw"
	if len(args) > 0 && args[0] == "-readonly" {
		mode, args = "ro", args[1:]
	}
	if len(args) != 2 {
		return complain(errs, fmt.Errorf("want a file and one statement, got %d arguments", len(args)))
	}
	return complain(errs, query("file:"+args[0]+"?mode="+mode, args[1], out))
}

func query(dsn, statement string, out *os.File) (err error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	rows, err := db.QueryContext(context.Background(), statement)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	cells := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = c.String
		}
		if _, err := fmt.Fprintln(out, strings.Join(texts, "|")); err != nil {
			return err
		}
	}
	return rows.Err()
}

// runSQL runs the statements of a block in a database of its own.
func runSQL(t *testing.T, b block) {
	t.Helper()
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), b.text); err != nil {
		t.Errorf("%s:%d: %v", b.file, b.line, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
