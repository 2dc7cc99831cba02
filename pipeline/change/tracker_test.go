package change

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestTrackerIsBounded(t *testing.T) {
	for name, o := range map[string]Options{
		"objects": {MaxObjects: 10},
		"bytes":   {MaxBytes: 10_000},
		"none":    {MaxBytes: -1},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := NewTracker(o)
			for i := range 1000 {
				a := updateAudit("0", strings.ReplaceAll(configMap("1", `,"data":{`+keyRange(i%20+1)+`}`), `"o"`, fmt.Sprintf(`"o%d"`, i)))
				a.Object.Name = fmt.Sprintf("o%d", i)
				if c := tracker.Changes(a); c == nil || c.Compared {
					t.Fatalf("got %+v", c)
				}
				if o.MaxObjects > 0 && tracker.Len() > o.MaxObjects || o.MaxBytes != 0 && tracker.Bytes() > max(o.MaxBytes, 0) {
					t.Fatalf("%d objects in %d bytes", tracker.Len(), tracker.Bytes())
				}
			}
			if want := o.MaxBytes >= 0; (tracker.Len() > 0) != want {
				t.Errorf("%d objects", tracker.Len())
			}
			// The last one written is remembered, the first is not.
			a := updateAudit("1", strings.ReplaceAll(configMap("2", ""), `"o"`, `"o999"`))
			a.Object.Name = "o999"
			if c := tracker.Changes(a); c.Compared != (o.MaxBytes >= 0) {
				t.Errorf("the last object: %+v", c)
			}
			a = updateAudit("1", strings.ReplaceAll(configMap("2", ""), `"o"`, `"o0"`))
			a.Object.Name = "o0"
			if c := tracker.Changes(a); c.Compared {
				t.Errorf("the first object: %+v", c)
			}
		})
	}
}

// One huge object does not push out all others.
func TestTrackerLeavesOutHugeObjects(t *testing.T) {
	tracker := NewTracker(Options{MaxBytes: 10_000})
	tracker.Changes(updateAudit("0", configMap("1", "")))
	huge := updateAudit("0", strings.ReplaceAll(configMap("1", `,"data":{`+keyRange(1000)+`}`), `"o"`, `"huge"`))
	huge.Object.Name = "huge"
	tracker.Changes(huge)
	if c := tracker.Changes(updateAudit("1", configMap("2", ""))); !c.Compared {
		t.Errorf("got %+v", c)
	}
	if tracker.Len() != 1 {
		t.Errorf("%d objects", tracker.Len())
	}
}

func TestTrackerForgetsTheLeastRecentlyWritten(t *testing.T) {
	tracker := NewTracker(Options{MaxObjects: 2})
	write := func(name, before, version string) bool {
		a := updateAudit(before, strings.ReplaceAll(configMap(version, ""), `"o"`, `"`+name+`"`))
		a.Object.Name = name
		return tracker.Changes(a).Compared
	}
	write("a", "", "1")
	write("b", "", "2")
	if !write("a", "1", "3") {
		t.Error("a is not known")
	}
	write("c", "", "4")
	if !write("a", "3", "5") || write("b", "2", "6") {
		t.Error("the wrong one was forgotten")
	}
}

// More names than are kept, and longer ones, stand in the snapshots themselves.
func TestTrackerWithManyNames(t *testing.T) {
	tracker := NewTracker(Options{MaxBytes: 64 << 20})
	long := strings.Repeat("n", 200)
	tracker.Changes(updateAudit("0", configMap("1", `,"data":{`+keyRange(maxNames+500)+`,"`+long+`":1}`)))
	if len(tracker.names.spans) != maxNames {
		t.Errorf("%d names", len(tracker.names.spans))
	}
	body := strings.Replace(keyRange(maxNames+500), fmt.Sprintf(`"k%d":1`, maxNames+400), `"other":1`, 1)
	c := tracker.Changes(updateAudit("1", configMap("2", `,"data":{`+body+`,"`+long+`":2}`)))
	want := []event.FieldPath{event.FieldPath(fmt.Sprintf("data[k%d]", maxNames+400)), event.FieldPath("data[" + long + "]"), "data[other]"}
	if !c.Compared || fmt.Sprint(c.Paths) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %q", c, want)
	}
}

// Nothing is parsed, and nothing allocated, for what is no write.
func TestReadsCostNothing(t *testing.T) {
	tracker := NewTracker(Options{})
	a := updateAudit("0", configMap("1", ""))
	a.Verb = "get"
	if n := testing.AllocsPerRun(100, func() { tracker.Changes(a) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if tracker.Len() != 0 {
		t.Error("a read was learnt from")
	}
}

// A tracker keeps none of the strings it is given: they lie in whole lines.
func TestTrackerKeepsNoString(t *testing.T) {
	tracker := NewTracker(Options{})
	buffer := []byte(configMap("1", `,"data":{"key":"value"}`))
	a := updateAudit("0", string(buffer))
	tracker.Changes(a)
	e := tracker.known.order.Front().Value.(*stored)
	if e.version != "1" || strings.Contains(string(e.snapshot), "value") {
		t.Errorf("got %+v", e)
	}
}
