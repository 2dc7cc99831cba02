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

// documented returns the keys of the tables in RECORDS.md by the heading above
// them, in their order.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	doc, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	heading := ""
	row := regexp.MustCompile("^\\| `([a-z_.\\[\\]]+)` \\|[^|\n]+\\|[^|\n]+\\|[^|\n]+\\|$")
	for line := range strings.Lines(string(doc)) {
		line = strings.TrimSuffix(line, "\n")
		if title, ok := strings.CutPrefix(line, "## "); ok {
			heading = title
		} else if m := row.FindStringSubmatch(line); m != nil {
			keys[heading] = append(keys[heading], m[1])
		}
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
	got := slices.Concat(slices.Collect(maps.Values(documented(t)))...)
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("keys of the schema and of RECORDS.md differ (-schema +doc):\n%s", diff)
	}
}

// kinds are the types of records: the heading of what they add, the golden record
// that has every field, and the keys of the envelope that they do not have.
var kinds = []struct {
	heading string
	golden  string
	lacks   []string
}{
	// Only requests name a resource.
	{"event", "testdata/event-full.txtar", []string{"object.resource", "object.subresource", "event.related.resource", "event.related.subresource"}},
	{"audit", "testdata/audit-full.txtar", nil},
	{"object_status", "testdata/object-status-full.txtar", nil},
	{"application_status", "testdata/application-status-full.txtar", []string{"correlation", "object", "owner"}},
	// The tool says whose the deployment is.
	{"deployment", "testdata/deployment-full.txtar", []string{"correlation"}},
	// Records of these are about none.
	{"rejected", "testdata/rejected.txtar", []string{"application", "correlation", "object", "owner"}},
	{"monitor_status", "testdata/monitor-running.txtar", []string{"application", "correlation", "object", "owner"}},
}

// free matches keys that come from the cluster.
var free = regexp.MustCompile(`^(event\.(labels|annotations)|audit\.(annotations|request|response|(impersonated_)?user\.extra)|monitor\.counters\.(rejected|correlated)|monitor\.redaction\.(found|withheld)|monitor\.statuses\.(objects|applications)_by|objects_by|drift\[\]\.(desired|live))[.\[]`)

// TestKeysComeInDocumentedOrder uses the records that have every field.
func TestKeysComeInDocumentedOrder(t *testing.T) {
	records, keys := goldens(t), documented(t)
	redaction := slices.IndexFunc(keys["Envelope"], func(key string) bool { return key == "redaction" })
	for _, kind := range kinds {
		b, err := encode.AppendJSON(nil, redacted(records[kind.golden]))
		if err != nil {
			t.Fatal(err)
		}
		own := keys[kind.heading]
		if kind.heading == "application_status" {
			own = slices.Concat(own, keys["deployment"][1:])
		}
		want := slices.Concat(keys["Envelope"][:redaction], own, keys["Envelope"][redaction:])
		want = slices.DeleteFunc(want, func(key string) bool {
			return slices.ContainsFunc(kind.lacks, func(lacked string) bool { return key == lacked || strings.HasPrefix(key, lacked+".") })
		})
		var got []string
		for _, key := range keysInOrder(t, b) {
			if !slices.Contains(want, key) {
				if !free.MatchString(key) {
					t.Errorf("%s: key %s is not documented", kind.golden, key)
				}
				continue
			}
			if !slices.Contains(got, key) {
				got = append(got, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: order differs (-doc +record):\n%s", kind.golden, diff)
		}
	}
}

// TestExamplesInDocMatchSchema has at least one example of each type.
func TestExamplesInDocMatchSchema(t *testing.T) {
	doc, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	schema := recordSchema(t)
	types := map[string]int{}
	for _, m := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(doc, -1) {
		if err := validate(t, schema, m[1]); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
		var example struct{ Type string }
		if err := json.Unmarshal(m[1], &example); err != nil {
			t.Fatal(err)
		}
		types[example.Type]++
	}
	for _, kind := range kinds {
		if types[kind.heading] == 0 {
			t.Errorf("no example of type %s", kind.heading)
		}
	}
}

// TestRecordsInReadmeMatchSchema reads one record a line.
func TestRecordsInReadmeMatchSchema(t *testing.T) {
	doc, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	schema := recordSchema(t)
	n := 0
	for _, m := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(doc, -1) {
		for line := range bytes.Lines(m[1]) {
			n++
			if err := validate(t, schema, line); err != nil {
				t.Errorf("%s%v", line, err)
			}
		}
	}
	if n == 0 {
		t.Error("README.md shows no record")
	}
}
