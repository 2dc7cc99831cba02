package generic

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// fixture is an object as kubectl get -o yaml shows it, below a comment that says
// health, reason and condition type.
type fixture struct {
	name, want string
	object     *unstructured.Unstructured
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	var all []fixture
	err := filepath.WalkDir("testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		first, rest, _ := strings.Cut(string(b), "\n")
		want, ok := strings.CutPrefix(first, "# want: ")
		if !ok {
			return fmt.Errorf("%s does not say what is wanted", path)
		}
		f := fixture{name: strings.TrimSuffix(strings.TrimPrefix(path, "testdata/"), ".yaml"), want: want}
		f.object = &unstructured.Unstructured{Object: decode(t, []byte(rest))}
		all = append(all, f)
		return nil
	})
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	return all
}

// decode has integers as the API's client has them, which is not as YAML has them.
func decode(t testing.TB, b []byte) map[string]any {
	t.Helper()
	j, err := yaml.YAMLToJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(j); err != nil {
		t.Fatal(err)
	}
	return u.Object
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// TestVerdicts prints the table of verdicts.
func TestVerdicts(t *testing.T) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range fixtures(t) {
		before := f.object.DeepCopy()
		a := Assess(f.object)
		health, condition := string(a.Health), ""
		if a.Health == event.HealthNone {
			health = "None"
		}
		if a.Condition != nil {
			condition = a.Condition.Type
			if a.Condition.Reason != a.Reason || a.Condition.Message != a.Message && a.Message == "" {
				t.Errorf("%s: the condition says %+v, the assessment %q %q", f.name, a.Condition, a.Reason, a.Message)
			}
			if a.Condition.Time.IsZero() {
				t.Errorf("%s: the condition has no time", f.name)
			}
		}
		got := health + " " + orDash(a.Reason) + " " + orDash(condition)
		if got != f.want {
			t.Errorf("%s: got %s, want %s", f.name, got, f.want)
		}
		if fmt.Sprint(before) != fmt.Sprint(f.object) {
			t.Errorf("%s: the object was changed", f.name)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.name, health, a.Reason, condition, a.Message)
	}
	_ = w.Flush()
	t.Logf("verdicts\n%s", b.String())
}

func TestMessagesAreTheObjects(t *testing.T) {
	want := map[string]string{
		"common/ready-false-for-an-error":                     "dial tcp 10.0.0.4:5432: connect: connection refused",
		"ceph.rook.io_CephCluster/warning":                    "mon b is low on available space; 1 osds down",
		"common/phase-failed":                                 "the image cannot be verified",
		"common/phase-of-many-words":                          "Setting up primary",
		"common/failure-message":                              "machine was terminated outside of the cluster",
		"common/progress-deadline-exceeded":                   `ReplicaSet "shop-7d9" has timed out progressing.`,
		"postgresql.cnpg.io_Cluster/failing-over":             "Failing over from shop-1 to shop-2",
		"snapshot.storage.k8s.io_VolumeSnapshot/driver-error": "failed to take snapshot: rpc error: code = DeadlineExceeded",
		"argoproj.io_Rollout/aborted":                         "RolloutAborted: Rollout aborted update to revision 4",
	}
	for _, f := range fixtures(t) {
		if message, ok := want[f.name]; ok {
			if got := Assess(f.object).Message; got != message {
				t.Errorf("%s: got %q, want %q", f.name, got, message)
			}
			delete(want, f.name)
		}
	}
	if len(want) > 0 {
		t.Errorf("no such objects: %v", want)
	}
}
