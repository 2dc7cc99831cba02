package actor_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/actor"
	"github.com/fluent-live/live-status/pipeline/event"
)

// recorded is a client of a kube-apiserver 1.36, how many audit events it gave
// and what it is.
type recorded struct {
	Count        int                 `json:"count"`
	User         string              `json:"user"`
	Groups       []string            `json:"groups"`
	UserAgent    string              `json:"user_agent"`
	FieldManager string              `json:"field_manager"`
	Impersonated string              `json:"impersonated"`
	Class        event.ActorClass    `json:"class"`
	Tool         string              `json:"tool"`
	By           event.ActorEvidence `json:"by"`
}

func (r *recorded) audit() *event.Audit {
	a := request(r.User, r.UserAgent, r.FieldManager, r.Groups...)
	if r.Impersonated != "" {
		a.Impersonated = &event.User{Name: r.Impersonated}
	}
	return a
}

func corpus(tb testing.TB) []recorded {
	tb.Helper()
	f, err := os.Open("testdata/corpus.jsonl.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	}()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var out []recorded
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		out = append(out, r)
	}
	if err := lines.Err(); err != nil || len(out) == 0 {
		tb.Fatalf("%d clients: %v", len(out), err)
	}
	return out
}

func TestCorpus(t *testing.T) {
	counts := map[event.ActorClass]int{}
	for _, r := range corpus(t) {
		got := actor.Classify(r.audit())
		counts[got.Class] += r.Count
		if got.Class != r.Class || got.Tool != r.Tool || got.By != r.By {
			t.Errorf("%+v is %+v", r, got)
		}
		if (got.ToolVersion == "") != (r.Tool == "") {
			t.Errorf("%+v has the version %q", r, got.ToolVersion)
		}
	}
	want := map[event.ActorClass]int{
		event.ActorController: 5834, event.ActorHuman: 774, event.ActorAnonymous: 50, event.ActorServiceAccount: 22,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("audit events by class, -want +got:\n%s", diff)
	}
}

func BenchmarkClassify(b *testing.B) {
	var audits []*event.Audit
	size := 0
	for _, r := range corpus(b) {
		a := r.audit()
		audits = append(audits, a)
		size += len(a.User.Name) + len(a.UserAgent) + len(a.RequestURI)
	}
	b.SetBytes(int64(size / len(audits)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		actor.Classify(audits[i%len(audits)])
		i++
	}
}

func TestClassifyDoesNotAllocate(t *testing.T) {
	clients := corpus(t)
	audits := make([]*event.Audit, len(clients))
	for i := range clients {
		audits[i] = clients[i].audit()
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, a := range audits {
			actor.Classify(a)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
