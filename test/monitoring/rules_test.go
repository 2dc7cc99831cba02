package monitoring

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// chartFile is a file of the chart that Helm does not render.
func chartFile(name string) string {
	return filepath.Join("..", "..", "charts", "live-status", "files", name)
}

// readRules parses the rules as Prometheus does when it starts, unknown keys refused.
func readRules(t *testing.T) []rulefmt.RuleGroup {
	t.Helper()
	groups, errs := rulefmt.ParseFile(chartFile("rules.yaml"), false, model.UTF8Validation, parser.NewParser(parser.Options{}), promslog.NewNopLogger())
	for _, err := range errs {
		t.Error(err)
	}
	if len(errs) > 0 || len(groups.Groups) == 0 {
		t.Fatal("the rules cannot be read")
	}
	return groups.Groups
}

// alerts are the names of all alerts, in the order of the file.
func alerts(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, g := range readRules(t) {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
		}
	}
	return names
}

// TestRules has each alert say what it is to a person and to a router.
func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range readRules(t) {
		if !strings.HasPrefix(g.Name, "live-status-") {
			t.Errorf("group %s does not begin with live-status-", g.Name)
		}
		for _, r := range g.Rules {
			if r.Record != "" {
				t.Errorf("%s: the dashboard must work where only the plugin is scraped", r.Record)
				continue
			}
			if seen[r.Alert] {
				t.Errorf("%s stands there twice", r.Alert)
			}
			seen[r.Alert] = true
			if !strings.HasPrefix(r.Alert, "LiveStatus") {
				t.Errorf("%s does not begin with LiveStatus", r.Alert)
			}
			if s := r.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, s) || len(r.Labels) != 1 {
				t.Errorf("%s: labels %v, want a severity", r.Alert, r.Labels)
			}
			if want := "docs/ALERTS.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
				t.Errorf("%s: runbook %q, want %q", r.Alert, r.Annotations["runbook"], want)
			}
			for _, name := range []string{"summary", "description"} {
				if r.Annotations[name] == "" {
					t.Errorf("%s has no %s", r.Alert, name)
				}
			}
			// Who reads a summary has several clusters; without any there is no name.
			if r.Alert != "LiveStatusAbsent" && r.Alert != "LiveStatusScrapeFailing" && !strings.Contains(r.Annotations["summary"], "$labels.cluster") {
				t.Errorf("%s: the summary does not name the cluster", r.Alert)
			}
		}
	}
}

// TestAlertsAreDocumented wants one section for each alert, with what it means, what to
// do and how to silence it, and none for an alert that there is not.
func TestAlertsAreDocumented(t *testing.T) {
	text := read(t, filepath.Join("..", "..", "docs", "ALERTS.md"))
	sections := map[string]string{}
	for _, part := range strings.Split(text, "\n### ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[name] = body
	}
	for _, name := range alerts(t) {
		body, ok := sections[name]
		if !ok {
			t.Errorf("docs/ALERTS.md has no section on %s", name)
			continue
		}
		for _, word := range []string{"**Means:**", "**Do:**", "**Silence:**"} {
			if !strings.Contains(body, word) {
				t.Errorf("docs/ALERTS.md on %s lacks %s", name, word)
			}
		}
		delete(sections, name)
	}
	for name := range sections {
		if strings.HasPrefix(name, "LiveStatus") {
			t.Errorf("docs/ALERTS.md tells of %s, which is no alert", name)
		}
	}
}
