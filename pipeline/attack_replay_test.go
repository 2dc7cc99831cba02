package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/source/objects"
)

// servings is what a catalog was told.
type servings struct{ times, kinds, last int }

func (s *servings) Serve(kinds []event.ServedKind) {
	s.times, s.kinds, s.last = s.times+1, s.kinds+len(kinds), len(kinds)
}
func (s *servings) Readable(event.GroupResource, bool) {}

// A dump may have as many kinds as objects. Each time that the catalog is told of one it
// is told of all.
func TestAttackDumpOfKinds(t *testing.T) {
	const most = 20_000
	w := newWorkbench(t)
	d, told := newDump(), &servings{}
	before := len(d.served)
	d.attach(objects.Options{
		Catalog: told, Decode: w.audited.Decode, Yields: func(event.APIResource) bool { return false },
		Whole: func(event.Live) bool { return false },
	}, w.pump)
	for n := range most {
		if err := d.learn(t.Context(), fmt.Appendf(nil, `{"apiVersion":"g%d/v1","kind":"K%d","metadata":{"name":"x"}}`, n, n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.listed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told.last != before+most || told.kinds > 100*most {
		t.Errorf("it was told %d times, of %d kinds together, and last of %d", told.times, told.kinds, told.last)
	}
}

// What names say cannot make lines or columns of its own, nor steer a terminal, and no
// object of a dump takes others along.
func TestAttackDumpOfNonsense(t *testing.T) {
	dump := strings.Join([]string{
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\n\u001b[2J\u009b1m","namespace":"\t\u202e","uid":"u"}}`,
		`{"apiVersion":"v1/v1/v1","kind":"Pod","metadata":{"name":"b"}}`, `{"kind":"Pod"}`, `[]`, `null`, `{"apiVersion":1,"kind":[],"metadata":"x"}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c","uid":"u"}}`, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c","uid":"v"}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + strings.Repeat("d", 1<<20) + `"}}`, "",
	}, "\n")
	if _, _, err := replayed(t, config.Map{}, ReplayOptions{Objects: []string{recordedFile(t, "dump.jsonl", dump)}}); err != nil {
		t.Error(err)
	}
}
