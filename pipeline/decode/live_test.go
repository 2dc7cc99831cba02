package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// keepOwn keeps the annotations of example.com.
var keepOwn = ObjectDecoder{Annotations: func(key string) bool { return strings.HasPrefix(key, "example.com/") }}

// Each file holds an object as the API server serves it, the resource it was
// asked for by, and under "want" what is kept of it.
func TestLive(t *testing.T) {
	files, err := filepath.Glob("testdata/live/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c struct {
				Resource event.APIResource
				Object   json.RawMessage
				// JSON is an object that YAML cannot tell.
				JSON string
				Want struct {
					Error event.RejectReason
					Live  event.Live
				}
			}
			if err := yaml.UnmarshalStrict(data, &c); err != nil {
				t.Fatal(err)
			}
			raw := []byte(c.JSON)
			if c.JSON == "" {
				raw = c.Object
			}
			got, err := keepOwn.Decode(raw, c.Resource)
			bad, _ := errors.AsType[*Error](err)
			if (bad != nil) != (c.Want.Error != "") || (bad != nil && bad.Reason != c.Want.Error) {
				t.Fatalf("error %v, want reason %q", err, c.Want.Error)
			}
			if diff := cmp.Diff(c.Want.Live, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var pods = event.APIResource{Version: "v1", Resource: "pods", Kind: "Pod", Namespaced: true}

// Nothing that the creator of an object chooses makes more memory be kept than
// is meant to.
func TestLiveOfHostileMetadata(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	var owners, labels []string
	for i := range 5000 {
		owners = append(owners, fmt.Sprintf(`{"apiVersion":"v1","kind":"Node","name":"n%d","uid":"u%d"}`, i, i))
		labels = append(labels, fmt.Sprintf(`"example.com/%d":%q`, i, strings.Repeat("v", 200)))
	}
	metadata := func(field, value string) string {
		return fmt.Sprintf(`{"metadata":{"name":"p","uid":"u",%q:%s}}`, field, value)
	}
	for name, raw := range map[string]string{
		"owners":           metadata("ownerReferences", "["+strings.Join(owners, ",")+"]"),
		"labels":           metadata("labels", "{"+strings.Join(labels, ",")+"}"),
		"annotations":      metadata("annotations", "{"+strings.Join(labels, ",")+"}"),
		"a huge label":     metadata("labels", `{"a":"`+long+`"}`),
		"a huge owner UID": metadata("ownerReferences", `[{"kind":"Node","name":"n","uid":"`+long+`"}]`),
		"a huge namespace": metadata("namespace", `"`+long+`"`),
		"a huge selector":  `{"apiVersion":"app.k8s.io/v1beta1","kind":"Application","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{` + strings.Join(labels, ",") + `}}}}`,
		"nested values":    metadata("finalizers", strings.Repeat("[", 9000)+strings.Repeat("]", 9000)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := keepOwn.Decode([]byte(raw), event.APIResource{Version: "v1", Resource: "x", Kind: kindOf(raw)})
			if err != nil {
				t.Fatal(err)
			}
			data, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) > 40<<10 || len(got.Owners) > maxOwners || len(got.Labels) > maxLabels || got.Selection != nil {
				t.Errorf("%d bytes, %d owners, %d labels", len(data), len(got.Owners), len(got.Labels))
			}
		})
	}
	t.Run("nested too deep", func(t *testing.T) {
		_, err := keepOwn.Decode([]byte(metadata("finalizers", strings.Repeat("[", 1<<20))), pods)
		if bad, ok := errors.AsType[*Error](err); !ok || bad.Reason != event.RejectNotJSON || strings.Contains(err.Error(), "[[") {
			t.Errorf("error %v", err)
		}
	})
}

func kindOf(raw string) string {
	if strings.Contains(raw, "app.k8s.io") {
		return "Application"
	}
	return "Pod"
}

// What a real kube-apiserver serves is read as encoding/json reads it.
func TestLiveOfRecordedObjects(t *testing.T) {
	for _, raw := range recordedObjects(t) {
		var want struct {
			APIVersion, Kind string
			Metadata         struct {
				Name, Namespace, UID, ResourceVersion string
				Labels                                map[string]string
				OwnerReferences                       []event.Owner
			}
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		got, err := keepOwn.Decode(raw, event.APIResource{})
		if err != nil {
			t.Fatal(err)
		}
		ref := event.ObjectRef{
			APIVersion: want.APIVersion, Kind: want.Kind, Namespace: event.Namespace(want.Metadata.Namespace),
			Name: want.Metadata.Name, UID: event.UID(want.Metadata.UID), ResourceVersion: event.ResourceVersion(want.Metadata.ResourceVersion),
		}
		labels := map[string]string{}
		for _, l := range got.Labels {
			labels[l.Key] = l.Value
		}
		if diff := cmp.Diff(ref, got.Ref) + cmp.Diff(want.Metadata.Labels, labels, cmpopts.EquateEmpty()) +
			cmp.Diff(want.Metadata.OwnerReferences, got.Owners, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got.Created.IsZero() || !slices.IsSortedFunc(got.Labels, func(a, b event.Label) int { return strings.Compare(a.Key, b.Key) }) {
			t.Errorf("created %v, labels %v", got.Created, got.Labels)
		}
	}
}

func recordedObjects(t testing.TB) []json.RawMessage {
	t.Helper()
	var l struct{ Items []json.RawMessage }
	if err := json.Unmarshal(gunzip(t, "objects.json.gz"), &l); err != nil || len(l.Items) < 5 {
		t.Fatalf("%d objects: %v", len(l.Items), err)
	}
	return l.Items
}

func BenchmarkLive(b *testing.B) {
	for _, kind := range []string{"Pod", "Deployment"} {
		b.Run(kind, func(b *testing.B) {
			var raw []byte
			for _, o := range recordedObjects(b) {
				if l, err := keepOwn.Decode(o, event.APIResource{}); err == nil && l.Ref.Kind == kind && len(o) > len(raw) {
					raw = o
				}
			}
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := keepOwn.Decode(raw, event.APIResource{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
