package deployment

import (
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Whoever may write a Secret may have it read as a release: a manifest whose
// lines each begin a mapping that only the last of them end must not be read
// once for each of them.
func TestAttackNestedFlowIsReadOnce(t *testing.T) {
	t.Parallel()
	const n = 400_000
	began := time.Now()
	for _, line := range []string{"metadata: {a: \n", "metadata:\n  {a: \n", "{a: \n", "- {\n", "metadata: &a\n  {a: \n", "a: {metadata: {\n"} {
		var c claims
		c.addManifest(strings.Repeat(line, n)+strings.Repeat("}", 2*n), event.Namespace("evil"))
		if len(c.refs) != 0 {
			t.Errorf("%q: read %d objects, want none", line, len(c.refs))
		}
		t.Log(line, time.Since(began))
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s, want no more than the length of the text asks for", took)
	}
}
