package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// until takes records until done says so of what was taken of each object.
func until(t *testing.T, p *running, seen map[string]int, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("records of %d objects", len(seen))
		}
		count(t, p.Take(100*time.Millisecond), seen)
	}
}

func count(t *testing.T, data []byte, seen map[string]int) {
	t.Helper()
	for l := range bytes.Lines(data) {
		var r rec
		if err := json.Unmarshal(l, &r); err != nil {
			t.Fatal(err)
		}
		seen[r.Object.Name]++
	}
}

// An item that finds no room when the pipeline stops must not be passed over by
// one that needs none, such as an event that is filtered.
func TestStopWithAFullBatchPassesNothingOver(t *testing.T) {
	tr := newTrail(t, config.Map{"batch_max_bytes": "64KiB"})
	const n = 1500
	for i := range n {
		l := line(i, "get", "")
		tr.write(t, strings.Replace(l, "ResponseComplete", "RequestReceived", 1), l)
	}
	p := tr.start(t)
	for deadline := time.Now().Add(20 * time.Second); p.outbox.queue().Bytes < 63<<10; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the batch is not full: %+v", p.outbox.queue())
		}
	}
	seen := map[string]int{}
	p.Stop()
	for {
		data := p.Take(time.Second)
		if len(data) == 0 {
			break
		}
		count(t, data, seen)
	}
	stop(t, p)
	if len(seen) >= n {
		t.Fatal("all was read before the stop: the test tests nothing")
	}
	p = tr.start(t)
	until(t, p, seen, func() bool { return seen[fmt.Sprintf("c%d", n-1)] > 0 })
	stop(t, p)
	for i := range n {
		if seen[fmt.Sprintf("c%d", i)] != 1 {
			t.Fatalf("c%d came %d times", i, seen[fmt.Sprintf("c%d", i)])
		}
	}
}

// What came after a first start from the tail is there after a crash, even if
// nothing had been handed over yet.
func TestTailOutlivesACrashBeforeTheFirstBatch(t *testing.T) {
	tr := newTrail(t, config.Map{"audit_read_from": "tail"})
	tr.write(t, line(1, "get", ""))
	p := tr.start(t)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		begun, err := p.cursor.Positions(t.Context(), "audit_file")
		if err != nil {
			t.Fatal(err)
		}
		if len(begun) == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the start is not stored: %v", begun)
		}
	}
	tr.write(t, line(2, "get", ""))
	whole(t, p, 1)
	p.Refuse() // As if the host had been killed with it.
	stop(t, p)
	p = tr.start(t)
	seen := map[string]int{}
	until(t, p, seen, func() bool { return seen["c2"] > 0 })
	stop(t, p)
	if seen["c1"] > 0 {
		t.Errorf("what was there before is reported: %v", seen)
	}
}

// A spool that was put back from a copy, beside a cursor that is newer, must not
// give the numbers again of what was handed on.
func TestSpoolPutBackFromACopy(t *testing.T) {
	address := freePort(t)
	tr := newTrail(t, config.Map{"audit_webhook_listen": address})
	spool := tr.dir + "/cursor.db.spool"
	run := func(numbers ...int) {
		p := tr.start(t)
		seen := map[string]int{}
		for _, n := range numbers {
			post(t, address, line(n, "get", ""))
		}
		until(t, p, seen, func() bool { return len(seen) == len(numbers) && p.outbox.queue().Uncommitted == 0 })
		stop(t, p)
	}
	run(1)
	saved, err := os.ReadFile(spool)
	if err != nil {
		t.Fatal(err)
	}
	run(2, 3)
	if err := os.WriteFile(spool, saved, 0o600); err != nil {
		t.Fatal(err)
	}
	run(4)
}
