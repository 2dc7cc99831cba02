package decode

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// list reads a recorded list and returns its items by uid and version.
func list(t testing.TB, file string) map[string]json.RawMessage {
	t.Helper()
	var l struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(gunzip(t, file), &l); err != nil {
		t.Fatal(err)
	}
	items := map[string]json.RawMessage{}
	for _, raw := range l.Items {
		var o struct {
			Metadata struct{ UID, ResourceVersion string } `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		items[o.Metadata.UID+"@"+o.Metadata.ResourceVersion] = raw
	}
	return items
}

func gunzip(t testing.TB, file string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The server serves each event under both groups. Whichever is read, the same
// must come out, or a change of the group would look like a change of the
// event.
func TestBothGroupsDecodeAlike(t *testing.T) {
	core, events := list(t, "events-core-v1.json.gz"), list(t, "events-events-v1.json.gz")
	compared := 0
	for id, raw := range core {
		other, ok := events[id]
		if !ok {
			continue
		}
		compared++
		a, err := KubeEvent(raw)
		if err != nil {
			t.Fatalf("core %s: %v", id, err)
		}
		b, err := KubeEvent(other)
		if err != nil {
			t.Fatalf("events.k8s.io %s: %v", id, err)
		}
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s differs (-core +events.k8s.io):\n%s", id, diff)
		}
	}
	if compared < 500 {
		t.Errorf("compared %d events, want at least 500", compared)
	}
}

// Each file holds an event as kubectl would print it and, under "want", what
// must become of it.
func TestKubeEvent(t *testing.T) {
	files, err := filepath.Glob("testdata/event/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Event json.RawMessage
				Want  struct {
					Error                                   event.RejectReason
					FirstTime, LastTime                     time.Time
					Count                                   int64
					Message, ReportingController, Regarding string
				}
			}
			if err := yaml.UnmarshalStrict(data, &c); err != nil {
				t.Fatal(err)
			}
			occ, err := KubeEvent(c.Event)
			var bad *Error
			if errors.As(err, &bad) != (c.Want.Error != "") || (bad != nil && bad.Reason != c.Want.Error) {
				t.Fatalf("error %v, want reason %q", err, c.Want.Error)
			}
			if err != nil {
				return
			}
			got := c.Want
			got.FirstTime, got.LastTime, got.Count = occ.FirstTime, occ.LastTime, occ.Count
			got.Message, got.ReportingController = occ.Message, occ.ReportingController
			got.Regarding = occ.Regarding.Kind + "/" + occ.Regarding.Name
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorsDoNotQuoteTheInput(t *testing.T) {
	for _, raw := range []string{
		`{"metadata":{"uid":"canary-1"`, `{"reason":{"canary-1":1}}`, `"canary-1"`, `{"count":"canary-1"}`,
		`{"metadata":{"labels":{"a":["canary-1"]}}}`, `canary-1`, `[canary-1]`,
	} {
		_, err := KubeEvent([]byte(raw))
		if err == nil {
			t.Errorf("%s: no error", raw)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error quotes it: %v", raw, err)
		}
	}
}

func FuzzKubeEvent(f *testing.F) {
	for _, file := range []string{"events-core-v1.json.gz", "events-events-v1.json.gz"} {
		n := 0
		for _, raw := range list(f, file) {
			if n++; n > 20 {
				break
			}
			f.Add([]byte(raw))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		occ, err := KubeEvent(raw)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
			return
		}
		if occ.UID == "" || occ.ResourceVersion == "" || occ.LastTime.IsZero() || occ.Count < 1 {
			t.Fatalf("incomplete: %+v", occ)
		}
		for _, s := range []string{occ.Message, occ.Reason, occ.Name, occ.Regarding.Name, string(occ.UID)} {
			if strings.ToValidUTF8(s, "") != s {
				t.Fatalf("not UTF-8: %q", s)
			}
		}
	})
}

func BenchmarkKubeEvent(b *testing.B) {
	items := make([][]byte, 0, 600)
	size := 0
	for _, raw := range list(b, "events-events-v1.json.gz") {
		items = append(items, raw)
		size += len(raw)
	}
	b.SetBytes(int64(size / len(items)))
	b.ReportAllocs()
	var occ event.Occurrence
	for i := 0; b.Loop(); i++ {
		var err error
		if occ, err = KubeEvent(items[i%len(items)]); err != nil {
			b.Fatal(err)
		}
	}
	_ = occ
}
