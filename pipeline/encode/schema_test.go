package encode_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fluent-live/live-status/pipeline/encode"
)

const (
	schemaFile = "../../docs/schema/live-status-v1.schema.json"
	docFile    = "../../docs/RECORDS.md"
)

func recordSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, doc []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestGoldensMatchSchema(t *testing.T) {
	schema := recordSchema(t)
	for file, rec := range goldens(t) {
		b, err := encode.AppendJSON(nil, redacted(rec))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, b); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	bad := `{"schema":"live-status/v1","type":"event","id":"i","time":"2026-11-21T10:00:00.000000000Z","cluster":"c","event":{"count":1,"count_delta":1,"surprise":1}}`
	if validate(t, schema, []byte(bad)) == nil {
		t.Error("the schema allows keys it does not name")
	}
}

// documented returns the keys of the tables in RECORDS.md, in their order.
func documented(t *testing.T) []string {
	t.Helper()
	doc, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_.\\[\\]]+)` \\|[^|\n]+\\|[^|\n]+\\|[^|\n]+\\|$").FindAllSubmatch(doc, -1) {
		keys = append(keys, string(m[1]))
	}
	return keys
}

func TestDocumentedKeysAreThoseOfSchema(t *testing.T) {
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	defs, _ := schema["$defs"].(map[string]any)
	found := map[string]bool{}
	var walk func(path string, node map[string]any)
	walk = func(path string, node map[string]any) {
		if ref, ok := node["$ref"].(string); ok {
			node, _ = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		}
		if items, ok := node["items"].(map[string]any); ok {
			walk(path+"[]", items)
		}
		properties, _ := node["properties"].(map[string]any)
		for key, sub := range properties {
			p := strings.TrimPrefix(path+"."+key, ".")
			found[p] = true
			if sub, ok := sub.(map[string]any); ok {
				walk(p, sub)
			}
		}
	}
	types, _ := schema["oneOf"].([]any)
	for _, s := range types {
		if s, ok := s.(map[string]any); ok {
			walk("", s)
		}
	}
	want := slices.Sorted(maps.Keys(found))
	got := documented(t)
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("keys of the schema and of RECORDS.md differ (-schema +doc):\n%s", diff)
	}
}

// TestKeysComeInDocumentedOrder uses the records that have every field.
func TestKeysComeInDocumentedOrder(t *testing.T) {
	records := goldens(t)
	for file, table := range map[string]string{
		"testdata/event-full.txtar":      "event",
		"testdata/monitor-running.txtar": "monitor",
	} {
		b, err := encode.AppendJSON(nil, redacted(records[file]))
		if err != nil {
			t.Fatal(err)
		}
		var envelope, part, redaction []string
		for _, key := range documented(t) {
			top, _, _ := strings.Cut(key, ".")
			switch {
			case top == table:
				part = append(part, key)
			case top == "redaction":
				redaction = append(redaction, key)
			case top != "event" && top != "monitor":
				envelope = append(envelope, key)
			}
		}
		want := slices.Concat(envelope, part, redaction)
		var got []string
		for _, key := range keysInOrder(t, b) {
			if !slices.Contains(want, key) {
				// The keys of labels and the like come from the cluster.
				if !regexp.MustCompile(`^(event\.(labels|annotations)|monitor\.counters\.rejected)\.`).MatchString(key) {
					t.Errorf("%s: key %s is not documented", file, key)
				}
				continue
			}
			if !slices.Contains(got, key) {
				got = append(got, key)
			}
		}
		if table == "monitor" {
			want = slices.DeleteFunc(want, func(key string) bool { return strings.HasPrefix(key, "object") })
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: order differs (-doc +record):\n%s", file, diff)
		}
	}
}

func TestExamplesInDocMatchSchema(t *testing.T) {
	doc, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	schema := recordSchema(t)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(examples) != 2 {
		t.Errorf("%d examples", len(examples))
	}
	for _, m := range examples {
		if err := validate(t, schema, m[1]); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
	}
}
