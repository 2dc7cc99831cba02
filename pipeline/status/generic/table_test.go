package generic

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

var update = flag.Bool("update", false, "rewrite the tables of rules in the documentation")

// TestDocumentation compares the tables of rules with the rules.
func TestDocumentation(t *testing.T) {
	const path, begin, end = "../../../docs/STATUS.md", "<!-- generic:begin -->\n", "<!-- generic:end -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, okBegin := strings.Cut(string(b), begin)
	tables, after, okEnd := strings.Cut(rest, end)
	if !okBegin || !okEnd {
		t.Fatalf("%s has no markers for the tables", path)
	}
	want := Rules() + "\n"
	if tables == want {
		return
	}
	if !*update {
		t.Fatalf("the tables of rules in %s are out of date: run go test ./pipeline/status/generic -update", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEntriesAreWhole finds kinds that are there twice and verdicts that nothing
// reaches.
func TestEntriesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range kinds().entries {
		for _, kind := range e.kinds {
			if seen[kind] || !strings.Contains(kind, "/") {
				t.Errorf("%s is there twice or has no group", kind)
			}
			seen[kind] = true
		}
		for i, v := range e.verdicts {
			if len(v.tests) == 0 && v.code == nil && i < len(e.verdicts)-1 {
				t.Errorf("%s: nothing reaches what follows %q", e.kinds[0], v.text)
			}
		}
		last := e.verdicts[len(e.verdicts)-1]
		if len(last.tests) > 0 && e.kinds[0] != "/Node" && e.kinds[0] != "/PersistentVolume" {
			t.Errorf("%s: does not say what is left at the end", e.kinds[0])
		}
	}
}

func TestLanguage(t *testing.T) {
	object := map[string]any{
		"metadata": map[string]any{"generation": int64(3), "labels": map[string]any{"a.b/c": "yes"}},
		"spec":     map[string]any{"replicas": int64(2), "sets": []any{map[string]any{"count": int64(2)}, map[string]any{"count": int64(3)}}},
		"status": map[string]any{
			"phase": "All good", "ready": "2", "empty": "", "on": true, "ids": []any{"a", "b"},
			"conditions": []any{
				map[string]any{"type": "Ready", "status": "False", "reason": "Failed", "message": "It Timed Out", "observedGeneration": int64(3)},
				map[string]any{"type": "ACK.Terminal", "status": "True", "severity": "Info", "observedGeneration": int64(2)},
			},
			"parents": []any{map[string]any{"conditions": []any{map[string]any{"type": "Accepted", "status": "True"}}}},
		},
	}
	for word, want := range map[string]bool{
		"Ready": true, "Ready=False": true, "Ready!=True": true, "Ready=True|False": true, "Other!=True": false,
		"Ready=False[reason=Failed]": true, "Ready=False[reason!=Failed]": false, "Ready[current]": true, "Ready[stale]": false,
		"ACK.Terminal=True[stale]": true, "*=True[last]": true, "Ready[last]": false, "*=Unknown": false,
		"Ready=False[message*=timed|x]": true, "Ready[message^=It]": true, "ACK.Terminal=True[severity!=Info]": false,
		"Accepted=True@.status.parents[].conditions": true, "Accepted=True": false,
		`.status.phase="All good"|x`: true, ".status.phase^=All": true, ".status.none": false, "!.status.none": true,
		".status.none!=x": true, `.status.empty=""`: true, ".status.empty": true, ".status.on=true": true,
		".status.ready<.spec.replicas": false, ".status.ready=.spec.replicas": true, ".status.none?0<.spec.replicas": true,
		".status.none<.spec.replicas": false, ".spec.replicas>=2": true, "#.status.ids=2": true, "#.status.ids<=1": false,
		"+.spec.sets[].count=5": true, ".spec.sets[].count=3": true, ".spec.sets[].count=4": false, ".status.ids[]=b": true,
		".metadata.labels{a.b/c}=yes": true, ".status.none=.status.other": true,
	} {
		check, _, err := parseTest(word)
		if err != nil {
			t.Errorf("%s: %v", word, err)
			continue
		}
		if got := check(subjectOf(object, nil), &finding{}); got != want {
			t.Errorf("%s: got %t", word, got)
		}
	}
	for _, source := range []string{
		"\tHealthy\n", "a/B\n\tFine\n", "a/B\n\tHealthy .\n", "a/B\n\tHealthy Ready=True[x]\n", "a/B\n\tHealthy \"a\n",
		"a/B\n\tHealthy > .a .b\n", "a/B\n\tcode nothing\n", "a/B\n\tHealthy Ready@x\n", "a/B\n\tHealthy .a{\n", "a/B\n\teach\n",
	} {
		if _, err := newTable(source); err == nil {
			t.Errorf("%q is read", source)
		}
	}
}

func TestEachGoesInTheOrderOfTheObject(t *testing.T) {
	table, err := newTable("a/B\n\teach Degraded X=True\n\teach Healthy Y=True\n\tProgressing\n")
	if err != nil {
		t.Fatal(err)
	}
	x, y := map[string]any{"type": "X", "status": "True"}, map[string]any{"type": "Y", "status": "True"}
	for want, list := range map[event.Health][]any{
		event.HealthDegraded: {x, y}, event.HealthHealthy: {y, x}, event.HealthProgressing: {},
	} {
		object := map[string]any{"status": map[string]any{"conditions": list}}
		if got := table.find("a", "B").assess(subjectOf(object, nil)); got.Health != want {
			t.Errorf("got %s, want %s", got.Health, want)
		}
	}
}

func TestPhrases(t *testing.T) {
	for phrase, want := range map[string]event.Health{
		"": event.HealthNone, "Whatever": event.HealthNone, "OOMKilled": event.HealthDegraded, "NotReady": event.HealthProgressing,
		"NoErrors": event.HealthHealthy, "WaitingForFailover": event.HealthProgressing, "PendingDeletion": event.HealthProgressing,
		"ReconcileError": event.HealthDegraded, "RECONCILE_ERROR": event.HealthDegraded, "SecretNotFound": event.HealthDegraded,
		"Running": event.HealthHealthy, "ScalingUp": event.HealthProgressing, "ImagePullBackOff": event.HealthDegraded,
		"ErrImagePull": event.HealthDegraded, "Cluster in healthy state": event.HealthHealthy, "ProgressDeadlineExceeded": event.HealthDegraded,
		"InProgress": event.HealthProgressing, "ReconcilePaused": event.HealthSuspended, "AccessDenied": event.HealthDegraded,
	} {
		if got := phraseHealth(phrase); got != want {
			t.Errorf("%s: got %q, want %q", phrase, got, want)
		}
	}
}

func BenchmarkAssess(b *testing.B) {
	for _, f := range fixtures(b) {
		switch f.name {
		case "common/ready", "common/phase-failed", "cert-manager.io_Certificate/ready", "argoproj.io_Rollout/rolled-out",
			"elasticsearch.k8s.elastic.co_Elasticsearch/yellow", "core_ConfigMap/no-health":
			b.Run(f.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					Assess(f.object)
				}
			})
		}
	}
}
