package emit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// encoded returns a batch of n records as they are in earnest.
func encoded(tb testing.TB, format Format, n int) Batch {
	tb.Helper()
	form := encode.AppendJSON
	if format == FormatOTLP {
		form = encode.AppendOTLP
	}
	redactor := redact.New(redact.Options{Salt: make([]byte, 32)})
	var b Batch
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := range n {
		id := event.RecordID(fmt.Sprintf("event/5b4d8f4e-93a1-4c6c-8a53-7b5f2f0f3f10/%d", i))
		pod := event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: fmt.Sprintf("web-6c9f7d5b8-%d", i), UID: "0b0c3a52-8a0c-4a2e-9d0e-6a1f5f3c9b11"}
		var err error
		b.Data, err = form(b.Data, redactor.Redact(event.Record{
			Type: event.TypeEvent, ID: id, Time: at.Add(time.Duration(i) * time.Millisecond), Cluster: "prod-eu-1", Object: &pod,
			Event: &event.Occurrence{
				UID: "5b4d8f4e-93a1-4c6c-8a53-7b5f2f0f3f10", Namespace: "shop", Name: pod.Name + ".17f3a1c2d4e5f607", Reason: "BackOff", Type: "Warning",
				Message: "Back-off restarting failed container app in pod " + pod.Name, Count: int64(i), CountDelta: 1,
			},
		}))
		if err != nil {
			tb.Fatal(err)
		}
		if format == FormatJSON {
			b.Data = append(b.Data, '\n')
		}
		b.Ends = append(b.Ends, len(b.Data))
		b.IDs = append(b.IDs, id)
	}
	return b
}

// exported reads an ExportLogsServiceRequest, which has the form of LogsData, and
// returns the ids of its records.
func exported(tb testing.TB, body []byte) (*logspb.ResourceLogs, []event.RecordID) {
	tb.Helper()
	var data logspb.LogsData
	if err := proto.Unmarshal(body, &data); err != nil {
		tb.Fatal(err)
	}
	if len(data.GetResourceLogs()) != 1 || len(data.GetResourceLogs()[0].GetScopeLogs()) != 1 || len(data.ProtoReflect().GetUnknown()) > 0 {
		tb.Fatalf("%d resources", len(data.GetResourceLogs()))
	}
	logs := data.GetResourceLogs()[0]
	var ids []event.RecordID
	for _, r := range logs.GetScopeLogs()[0].GetLogRecords() {
		a := r.GetAttributes()[0]
		if a.GetKey() != "log.record.uid" || !strings.HasPrefix(r.GetEventName(), "live_status.") {
			tb.Fatalf("record %v", r)
		}
		ids = append(ids, event.RecordID(a.GetValue().GetStringValue()))
	}
	return logs, ids
}

func TestOTLPRequest(t *testing.T) {
	server := collect(t, nil, (*httptest.Server).Start)
	b := encoded(t, FormatOTLP, 200)
	for path, want := range map[string]string{"": "/v1/logs", "/": "/v1/logs", "/otlp/v1/logs": "/otlp/v1/logs"} {
		for _, compress := range []bool{false, true} {
			c := opened(t, Options{To: server.URL + path, Format: FormatOTLP, Compress: compress, Version: "1.2.3", Instance: "i-1", Cluster: "prod-eu-1"})
			send(t, c, b.Slice(50, 150))
			calls := server.seen()
			got := calls[len(calls)-1]
			body := got.body
			if compress {
				body = unpacked(t, body)
			}
			if got.path != want || got.header.Get("Content-Type") != "application/x-protobuf" {
				t.Errorf("%s %s", got.path, got.header.Get("Content-Type"))
			}
			logs, ids := exported(t, body)
			if !slices.Equal(ids, b.IDs[50:150]) {
				t.Errorf("ids %q", ids)
			}
			attributes := map[string]string{}
			for _, a := range logs.GetResource().GetAttributes() {
				attributes[a.GetKey()] = a.GetValue().GetStringValue()
			}
			for name, want := range map[string]string{"service.name": "live-status", "service.version": "1.2.3", "service.instance.id": "i-1", "k8s.cluster.name": "prod-eu-1"} {
				if attributes[name] != want {
					t.Errorf("%s: %q", name, attributes[name])
				}
			}
			if scope := logs.GetScopeLogs()[0].GetScope(); scope.GetName() != "live-status" || scope.GetVersion() != "1.2.3" {
				t.Errorf("scope %v", scope)
			}
		}
	}
}

// response is an ExportLogsServiceResponse.
func response(rejected int64, message string) []byte {
	var partial []byte
	if rejected != 0 {
		partial = protowire.AppendVarint(protowire.AppendTag(partial, partialRejected, protowire.VarintType), uint64(rejected))
	}
	if message != "" {
		partial = appendString(partial, partialMessage, message)
	}
	return appendMessage(nil, responsePartialSuccess, partial)
}

func TestOTLPAnswers(t *testing.T) {
	status := appendString(protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 3), googleStatusMessage, "no such tenant")
	for _, c := range []struct {
		name, kind string
		code       int
		body       string
		refused    bool
		says       string
	}{
		{"nothing", "", 200, "", false, ""},
		{"empty", protobuf, 200, "", false, ""},
		{"full", protobuf, 200, string(response(0, "")), false, ""},
		{"warning", protobuf, 200, string(response(0, "old version")), false, ""},
		{"partial", protobuf, 200, string(response(2, "too old")), true, "200 OK, but 2 of 5 records were rejected: too old"},
		{"partial with an unprintable message", protobuf, 200, string(response(2, "\x00")), true, "200 OK, but 2 of 5 records were rejected"},
		{"more than there are", protobuf, 200, string(response(9, "")), true, "200 OK, but 9 of 5 records were rejected"},
		{"JSON", "application/json", 200, `{"partialSuccess":{}}`, false, ""},
		{"partial in JSON", "application/json; charset=utf-8", 200, `{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"bad"}}`, true, "200 OK, but 1 of 5 records were rejected: bad"},
		{"partial as number", "application/json", 200, `{"partialSuccess":{"rejectedLogRecords":1}}`, true, "200 OK, but 1 of 5 records were rejected"},
		{"something else", "text/plain", 200, "thanks", false, ""},
		{"not what it says", protobuf, 200, "thanks", false, ""},
		{"not the JSON it says", "application/json", 200, "{", false, ""},
		{"too long", protobuf, 200, strings.Repeat("x", maxAnswer+1), false, "200 OK, but the answer is longer than 1048576 bytes"},
		{"complaint", protobuf, 400, string(status), true, "400 Bad Request: no such tenant"},
		{"unavailable", protobuf, 503, string(status), false, "503 Service Unavailable: no such tenant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := collect(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.code)
				_, _ = w.Write([]byte(c.body)) // The client may be gone.
			}, (*httptest.Server).Start)
			err := opened(t, Options{To: server.URL, Format: FormatOTLP}).Send(t.Context(), encoded(t, FormatOTLP, 5))
			want := "POST " + server.host() + ": " + c.says
			var r *RefusedError
			if (err == nil) != (c.says == "") || (err != nil && err.Error() != want) || errors.As(err, &r) != c.refused {
				t.Errorf("%v, want %s", err, want)
			}
		})
	}
}

// TestOTLPPartialSuccess delivers to a server that takes what it can of a request
// and says how much that was not.
func TestOTLPPartialSuccess(t *testing.T) {
	b := encoded(t, FormatOTLP, 100)
	times := map[event.RecordID]int{}
	server := collect(t, nil, func(s *httptest.Server) {
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := make([]byte, r.ContentLength)
			if _, err := io.ReadFull(r.Body, body); err != nil {
				return
			}
			_, ids := exported(t, body)
			rejected := int64(0)
			for _, id := range ids {
				if id == b.IDs[33] {
					rejected++
				} else {
					times[id]++
				}
			}
			w.Header().Set("Content-Type", protobuf)
			_, _ = w.Write(response(rejected, "too old"))
		})
		s.Start()
	})
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	dead, err := OpenDeadLetters(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDeliverer(DelivererOptions{Client: opened(t, Options{To: server.URL, Format: FormatOTLP}), To: server.host(), DeadLetters: dead})
	buried, err := d.Deliver(t.Context(), b)
	if err != nil || !slices.Equal(buried, []int{33}) {
		t.Fatalf("dead %v, %v", buried, err)
	}
	sent := 0
	for _, id := range b.IDs {
		if n := times[id]; (n == 0) != (id == b.IDs[33]) {
			t.Errorf("%s arrived %d times", id, n)
		}
		sent += times[id]
	}
	if most := 3 * b.Len(); sent > most {
		t.Errorf("%d records arrived, repeats included; at most %d", sent, most)
	}
	if s := d.Status(); s.Acknowledged != 99 || s.DeadLetters != 1 {
		t.Errorf("status %+v", s)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(lines), "web-6c9f7d5b8-33") || !strings.Contains(string(lines), "1 of 1 records were rejected: too old") {
		t.Errorf("%s, %v", lines, err)
	}
}

// FuzzOTLPAnswer reads any answer.
func FuzzOTLPAnswer(f *testing.F) {
	f.Add(response(3, "bad"))
	f.Add([]byte(`{"partialSuccess":{"rejectedLogRecords":"1"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rejected, message, err := partialSuccess(body)
		if err == nil && rejected > 0 {
			again, text, err := partialSuccess(response(rejected, message))
			if err != nil || again != rejected || text != message {
				t.Fatalf("%d %q, %d %q, %v", rejected, message, again, text, err)
			}
		}
		if _, _, err := partialSuccessJSON(body); err != nil && !errors.Is(err, errAnswer) {
			t.Fatal(err)
		}
		statusMessage(body)
	})
}
