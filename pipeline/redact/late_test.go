package redact_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// TestBudgetWithinText withholds one long text for which the time runs out while
// patterns are looked for in it.
func TestBudgetWithinText(t *testing.T) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("the password is not "+strings.Repeat("x", 80)+"\\n", 2500)
	document := `{"kind":"Pod","status":{"message":"` + text + `"}}`
	asked, last := 0, 1<<30
	clock := func() time.Time {
		if asked++; asked > last {
			return time.Unix(3600, 0)
		}
		return time.Unix(0, 0)
	}
	r := redact.New(redact.Options{Salt: salt, Patterns: rules, Budget: time.Second, Now: clock})
	if out, reason := r.Document(document, nil); reason != "" || out != document {
		t.Fatalf("%d bytes remain of %d, withheld for %q", len(out), len(document), reason)
	}
	if asked < 8 {
		t.Errorf("the clock is asked %d times", asked)
	}
	asked, last = 0, asked/2
	out, reason := r.Document(strings.ReplaceAll(document, "not", "nor"), nil)
	if reason != redact.ReasonTooSlow || strings.Contains(out, "password") {
		t.Errorf("%d bytes remain, withheld for %q", len(out), reason)
	}
	if asked != last+1 {
		t.Errorf("the clock is asked %d times, and %d were enough", asked, last+1)
	}
}
