package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// oversized is what these tests look at of a record.
type oversized struct {
	Type, ID string
	Time     string
	Object   struct{ Name, Namespace, Resource string }
	Audit    struct {
		AuditID           string `json:"audit_id"`
		Verb              string
		User              struct{ Name string }
		Request, Response any
	}
	Rejected struct {
		Reason        string
		Offset, Bytes int64
	}
	Redaction struct {
		Withheld []struct{ Path, Reason string }
	}
}

func (o oversized) String() string {
	return fmt.Sprint(o.Type, " ", o.Object.Name, " ", o.Audit.Verb, o.Rejected.Reason, o.Redaction.Withheld)
}

// collect takes n records.
func collect(t *testing.T, p *running, n int) (out []oversized) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(out) < n; {
		if time.Now().After(deadline) {
			t.Fatalf("%d records of %d: %v", len(out), n, out)
		}
		out = append(out, parse(t, p.Take(100*time.Millisecond))...)
	}
	return out
}

func parse(t *testing.T, data []byte) (out []oversized) {
	t.Helper()
	for l := range bytes.Lines(data) {
		var o oversized
		if err := json.Unmarshal(l, &o); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// patch is a line that is small when it is sent and too large when it is
// written: each < takes six bytes.
func patch(n, size int) string {
	body, err := json.Marshal(strings.Repeat("<", size/6))
	if err != nil {
		panic(err)
	}
	return line(n, "patch", `"requestObject":{"data":{"x":`+string(body)+`}},"responseObject":{"kind":"Status","verb":"get","requestReceivedTimestamp":"2000-01-01T00:00:00Z"},`)
}

const bodiless2 = "audit c2 patch[{/audit/request too large} {/audit/response too large}]"

// checkCounters checks that everything received was counted as one thing.
func checkCounters(t *testing.T, p *running, received int64, rejected int64) {
	t.Helper()
	c := p.count.snapshot()
	sum := c.Events + c.Audits + c.Deduplicated + c.Filtered + c.Expired + c.Deleted
	for _, n := range c.Rejected {
		sum += n
	}
	if c.Received != received || sum != received || c.Rejected["too_large"] != rejected {
		t.Errorf("%d received, %d in all, counters %+v", received, sum, c)
	}
}

// A client that makes its own audit event too large is named all the same.
func TestOversizeFromAFile(t *testing.T) {
	tr := newTrail(t, nil)
	first, large := line(1, "get", ""), patch(2, 17<<20)
	tr.write(t, first, large, line(3, "get", ""))
	p := tr.start(t)
	got := collect(t, p, 4)
	if s := fmt.Sprint(got); s != fmt.Sprint("[audit c1 get[] ", bodiless2, " rejected  too_large[] audit c3 get[]]") {
		t.Fatalf("records %s", s)
	}
	a := got[1]
	if a.Audit.User.Name != "jane" || a.Audit.AuditID != "id-2" || a.Object.Namespace != "shop" || a.Object.Resource != "configmaps" ||
		!strings.HasPrefix(a.Time, "2026-11-21T10:00:00") || a.Audit.Request != nil || a.Audit.Response != nil {
		t.Errorf("audit record %+v", a)
	}
	if r := got[2].Rejected; r.Offset != int64(len(first)) || r.Bytes != int64(len(large)-1) {
		t.Errorf("rejected record %+v", r)
	}
	if got[1].ID == got[2].ID {
		t.Error("both records have the same id")
	}
	checkCounters(t, p, 3, 1)
	stop(t, p)
}

func TestOversizeFromAWebhook(t *testing.T) {
	address := freePort(t)
	tr := newTrail(t, config.Map{"audit_webhook_listen": address, "audit_max_line": "64KiB"})
	large := patch(2, 300<<10)
	tr.write(t, large)
	p := tr.start(t)
	fromFile := collect(t, p, 2)
	post(t, address, line(1, "get", ""), large, line(3, "get", ""))
	got := collect(t, p, 3)
	// The audit record was made of the line in the file already.
	if s := fmt.Sprint(fromFile, got); s != fmt.Sprint("[", bodiless2, " rejected  too_large[]] [audit c1 get[] rejected  too_large[] audit c3 get[]]") {
		t.Fatalf("records %s", s)
	}
	if fromFile[1].ID == got[1].ID {
		t.Error("both places have the same id")
	}
	checkCounters(t, p, 4, 2)
	stop(t, p)
}

// The client chooses the URI and the names, too.
func TestOversizeHasAUserWhateverIsLong(t *testing.T) {
	padding := strings.Repeat(`\u0026`, 1<<20)
	for name, edit := range map[string]func(string) string{
		"query":    func(l string) string { return strings.Replace(l, `configmaps/c2"`, `configmaps/c2?x=`+padding+`"`, 1) },
		"audit id": func(l string) string { return strings.Replace(l, `"id-2"`, `"`+padding+`"`, 1) },
		"uid": func(l string) string {
			return strings.Replace(l, `"name":"c2"`, `"name":"c2","uid":"`+padding+padding+`"`, 1)
		},
		"namespace": func(l string) string {
			return strings.Replace(l, `"namespace":"shop"`, `"namespace":"`+padding+padding+`"`, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrail(t, config.Map{"batch_max_bytes": "64MiB", "audit_resources": "configmaps", "audit_namespaces": "shop"})
			tr.write(t, edit(patch(2, 17<<20)))
			p := tr.start(t)
			got := collect(t, p, 2)
			if s := got[0]; len(got) != 2 || s.Type != "audit" || s.Audit.Verb != "patch" || s.Audit.User.Name != "jane" ||
				s.Object.Name != "c2" || s.Object.Namespace != "shop" || got[1].Type != "rejected" {
				t.Errorf("%d records, %.500s", len(got), fmt.Sprintf("%+v", got))
			}
			stop(t, p)
		})
	}
}

func TestOversizeIsFiltered(t *testing.T) {
	tr := newTrail(t, config.Map{"audit_max_line": "4KiB", "audit_users_exclude": "jane"})
	tr.write(t, patch(2, 9000), line(3, "get", ""), "{\"kind\":\"Pod\",\"x\":\""+strings.Repeat("x", 9000)+"\"}\n", strings.Repeat("y", 9000)+"\n")
	p := tr.start(t)
	got := collect(t, p, 3)
	if s := fmt.Sprint(got); s != "[rejected  too_large[] rejected  too_large[] rejected  too_large[]]" {
		t.Errorf("records %s", s)
	}
	checkCounters(t, p, 4, 3)
	stop(t, p)
}

// The level says which bodies there were.
func TestOversizeLevels(t *testing.T) {
	tr := newTrail(t, config.Map{"audit_max_line": "4KiB"})
	var lines []string
	for i, level := range []string{"Metadata", "Request"} {
		l := strings.Replace(patch(i, 9000), `"level":"RequestResponse"`, `"level":"`+level+`"`, 1)
		lines = append(lines, l)
	}
	tr.write(t, lines...)
	p := tr.start(t)
	got := collect(t, p, 4)
	if s := fmt.Sprint(got); s != "[audit c0 patch[] rejected  too_large[] audit c1 patch[{/audit/request too large}] rejected  too_large[]]" {
		t.Errorf("records %s", s)
	}
	stop(t, p)
}

// Neither record is lost by a crash, wherever it comes between the two, and both
// have the ids again that they had.
func TestOversizeAfterACrash(t *testing.T) {
	for batchSize, records := range map[string]int64{"8MiB": 4, "64KiB": 1} {
		t.Run(batchSize, func(t *testing.T) {
			tr := newTrail(t, config.Map{"audit_max_line": "128KiB", "batch_max_bytes": batchSize})
			// The audit record may fill a batch, so that the other is in the next.
			long := strings.Replace(patch(2, 200_000), `"verb"`, `"userAgent":"`+strings.Repeat("x", 70_000)+`","verb"`, 1)
			tr.write(t, long, strings.ReplaceAll(strings.ReplaceAll(long, "id-2", "id-3"), "/c2", "/c3"))
			ids := map[string]int{}
			var runs [][]oversized
			for range 2 {
				p := tr.start(t)
				p.outbox.settled = 1 << 60 // The host never has it; the crash comes first.
				runs = append(runs, parse(t, whole(t, p, records)))
				stop(t, p)
			}
			for _, o := range append(runs[0], runs[1]...) {
				ids[o.ID]++
			}
			for id, n := range ids {
				if n != 2 {
					t.Errorf("%s came %d times: %v", id, n, runs)
				}
			}
			// Now the host takes all there is.
			p := tr.start(t)
			all := collect(t, p, 4)
			if data := p.Take(20 * time.Second); data != nil {
				t.Errorf("more records: %s", data)
			}
			stop(t, p)
			if s := fmt.Sprint(all); strings.Count(s, "audit c") != 2 || strings.Count(s, "rejected ") != 2 {
				t.Errorf("records %s", s)
			}
			// They are not told again.
			tr.write(t, line(9, "get", ""))
			p = tr.start(t)
			if s := fmt.Sprint(collect(t, p, 1)); s != "[audit c9 get[]]" {
				t.Errorf("after a restart: %s", s)
			}
			stop(t, p)
		})
	}
}

// The audit record alone does not pass the line over.
func TestOversizeCrashBetweenItsRecords(t *testing.T) {
	tr := newTrail(t, config.Map{"audit_max_line": "128KiB", "batch_max_bytes": "64KiB"})
	large := strings.Replace(patch(2, 200_000), `"verb"`, `"userAgent":"`+strings.Repeat("x", 70_000)+`","verb"`, 1)
	tr.write(t, large, line(3, "get", ""))
	p := tr.start(t)
	first := parse(t, whole(t, p, 1))
	second := collect(t, p, 1)
	if s := fmt.Sprint(first, second); !strings.HasPrefix(s, "["+bodiless2+"] [rejected ") || p.count.commits.Load() != 1 {
		t.Fatalf("%d commits, records %s", p.count.commits.Load(), s)
	}
	p.outbox.mu.Lock()
	p.outbox.settled = 1 << 60 // What was taken last does not arrive.
	p.outbox.mu.Unlock()
	stop(t, p)

	p = tr.start(t)
	again := collect(t, p, 2)
	if s := fmt.Sprint(again); s != "[rejected  too_large[] audit c3 get[]]" || again[0].ID != second[0].ID {
		t.Errorf("records %s, id %s, was %s", s, again[0].ID, second[0].ID)
	}
	checkCounters(t, p, 2, 1)
	stop(t, p)
}
