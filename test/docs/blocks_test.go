package docs

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestBlocks looks at every block of the documentation in the way of its language.
// What it cannot look at it says.
func TestBlocks(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(repository(t, "docs", "schema", "live-status-v1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	place := newPlace(t, cluster(t))
	script := readScript(t)
	tally, backups := map[string]int{}, map[string]string{}
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			for _, name := range []string{"backup", "restore"} {
				if _, found := b.mark(name); found {
					backups[name] = b.text
				}
			}
			what := ""
			t.Run(fmt.Sprintf("%s:%d", b.file, b.line), func(t *testing.T) {
				what = look(t, place, script, schema, b)
			})
			tally[what]++
		}
	}
	t.Run("backup", func(t *testing.T) { backup(t, place, backups) })
	if !strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		script.unused(t)
	}
	for _, what := range slices.Sorted(maps.Keys(tally)) {
		t.Logf("%3d %s", tally[what], what)
	}
}

// look tests a block, and returns what was done with it.
func look(t *testing.T, place *place, script *script, schema *jsonschema.Schema, b block) string {
	t.Helper()
	if why, found := b.mark("not run"); found {
		if why == "" {
			t.Error("no reason is given")
		}
		t.Logf("NOT RUN: %s\n%s", why, b.text)
		return "not run: " + why
	}
	if strings.Contains(b.lang, "yaml") || b.lang == "json" || b.lang == "ini" {
		if _, file := b.mark("file"); file {
			return "files that commands of the same page read (cmd/live-status)"
		}
	}
	switch b.lang {
	case "console", "sh", "bash", "shell":
		for _, m := range []string{"backup", "restore"} {
			if _, found := b.mark(m); found {
				return "commands, run together"
			}
		}
		for _, m := range []string{"assess", "call"} {
			if _, found := b.mark(m); found {
				return "commands whose output is compared (cmd/live-status)"
			}
		}
		if _, found := b.mark("file"); found {
			return "files that commands of the same page read (cmd/live-status)"
		}
		return script.run(t, place, b)
	case "json":
		return lookAtJSON(t, schema, b)
	case "yaml":
		return lookAtYAML(t, place, b)
	case "ini":
		return place.classic(t, b)
	case "sql":
		runSQL(t, b)
		return "SQL, run"
	case "promql":
		return "PromQL (test/monitoring)"
	case "mermaid", "text":
		return "pictures and text"
	default:
		t.Errorf("a block in %q: say its language, text where it is none", b.lang)
		return "in no language"
	}
}

// lookAtJSON parses a block, and compares records with the schema.
func lookAtJSON(t *testing.T, schema *jsonschema.Schema, b block) string {
	t.Helper()
	text := strings.TrimSpace(b.text)
	if strings.HasPrefix(text, `"`) {
		// Members of an object, shown without it.
		text = "{" + strings.TrimSuffix(text, ",") + "}"
	}
	records, decoder := 0, json.NewDecoder(strings.NewReader(text))
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if object, ok := value.(map[string]any); !ok || object["schema"] == nil {
			continue
		}
		records++
		if err := schema.Validate(value); err != nil {
			t.Errorf("no record: %v", err)
		}
	}
	if records > 0 {
		return "records, valid by the schema"
	}
	return "JSON, parsed"
}
