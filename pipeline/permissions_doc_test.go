package pipeline

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/permission"
)

var updateDocs = flag.Bool("update-docs", false, "write the generated parts of docs/PERMISSIONS.md")

// TestPermissionsDoc compares the table of docs/PERMISSIONS.md with the rules that
// options need.
func TestPermissionsDoc(t *testing.T) {
	const file = "../docs/PERMISSIONS.md"
	g := newGuarded(t)
	var table strings.Builder
	table.WriteString("| Option | Needs, in the rules of a role |\n|---|---|\n")
	row := func(option string, rules []permission.Rule, more string) {
		var cells []string
		for _, r := range rules {
			cells = append(cells, "`"+r.String()+"`")
		}
		fmt.Fprintf(&table, "| %s | %s%s |\n", option, strings.Join(cells, "<br>"), more)
	}
	rules := func(more config.Map) []permission.Rule { return g.needs(t, g.config(t, more)).Rules() }
	only := config.Map{"kube_events": "off", "kube_objects": "on", "objects_exclude": "*"}
	row("access to a cluster", rules(only), "")
	without := func(all, base []permission.Rule) []permission.Rule {
		return slices.DeleteFunc(all, func(r permission.Rule) bool {
			return slices.ContainsFunc(base, func(b permission.Rule) bool { return b.String() == r.String() })
		})
	}
	identity := rules(only)
	row("`kube_events on`", without(rules(config.Map{"kube_objects": "off"}), identity), " or the same of the core group")
	row("`kube_objects on`, `kube_status on`, of each kind that is watched", []permission.Rule{{Groups: []string{"GROUP"}, Resources: []string{"KIND"}, Verbs: []string{"get", "list", "watch"}}}, "")
	row("`kube_objects on`, `kube_status off`, of each kind that is watched", []permission.Rule{{Groups: []string{"GROUP"}, Resources: []string{"KIND"}, Verbs: []string{"list", "watch"}}}, " and `get` of `configmaps` and `secrets`, where Helm keeps releases")
	row("`redact_cluster_secrets on`", without(rules(config.Map{"kube_objects": "off", "kube_events": "on", "redact_cluster_secrets": "on"}), rules(config.Map{"kube_objects": "off"})), "")
	row("`metrics_listen` with `metrics_auth on`", without(rules(config.Map{"kube_objects": "off", "metrics_listen": "127.0.0.1:9465"}), rules(config.Map{"kube_objects": "off"})), "")
	var defaults strings.Builder
	defaults.WriteString("```yaml\nrules:\n")
	for _, r := range rules(nil) {
		defaults.WriteString("  - " + r.String() + "\n")
	}
	defaults.WriteString("```\n")

	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(doc)
	for name, part := range map[string]string{"options": table.String(), "defaults": defaults.String()} {
		begin, rest, ok := strings.Cut(want, "<!-- generated: "+name+" -->\n")
		_, end, closed := strings.Cut(rest, "<!-- end -->\n")
		if !ok || !closed {
			t.Fatalf("%s has no part %s", file, name)
		}
		want = begin + "<!-- generated: " + name + " -->\n" + part + "<!-- end -->\n" + end
	}
	if *updateDocs {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(doc) {
		t.Errorf("%s is not up to date; run go test ./pipeline -run TestPermissionsDoc -update-docs", file)
	}
}
