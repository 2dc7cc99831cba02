package recorded

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// A line of an audit log may be a list. All of its items are in memory at once, where
// empty ones take a hundred times what they take in the file.
func TestAttackLineOfNothing(t *testing.T) {
	list := `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + strings.Repeat("{},", 200_000) + `{}]}`
	for name, line := range map[string]string{"list": list, "array": list[strings.Index(list, "["):strings.Index(list, "]")] + "]"} {
		t.Run(name, func(t *testing.T) {
			m, _ := mustReplay(t, Options{Audit: []string{file(t, "a", auditLine("a", 1)+"\n"+line+"\n"+auditLine("b", 2)+"\n")}})
			if len(m.items) != 3 || identity(m.items[0].Raw) != "a" || len(m.items[1].Raw) != len(line) || identity(m.items[2].Raw) != "b" {
				t.Errorf("%d items: %.100q", len(m.items), identities(m.items))
			}
		})
	}
}

// The index of events is in memory, and a small compressed file may have billions.
func TestAttackCompressedEvents(t *testing.T) {
	const most = 1000
	bomb := file(t, "bomb.gz", zip(t, eventJSON("first", 1)+"\n"+strings.Repeat("{}\n", 1_000_000)))
	whole := file(t, "whole", eventJSON("other", 2)+"\n")
	m, s := replay(t, Options{Events: []string{bomb, whole}, Window: Window{Events: most}})
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), bomb+": there are more than 1000 events") {
		t.Errorf("%v", err)
	}
	if len(m.items) != most || m.items[0].Kind != event.KindEvent || identity(m.items[0].Raw) != "first" {
		t.Errorf("%d items", len(m.items))
	}
}
