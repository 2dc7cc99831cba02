package change_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/change"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// Over what a real API server audited, an update is compared only where the
// version before it was seen, and what differs is what encoding/json says: down
// to the fields of metadata, spec and status.
func TestRecordedWrites(t *testing.T) {
	f, err := os.Open("../decode/testdata/auditcorpus/audit-mixed.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 8<<20)

	var decoder decode.AuditDecoder
	tracker := change.NewTracker(change.Options{MaxBytes: 64 << 20})
	known := map[string]map[string]any{}
	types := map[event.ChangeType]int{}
	compared, late := 0, 0
	for lines.Scan() {
		a, err := decoder.Decode(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		c := tracker.Changes(&a)
		if c != nil {
			types[c.Type]++
		}
		if a.Object.Resource == "events" || a.Code >= 300 || a.Response == "" || strings.Contains(a.RequestURI, "dryRun") {
			continue
		}
		var now map[string]any
		if json.Unmarshal([]byte(a.Response), &now) != nil {
			continue
		}
		metadata, _ := now["metadata"].(map[string]any)
		version, _ := metadata["resourceVersion"].(string)
		at := func(version string) string {
			return strings.Join([]string{a.Object.Resource, string(a.Object.Namespace), a.Object.Name, version}, "\x00")
		}
		if a.Verb == "update" && version != string(a.Object.ResourceVersion) {
			before, ok := known[at(string(a.Object.ResourceVersion))]
			if c.Compared && !ok {
				t.Fatalf("%s %s: compared with an object not seen", a.Verb, a.RequestURI)
			}
			if !c.Compared && ok {
				// Concurrent writes are audited in the order they end, not that of
				// their versions: a later one is known already.
				late++
			}
			if c.Compared {
				compared++
				if got, want := tops(c.Paths), differing(before, now); !slices.Equal(got, want) {
					t.Fatalf("%s %s: %q, of %q, want %q", a.Verb, a.RequestURI, got, c.Paths, want)
				}
			}
		}
		switch a.Verb {
		case "create", "update", "patch", "delete":
			if metadata["name"] == a.Object.Name && version != "" {
				known[at(version)] = now
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d updates compared, %d came too late; %v", compared, late, types)
	if compared < 300 || late > compared/10 || types[event.ChangeApply] == 0 || types[event.ChangeStrategicMergePatch] == 0 {
		t.Errorf("%d updates compared; %v", compared, types)
	}
}

// tops cuts paths after their second field.
func tops(paths []event.FieldPath) []string {
	var out []string
	for _, p := range paths {
		s := string(p)
		ends := func(from int) int {
			if i := strings.IndexAny(s[from:], ".["); i >= 0 {
				return from + i
			}
			return len(s)
		}
		if first := ends(0); first < len(s) && s[first] == '.' {
			s = s[:ends(first+1)]
		} else {
			s = s[:first]
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func differing(was, is map[string]any) []string {
	var out []string
	each := func(a, b map[string]any, f func(string)) {
		seen := map[string]bool{}
		for _, m := range []map[string]any{a, b} {
			for k := range m {
				if !seen[k] && !reflect.DeepEqual(a[k], b[k]) {
					seen[k] = true
					f(k)
				}
			}
		}
	}
	each(was, is, func(k string) {
		w, wasObject := was[k].(map[string]any)
		i, isObject := is[k].(map[string]any)
		if k != "metadata" && k != "spec" && k != "status" || !wasObject && !isObject {
			out = append(out, k)
			return
		}
		each(w, i, func(field string) {
			switch field {
			case "managedFields", "resourceVersion", "generation", "creationTimestamp", "uid":
			default:
				out = append(out, k+"."+field)
			}
		})
	})
	slices.Sort(out)
	return out
}
