package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

// line is an audit event as kube-apiserver writes it. n tells events apart.
func line(n int, verb, more string) string {
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Millisecond)
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"id-%d","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/configmaps/c%d","verb":%q,"user":{"username":"jane"},"objectRef":{"resource":"configmaps","namespace":"shop","name":"c%d","apiVersion":"v1"},"responseStatus":{"code":200},%s"requestReceivedTimestamp":%q,"stageTimestamp":%q}`,
		n, n, verb, n, more, at.Format(time.RFC3339Nano), at.Add(time.Millisecond).Format(time.RFC3339Nano)) + "\n"
}

// trail is a pipeline of the audit trail whose folder outlives it.
type trail struct {
	dir  string
	more config.Map
}

func newTrail(t *testing.T, more config.Map) trail { return trail{dir: t.TempDir(), more: more} }

func (tr trail) log() string { return filepath.Join(tr.dir, "audit.log") }

func (tr trail) write(t *testing.T, lines ...string) {
	t.Helper()
	f, err := os.OpenFile(tr.log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(strings.Join(lines, "")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// running is a Pipeline and how many records were taken from it.
type running struct {
	*Pipeline
	taken int64
}

func (tr trail) start(t *testing.T) *running {
	t.Helper()
	set := config.Map{
		"kube_events": "off", "cluster_name": "test", "db": filepath.Join(tr.dir, "cursor.db"),
		"interval_nsec": "0", "monitor_interval": "0", "audit_path": tr.log(),
	}
	maps.Copy(set, tr.more)
	cfg, err := config.Parse(set)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), cfg, Options{Instance: "test", Logger: slog.New(slog.DiscardHandler), JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	return &running{Pipeline: p}
}

func stop(t *testing.T, p *running) {
	t.Helper()
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// rec is what the tests look at of a record.
type rec struct {
	Type, ID string
	Object   struct{ Name string }
	Audit    struct {
		AuditID           string `json:"audit_id"`
		Verb              string
		Request, Response any
	}
	Change   struct{ Paths []string }
	Rejected struct {
		Source, Name, Reason string
		Offset, Bytes        int64
	}
}

// take returns the next records, until p has dealt with as many items as
// received since its start.
func take(t *testing.T, p *running, received int64) []rec {
	t.Helper()
	var out []rec
	deadline := time.Now().Add(20 * time.Second)
	for {
		data := p.Take(100 * time.Millisecond)
		for l := range bytes.Lines(data) {
			var r rec
			if err := json.Unmarshal(l, &r); err != nil {
				t.Fatalf("%v: %s", err, l)
			}
			out = append(out, r)
			p.taken++
		}
		silent := p.count.deduplicated.Load() + p.count.filtered.Load()
		if q := p.outbox.queue(); p.taken+silent >= received && q.Records == 0 && q.Uncommitted == 0 {
			if got := p.count.received.Load(); got != received {
				t.Fatalf("%d received, want %d", got, received)
			}
			return out
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d received: %+v", p.count.received.Load(), received, out)
		}
	}
}

func names(recs []rec) string {
	var out []string
	for _, r := range recs {
		out = append(out, r.Object.Name)
	}
	return strings.Join(out, " ")
}

func TestAuditFileGoesOnWhereItWas(t *testing.T) {
	tr := newTrail(t, nil)
	tr.write(t, line(1, "get", ""), line(2, "get", ""))
	p := tr.start(t)
	if got := names(take(t, p, 2)); got != "c1 c2" {
		t.Errorf("records of %q, want c1 c2", got)
	}
	tr.write(t, line(3, "get", ""))
	if got := names(take(t, p, 3)); got != "c3" {
		t.Errorf("records of %q, want c3", got)
	}
	stop(t, p)

	tr.write(t, line(4, "get", ""))
	p = tr.start(t)
	if got := names(take(t, p, 1)); got != "c4" {
		t.Errorf("after a restart: records of %q, want c4", got)
	}
	stop(t, p)
}

// whole returns a batch once it has n records.
func whole(t *testing.T, p *running, n int64) []byte {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); p.outbox.queue().Records < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d records wait, want %d", p.outbox.queue().Records, n)
		}
	}
	return bytes.Clone(p.Take(0))
}

// What was handed over and not committed comes again, with the same ids.
func TestAuditIsRepeatedAfterACrash(t *testing.T) {
	tr := newTrail(t, nil)
	tr.write(t, line(1, "get", ""), "no audit event\n")
	p := tr.start(t)
	p.outbox.settled = time.Hour // The host never takes so long; the crash comes first.
	first := whole(t, p, 2)
	stop(t, p)

	p = tr.start(t)
	again := whole(t, p, 2)
	stop(t, p)
	ids := func(data []byte) (out []string) {
		for l := range bytes.Lines(data) {
			var r rec
			if err := json.Unmarshal(l, &r); err != nil {
				t.Fatal(err)
			}
			out = append(out, r.ID)
		}
		return out
	}
	if a, b := ids(first), ids(again); fmt.Sprint(a) != fmt.Sprint(b) || len(a) != 2 {
		t.Errorf("ids %v, then %v", a, b)
	}
}

func TestRejectedLineMakesARecord(t *testing.T) {
	tr := newTrail(t, nil)
	good := line(1, "get", "")
	tr.write(t, good, "{\"kind\":\"Event\",\n", line(2, "get", ""))
	p := tr.start(t)
	recs := take(t, p, 3)
	stop(t, p)
	if len(recs) != 3 || recs[1].Type != "rejected" || names(recs) != "c1  c2" {
		t.Fatalf("records: %+v", recs)
	}
	r := recs[1].Rejected
	if r.Source != "audit_file" || r.Name != tr.log() || r.Offset != int64(len(good)) || r.Reason != "not_json" || r.Bytes != 16 {
		t.Errorf("rejected: %+v", r)
	}
	if p.count.snapshot().Rejected["not_json"] != 1 {
		t.Errorf("counters: %+v", p.count.snapshot())
	}
}

func TestFilteredAreCounted(t *testing.T) {
	tr := newTrail(t, config.Map{"audit_verbs_exclude": "get"})
	tr.write(t, line(1, "get", ""), line(2, "update", ""), strings.Replace(line(3, "update", ""), "ResponseComplete", "RequestReceived", 1))
	p := tr.start(t)
	got := names(take(t, p, 3))
	stop(t, p)
	if s := p.count.snapshot(); got != "c2" || s.Filtered != 2 || s.Audits != 1 {
		t.Errorf("records of %q, counters %+v", got, s)
	}
}

// A client may repeat the Audit-ID of an earlier request, to have its own taken
// for a repeat.
func TestReusedAuditIDHidesNothing(t *testing.T) {
	tr := newTrail(t, nil)
	second := strings.Replace(line(2, "delete", ""), "id-2", "id-1", 1)
	tr.write(t, line(1, "get", ""), second, second)
	p := tr.start(t)
	recs := take(t, p, 3)
	stop(t, p)
	if names(recs) != "c1 c2" || recs[0].Audit.AuditID != recs[1].Audit.AuditID || recs[0].ID == recs[1].ID {
		t.Errorf("records: %+v", recs)
	}
}

func TestBodiesAndChange(t *testing.T) {
	bodies := `"requestObject":{"data":{"k":"v"}},"responseObject":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c1","namespace":"shop"},"data":{"k":"v"}},`
	for mode, want := range map[string][2]bool{"off": {false, false}, "writes": {false, true}, "all": {true, true}} {
		t.Run(mode, func(t *testing.T) {
			tr := newTrail(t, config.Map{"audit_bodies": mode})
			tr.write(t, line(1, "get", bodies), line(2, "patch", bodies))
			p := tr.start(t)
			recs := take(t, p, 2)
			stop(t, p)
			if len(recs) != 2 {
				t.Fatalf("records: %+v", recs)
			}
			for i, r := range recs {
				if (r.Audit.Request != nil) != want[i] || (r.Audit.Response != nil) != want[i] {
					t.Errorf("%s: request %v, response %v", r.Audit.Verb, r.Audit.Request, r.Audit.Response)
				}
			}
			if got := fmt.Sprint(recs[1].Change.Paths); got != "[data[k]]" {
				t.Errorf("paths %s", got)
			}
		})
	}
}

// freePort returns an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	return l.Addr().String()
}

func post(t *testing.T, address string, lines ...string) {
	t.Helper()
	body := `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + strings.Join(lines, ",") + `]}`
	res, err := http.Post("http://"+address+"/audit", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("answer %s", res.Status)
	}
}

func TestBothSourcesGiveEachOnce(t *testing.T) {
	address := freePort(t)
	tr := newTrail(t, config.Map{"audit_webhook_listen": address})
	tr.write(t, line(1, "get", ""), line(2, "get", ""))
	p := tr.start(t)
	if got := names(take(t, p, 2)); got != "c1 c2" {
		t.Errorf("from the file: records of %q", got)
	}
	post(t, address, line(2, "get", ""), line(3, "get", ""))
	if got := names(take(t, p, 4)); got != "c3" {
		t.Errorf("from the webhook: records of %q", got)
	}
	stop(t, p)

	// The memory of what was handed on outlives a restart, too.
	tr.write(t, line(3, "get", ""), line(4, "get", ""))
	p = tr.start(t)
	if got := names(take(t, p, 2)); got != "c4" {
		t.Errorf("after a restart: records of %q", got)
	}
	stop(t, p)
}

// What was answered with 200 is there, whether anybody took it or not.
func TestPostedOutlivesTheProcess(t *testing.T) {
	address := freePort(t)
	tr := newTrail(t, config.Map{"audit_webhook_listen": address})
	p := tr.start(t)
	post(t, address, line(1, "get", ""), `{"kind":"Pod"}`, line(2, "get", ""))
	stop(t, p)
	p = tr.start(t)
	recs := take(t, p, 3)
	stop(t, p)
	if names(recs) != "c1  c2" || recs[1].Rejected.Reason != "not_an_event" || recs[1].Rejected.Source != "audit_webhook" || recs[1].Rejected.Offset != 1 {
		t.Errorf("records: %+v", recs)
	}
}
