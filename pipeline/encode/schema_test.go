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

// parts are the keys that hold what a type adds, in the order of the records,
// and the golden record that has every field of the type.
var parts = []struct {
	golden string
	keys   []string
}{
	{"testdata/event-full.txtar", []string{"event"}},
	{"testdata/audit-full.txtar", []string{"audit", "change"}},
	{"testdata/deployment-full.txtar", []string{"deployment"}},
	{"testdata/rejected.txtar", []string{"rejected"}},
	{"testdata/monitor-running.txtar", []string{"monitor"}},
}

// free matches keys that come from the cluster.
var free = regexp.MustCompile(`^(event\.(labels|annotations)|audit\.(annotations|request|response|(impersonated_)?user\.extra)|monitor\.counters\.(rejected|correlated))[.\[]`)

// TestKeysComeInDocumentedOrder uses the records that have every field.
func TestKeysComeInDocumentedOrder(t *testing.T) {
	records := goldens(t)
	var allParts []string
	for _, part := range parts {
		allParts = append(allParts, part.keys...)
	}
	for _, part := range parts {
		rec := records[part.golden]
		b, err := encode.AppendJSON(nil, redacted(rec))
		if err != nil {
			t.Fatal(err)
		}
		var envelope, own, redaction []string
		for _, key := range documented(t) {
			top, _, _ := strings.Cut(key, ".")
			switch {
			case slices.Contains(part.keys, top):
				own = append(own, key)
			case top == "redaction":
				redaction = append(redaction, key)
			case rec.Object == nil && slices.Contains([]string{"application", "correlation", "object", "owner"}, top):
				// Records of this type are about none.
			case key == "correlation" && rec.Deployment != nil:
				// The tool says whose the deployment is.
			case !slices.Contains(allParts, top):
				envelope = append(envelope, key)
			}
		}
		if part.golden == "testdata/event-full.txtar" {
			// Only requests name a resource.
			envelope = without(envelope, "object.resource", "object.subresource")
			own = without(own, "event.related.resource", "event.related.subresource")
		}
		want := slices.Concat(envelope, own, redaction)
		var got []string
		for _, key := range keysInOrder(t, b) {
			if !slices.Contains(want, key) {
				if !free.MatchString(key) {
					t.Errorf("%s: key %s is not documented", part.golden, key)
				}
				continue
			}
			if !slices.Contains(got, key) {
				got = append(got, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: order differs (-doc +record):\n%s", part.golden, diff)
		}
	}
}

func without(keys []string, unwanted ...string) []string {
	return slices.DeleteFunc(keys, func(key string) bool { return slices.Contains(unwanted, key) })
}

func TestExamplesInDocMatchSchema(t *testing.T) {
	doc, err := os.ReadFile(docFile)
	if err != nil {
		t.Fatal(err)
	}
	schema := recordSchema(t)
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(doc, -1)
	if len(examples) != len(parts) {
		t.Errorf("%d examples", len(examples))
	}
	for _, m := range examples {
		if err := validate(t, schema, m[1]); err != nil {
			t.Errorf("%s\n%v", m[1], err)
		}
	}
}
