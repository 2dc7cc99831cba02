package status

import (
	"os"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/drift"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

// documented are the cells of a table in docs/STATUS.md, by rows, without its
// title.
func documented(t *testing.T, after string) [][]string {
	t.Helper()
	b, err := os.ReadFile("../../docs/STATUS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "\n"+after+"\n")
	if !ok {
		t.Fatalf("docs/STATUS.md has no %q", after)
	}
	_, rest, _ = strings.Cut(rest, "\n|")
	table, _, _ := strings.Cut("|"+rest, "\n\n")
	var rows [][]string
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		t.Fatalf("the table after %q is empty", after)
	}
	return append(rows[:1:1], rows[2:]...)
}

// The table of health and sync is how they combine.
func TestDocumentedCombination(t *testing.T) {
	word := func(s string) string {
		switch s {
		case "none", "no sync":
			return ""
		}
		return strings.TrimPrefix(s, "sync ")
	}
	rows := documented(t, "<!-- combine -->")
	if len(rows) != len(healths)+1 {
		t.Errorf("%d healths, want %d", len(rows)-1, len(healths))
	}
	for _, row := range rows[1:] {
		for i, cell := range row[1:] {
			got := event.Combine(event.Health(word(row[0])), event.Sync(word(rows[0][i+1])))
			if string(got) != word(cell) {
				t.Errorf("%s and %s make %q, not %q", row[0], rows[0][i+1], got, cell)
			}
		}
	}
}

// The statuses of applications stand from the worst on.
func TestDocumentedApplications(t *testing.T) {
	before := len(applicationStatuses)
	for _, row := range documented(t, "The first of these that applies is the application's `status`:")[1:] {
		at := int(wordOf[applicationWord](applicationStatuses[:], event.ApplicationStatus(strings.Trim(row[0], "`"))))
		switch {
		case at == 0:
			t.Errorf("%s is no status", row[0])
		case at > int(applicationUnknown):
			// The deployment's.
		case at >= before:
			t.Errorf("%s is not better than the one before", row[0])
		default:
			before = at
		}
	}
	if before != int(applicationHealthy) {
		t.Errorf("the last is %s", applicationStatuses[before])
	}
}

// Every kind with a rule is in the table.
func TestDocumentedKinds(t *testing.T) {
	var all strings.Builder
	for _, row := range documented(t, "### Kubernetes' own kinds")[1:] {
		all.WriteString(strings.NewReplacer(",", " , ", "(", " ( ").Replace(row[0]) + " , ")
	}
	for _, kind := range health.Kinds() {
		if !strings.Contains(" "+all.String(), " "+kind.Kind+" ") {
			t.Errorf("docs/STATUS.md has no rule for %s", kind.Kind)
		}
	}
}

// The examples of sync_ignore are entries.
func TestDocumentedIgnores(t *testing.T) {
	rows := documented(t, "<!-- sync_ignore -->")[1:]
	for _, row := range rows {
		if _, err := drift.ParseIgnore(strings.Trim(row[0], "`")); err != nil {
			t.Error(err)
		}
	}
}
