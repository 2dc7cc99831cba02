package change

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// request is a write as a test's YAML tells it: the fields of an audit event
// that matter.
type request struct {
	Verb           string
	Stage          event.Stage
	Code           int64
	RequestURI     string          `json:"requestURI"`
	APIVersion     string          `json:"apiVersion"`
	Resource       string          `json:"resource"`
	Subresource    string          `json:"subresource"`
	Name           string          `json:"name"`
	Version        string          `json:"resourceVersion"`
	RequestObject  json.RawMessage `json:"requestObject"`
	ResponseObject json.RawMessage `json:"responseObject"`
}

func (r request) audit() *event.Audit {
	a := &event.Audit{
		Verb: r.Verb, Stage: r.Stage, Code: r.Code, RequestURI: r.RequestURI,
		Object: event.ObjectRef{
			APIVersion: r.APIVersion, Resource: r.Resource, Subresource: r.Subresource, Namespace: "shop", Name: r.Name,
			ResourceVersion: event.ResourceVersion(r.Version),
		},
		Request: event.JSON(r.RequestObject), Response: event.JSON(r.ResponseObject),
	}
	if a.Stage == "" {
		a.Stage = event.StageResponseComplete
	}
	if a.Code == 0 {
		a.Code = 200
	}
	return a
}

// wanted are the changes that a test's YAML expects; without a type, none.
type wanted struct {
	Type     event.ChangeType
	Paths    []event.FieldPath
	Omitted  int64
	Compared bool
}

func (w *wanted) check(t *testing.T, got *event.Changes) {
	t.Helper()
	if w == nil || w.Type == "" {
		if got != nil {
			t.Errorf("got %+v, want nil", *got)
		}
		return
	}
	if got == nil {
		t.Fatal("got nil")
	}
	if diff := cmp.Diff(event.Changes(*w), *got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each file is a list of requests in the order in which they were audited, and
// what each of them is to be found to change.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/change/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var steps []struct {
				request
				Want *wanted
			}
			if err := yaml.UnmarshalStrict(data, &steps); err != nil {
				t.Fatal(err)
			}
			tracker := NewTracker(Options{})
			for _, step := range steps {
				a := step.audit()
				step.Want.check(t, tracker.Changes(a))
				if a.Verb == "patch" {
					step.Want.check(t, Patch(a))
				}
			}
		})
	}
}
