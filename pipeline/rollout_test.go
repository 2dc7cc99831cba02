package pipeline

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fluent-live/live-status/pipeline/event"
)

// seen returns the keys that the batch has the cursor remember.
func (w workbench) seen() map[event.SeenKey]event.Seen {
	synctest.Wait()
	w.outbox.mu.Lock()
	defer w.outbox.mu.Unlock()
	keys := map[event.SeenKey]event.Seen{}
	for _, c := range w.outbox.filling.changes.Seen {
		keys[c.Key] = c.Seen
	}
	return keys
}

// A list brings revisions by their names. Were it remembered at once how far the
// release is, a kill would lose those that are still to be read.
func TestHowFarAReleaseIsIsRememberedOnceItIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		w.run(t)
		sink := newWholeObjects(w.pump)
		const series = "deployment/helm/shop/x"
		for _, n := range []int{10, 9} {
			if err := sink.Yield(t.Context(), revision(t, n, "shop", "shop", "")); err != nil {
				t.Fatal(err)
			}
		}
		seen := w.seen()
		if _, ok := seen[series]; ok || len(seen) != 2 {
			t.Errorf("while they are listed %v is remembered, want the two revisions", seen)
		}
		close(w.listed)
		seen = w.seen()
		tenth := revision(t, 10, "shop", "shop", "").Live.Created.Add(10)
		if got := seen[series].Last; !got.Equal(tenth) {
			t.Errorf("the release is remembered to be at %s, want %s", got, tenth)
		}
		if _, ok := seen[dealtWith]; !ok {
			t.Error("it is not remembered that all was dealt with")
		}
	})
}

func TestARolloutIsTiedToTheApplicationAndTheApplicationToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkbench(t)
		close(w.listed)
		w.run(t)
		w.index.Put(living(podKind, "hook-1", ""), 1)
		item := storedIn(t, "shop", "shop", "apiVersion: v1\nkind: Pod\nmetadata: {name: hook-1}\n")
		if err := newWholeObjects(w.pump).Yield(t.Context(), item); err != nil {
			t.Fatal(err)
		}
		w.told(t)
		w.items <- []event.Item{about("hook-1", 1)}
		if got, want := w.told(t), "sh.helm.release.v1.x.v1 x matched, hook-1 x matched"; got != want {
			t.Errorf("%q, want %q", got, want)
		}

		gone := item
		gone.Change = event.Deleted
		if err := newWholeObjects(w.pump).Yield(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		w.told(t)
		w.items <- []event.Item{about("hook-1", 2)}
		if got := w.told(t); !strings.HasSuffix(got, "hook-1 no_rule") {
			t.Errorf("after the release is gone %q", got)
		}
	})
}
