package cursor

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// nextStep is a step that no version has yet.
func nextStep() migration {
	return migration{
		"ALTER TABLE position ADD COLUMN cluster TEXT NOT NULL DEFAULT ''",
		"UPDATE position SET cluster = 'migrated'",
	}
}

// former makes a file of each former format and the present one.
func former(t *testing.T) []string {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join("testdata", "format-*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) != len(migrations()) {
		t.Fatalf("testdata has %d formats, there are %d", len(scripts), len(migrations()))
	}
	var paths []string
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), filepath.Base(script)+".db")
		foreign(t, path, false, string(text))
		paths = append(paths, path)
	}
	return paths
}

func checkFormer(t *testing.T, c *Cursor) {
	t.Helper()
	position, ok, err := c.Position(t.Context(), "events")
	if position != "4711" || !ok || err != nil {
		t.Error(position, ok, err)
	}
	for key, want := range map[event.SeenKey]event.Seen{
		"0f8fad5b-d9cb-469f-a165-70867728950e": {
			Version: "4700", Count: 3, Last: time.Unix(1_790_000_000, 250_000_000).UTC(), Digest: 1<<64 - 2,
		},
		"no uuid": {Version: "v1", Count: 1},
	} {
		got, ok, err := c.Seen(t.Context(), key)
		if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
			t.Error(diff, ok, err)
		}
	}
}

func TestFormerFormats(t *testing.T) {
	for i, path := range former(t) {
		c := mustOpen(t, Options{Path: path})
		checkFormer(t, c)
		var want []passedAt
		if i+1 >= 2 {
			want = []passedAt{{epoch(), []event.Fingerprint{
				{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
				{255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			}}}
		}
		if diff := cmp.Diff(want, allPassed(t, c, time.Time{})); diff != "" {
			t.Error(diff)
		}
		mustCommit(t, c, Changes{Passed: prints(1, 3)})
		if got := allPassed(t, c, time.Time{}); len(got) != len(want)+1 {
			t.Error(got)
		}
		statuses := map[event.StatusKey]string{}
		if i+1 >= 3 {
			statuses = map[event.StatusKey]string{"o/apps/Deployment/shop/web": "\x01\x00\x02", "base": "\x01\x07"}
		}
		if diff := cmp.Diff(statuses, allStatuses(t, c)); diff != "" {
			t.Error(diff)
		}
		s, err := c.Stats(t.Context())
		if err != nil || s.Format != len(migrations()) {
			t.Errorf("%+v %v", s, err)
		}
	}
}

func TestNextFormat(t *testing.T) {
	for _, path := range append(former(t), tempPath(t)) {
		steps := append(migrations(), nextStep())
		c, err := open(t.Context(), Options{Path: path}, steps)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Stats(t.Context())
		if err != nil || s.Format != len(steps) {
			t.Errorf("%+v %v", s, err)
		}
		if s.Seen > 0 {
			checkFormer(t, c)
			var cluster string
			if err := c.db.QueryRow("SELECT cluster FROM position").Scan(&cluster); err != nil || cluster != "migrated" {
				t.Error(cluster, err)
			}
		}
		mustClose(t, c)
		// The version before can no longer read it, and says so.
		_, err = Open(t.Context(), Options{Path: path})
		wantKind(t, err, Newer)
	}
}

// TestFailedStep shows that a step that fails leaves the former format.
func TestFailedStep(t *testing.T) {
	for _, path := range former(t) {
		steps := append(migrations(), append(nextStep(), "INSERT INTO nowhere VALUES (1)"))
		_, err := open(t.Context(), Options{Path: path}, steps)
		wantKind(t, err, IO)
		if !strings.Contains(err.Error(), "nowhere") {
			t.Error(err)
		}
		c := mustOpen(t, Options{Path: path})
		checkFormer(t, c)
	}
}

// schemaOf returns the statements that make the tables and indexes we chose.
func schemaOf(db *sql.DB) (statements []string, err error) {
	rows, err := db.Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		statements = append(statements, s)
	}
	return statements, rows.Err()
}

// documented checks that the docs show the schema of a database, and returns
// them.
func documented(t *testing.T, db *sql.DB) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "CURSOR.md"))
	if err != nil {
		t.Fatal(err)
	}
	statements, err := schemaOf(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if !strings.Contains(string(doc), s+";") {
			t.Errorf("docs/CURSOR.md lacks:\n%s;", s)
		}
	}
	return string(doc)
}

// TestSchemaIsDocumented compares the schema with the one in the docs and
// with the file of the present format.
func TestSchemaIsDocumented(t *testing.T) {
	db := mustOpen(t, Options{}).db
	doc := documented(t, db)
	got, err := schemaOf(db)
	if err != nil {
		t.Fatal(err)
	}
	paths := former(t)
	want, err := schemaOf(mustOpen(t, Options{Path: paths[len(paths)-1]}).db)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the file of the present format has another schema (-file +code):\n%s", diff)
	}
	for _, e := range []error{
		&Error{Path: "P", Kind: Corrupt, Err: errors.New("E")},
		&Error{Path: "P", Kind: Foreign, Err: errors.New("is the database of Fluent Bit's kubernetes_events")},
	} {
		_, way, _ := strings.Cut(e.Error(), "; ")
		if !strings.Contains(doc, way) {
			t.Errorf("docs/CURSOR.md lacks the way out %q", way)
		}
	}
}
