package e2e

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// patience is how long a status may take that a controller is to bring about.
const patience = 90 * time.Second

// chronicle is what happens in a cluster, and what is told of it by every host.
type chronicle struct {
	cluster *controlplane.Cluster
	witness *witness
	tellers []*teller

	mu sync.Mutex
	// due is what is to be told of each topic, in order. A word with a question
	// mark may be left out: what it says may be over too soon to be told.
	due map[topic][]string
	// wrong are the topics of which something else was told: the rest of their
	// story is not waited for.
	wrong map[topic]bool
}

// tell starts the hosts.
func tell(t *testing.T, c *controlplane.Cluster, in ...host) *chronicle {
	t.Helper()
	acc := newAccount(t, c, helmAccess, filepath.Join("testdata", "status", "scenario", "rbac.yaml"))
	ch := &chronicle{cluster: c, due: map[topic][]string{}, wrong: map[topic]bool{}}
	for _, h := range in {
		r := newRun(t, h)
		// The engine's own delay is not what is measured.
		r.flush = "0.1"
		input := acc.options(filepath.Join(r.dir, "cursor.db"))
		input["monitor_interval"] = "1s"
		r.inputs = append(r.inputs, input)
		r.configure(t)
		tl := newTeller(t, r)
		tl.start(t)
		ch.tellers = append(ch.tellers, tl)
	}
	for _, tl := range ch.tellers {
		tl.synced(t)
	}
	return ch
}

// kubectl runs kubectl as the administrator.
func (ch *chronicle) kubectl(ctx context.Context, t testing.TB, stdin string, args ...string) string {
	t.Helper()
	out, err := ch.cluster.Kubectl(ctx, strings.NewReader(stdin), args...)
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	return out
}

// apply applies one of the scenario's manifests to a namespace.
func (ch *chronicle) apply(ctx context.Context, t testing.TB, namespace, name string, replace ...string) {
	t.Helper()
	ch.kubectl(ctx, t, manifest(t, "../status/scenario/"+name, replace...), "apply", "-n", namespace, "-f", "-")
}

// patchStatus sets the status of an object, as its controller or a kubelet does.
func (ch *chronicle) patchStatus(ctx context.Context, t testing.TB, namespace, object, patch string) {
	t.Helper()
	ch.kubectl(ctx, t, "", "patch", "-n", namespace, object, "--subresource=status", "--type=merge", "-p", `{"status":`+patch+`}`)
}

// namespace makes one in which pods can be created.
func (ch *chronicle) namespace(ctx context.Context, t testing.TB, name string) {
	t.Helper()
	ch.kubectl(ctx, t, "", "create", "namespace", name)
	ch.kubectl(ctx, t, "", "wait", "-n", name, "--for=create", "serviceaccount/default", "--timeout=60s")
}

// labelled is the application that is told by its label alone.
func labelled(namespace, name string) topic {
	return topic{"application:labels", namespace, name}
}

// expect adds to what is to be told of something, and waits until every host has
// told it.
func (ch *chronicle) expect(ctx context.Context, t testing.TB, about topic, words ...string) {
	t.Helper()
	ch.mu.Lock()
	ch.due[about] = append(ch.due[about], words...)
	due, wrong := slices.Clone(ch.due[about]), ch.wrong[about]
	ch.mu.Unlock()
	if wrong {
		return
	}
	for _, tl := range ch.tellers {
		deadline := time.Now().Add(patience)
		for !matches(spoken(tl.of(t, about)), due) {
			if time.Now().After(deadline) {
				t.Errorf("%s: of %v is told %v, want %v", tl.run.host.name, about, spoken(tl.of(t, about)), due)
				ch.mu.Lock()
				ch.wrong[about] = true
				ch.mu.Unlock()
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

// last returns the newest record of something from every host.
func (ch *chronicle) last(t testing.TB, about topic) map[string]stated {
	t.Helper()
	all := map[string]stated{}
	for _, tl := range ch.tellers {
		if told := tl.of(t, about); len(told) > 0 {
			all[tl.run.host.name] = told[len(told)-1]
		}
	}
	return all
}

// spoken are the words of records, in order. Records that tell more of the same
// status count as one; that they do tell more is for checkChains to see.
func spoken(told []stated) []string {
	var words []string
	for _, s := range told {
		if w := s.word(); len(words) == 0 || words[len(words)-1] != w {
			words = append(words, w)
		}
	}
	return words
}

// matches reports whether the words are exactly what was due.
func matches(words, due []string) bool {
	if len(due) == 0 {
		return len(words) == 0
	}
	word, optional := strings.CutSuffix(due[0], "?")
	if len(words) > 0 && words[0] == word && matches(words[1:], due[1:]) {
		return true
	}
	return optional && matches(words, due[1:])
}

// check compares everything that was told with what was due.
func (ch *chronicle) check(t *testing.T, tl *teller) {
	t.Helper()
	ch.mu.Lock()
	defer ch.mu.Unlock()
	for about, due := range ch.due {
		if words := spoken(tl.of(t, about)); !matches(words, due) {
			t.Errorf("of %v is told %v, want %v", about, words, due)
		}
	}
	checkChains(t, tl.told(t))
}

// checkChains checks what holds of any records, whatever they are about: each is a
// change, and tells what was before; what is gone is told no more of, unless it
// comes back; no ID stands for two records.
func checkChains(t testing.TB, told []stated) {
	t.Helper()
	last, ids := map[topic]stated{}, map[string]string{}
	more := 0
	for _, s := range told {
		if other, ok := ids[s.ID]; ok {
			if other != s.raw {
				t.Errorf("two records have the ID %s:\n%s%s", s.ID, other, s.raw)
			}
			continue
		}
		ids[s.ID] = s.raw
		about := s.about()
		before, ok := last[about]
		last[about] = s
		switch {
		case s.Resync:
		case !ok || before.Deleted:
			if s.Previous != nil || s.Deleted {
				t.Errorf("the first record of %v is not like one: %s", about, s.raw)
			}
		case s.Status == before.Status && s.Health == before.Health && s.Sync == before.Sync && !s.Deleted:
			more++
			if s.Previous != nil || !s.tellsMore(before) {
				t.Errorf("no change of %v:\n%s%s", about, before.raw, s.raw)
			}
		case s.Previous == nil:
			t.Errorf("a change of %v does not tell the previous status: %s", about, s.raw)
		case s.Previous.Status != before.Status || s.Previous.Health != before.Health || s.Previous.Sync != before.Sync:
			t.Errorf("what was before is told wrong of %v:\n%s%s", about, before.raw, s.raw)
		}
	}
	t.Logf("%d records are changes, %d more tell more of the same status", len(ids)-more, more)
}

// tellsMore reports whether a record tells of the same status what the one before
// did not.
func (s stated) tellsMore(before stated) bool {
	// The warnings come after the status that they explain.
	explained := len(before.Evidence.Events) == 0 && len(s.Evidence.Events) > 0
	return explained || s.Stale != before.Stale || s.drifts() != before.drifts() || s.decidedBy() != before.decidedBy() ||
		s.Deployment.Revision != before.Deployment.Revision || s.Deployment.Phase != before.Deployment.Phase
}

// drifts are the paths of the fields that are not as they were deployed.
func (s stated) drifts() string {
	var paths []string
	for _, d := range s.Drift {
		paths = append(paths, d.Path)
	}
	return strings.Join(paths, " ")
}

// decidedBy are the objects whose status an application has.
func (s stated) decidedBy() string {
	var objects []string
	for _, f := range s.Deciding {
		objects = append(objects, fmt.Sprint(f.Object))
	}
	return strings.Join(objects, " ")
}

// kindsOf counts the topics by their kind, for a summary.
func kindsOf(told []stated) string {
	records, topics := map[string]int{}, map[topic]bool{}
	for _, s := range told {
		topics[s.about()] = true
		records[s.about().kind]++
	}
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(records)) {
		_, _ = fmt.Fprintf(&b, " %s %d", kind, records[kind])
	}
	return fmt.Sprintf("%d records of %d topics:%s", len(told), len(topics), b.String())
}
