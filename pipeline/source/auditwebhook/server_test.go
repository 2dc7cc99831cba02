package auditwebhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// unannounced hides the length of a body, so that it is sent in chunks.
type unannounced struct{ io.Reader }

func TestAnswers(t *testing.T) {
	opts, ca := newOptions(t)
	opts.MaxBody = 64 << 10
	f := start(t, opts, ca)
	good := goodBody(3, 10)
	packed := string(gzipped(t, []byte(good)))
	bomb := string(gzipped(t, []byte(listOpen+strings.Repeat(" ", 50<<20)+"]}")))
	var parts bytes.Buffer
	for empty := gzipped(t, nil); parts.Len() < 128<<10; {
		parts.Write(empty)
	}
	for _, tc := range []struct {
		name, method, path, body string
		chunked                  bool
		header                   []string
		status                   int
		text                     string
		// stored is how many bodies are added to the spool.
		stored int
	}{
		{name: "list", body: good, status: 200, stored: 1},
		{name: "any path", path: "/audit/of/cluster?timeout=30s", body: good, status: 200, stored: 1},
		{name: "chunked", body: good, chunked: true, status: 200, stored: 1},
		{name: "event", body: `{"kind":"Event","apiVersion":"audit.k8s.io/v1"}`, status: 200, stored: 1},
		{name: "array", body: `[{"auditID":"a"}]`, status: 200, stored: 1},
		{name: "lines", body: "{\"auditID\":\"a\"}\n{\"auditID\":\"a\"}\n", status: 200, stored: 1},
		{name: "unreadable items", body: listOpen + `null,7,{"auditID":"a"}]}`, status: 200, stored: 1},
		{name: "empty list", body: listOpen + "]}", status: 200},
		{name: "empty array", body: "[]", status: 200},
		{name: "gzip", body: packed, header: []string{"Content-Encoding", "GZIP"}, status: 200, stored: 1},
		{name: "gzip in chunks", body: packed, chunked: true, header: []string{"Content-Encoding", "gzip"}, status: 200, stored: 1},
		{name: "gzip not announced", body: packed, status: 200, stored: 1},
		{name: "gzip in two parts", body: string(gzipped(t, []byte(good[:9]))) + string(gzipped(t, []byte(good[9:]))), header: []string{"Content-Encoding", "gzip"}, status: 200, stored: 1},
		{name: "identity", body: good, header: []string{"Content-Encoding", "identity"}, status: 200, stored: 1},
		{name: "exactly as large", body: listOpen + strings.Repeat(" ", 64<<10-len(listOpen)-2) + "]}", status: 200},

		{name: "empty", status: 400, text: "the body is empty at byte 0"},
		{name: "no JSON", body: "hunter2 hunter2,", status: 400, text: "a JSON value is missing at byte 15 (line 1, column 16)"},
		{name: "pods", body: `{"kind":"PodList"}`, status: 400, text: "kind is PodList where"},
		{name: "v1beta1", body: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1beta1"}`, status: 400, text: "audit.k8s.io/v1 is needed"},
		{name: "cut off", body: good[:len(good)-1], status: 400, text: "the JSON ends early at byte"},
		{name: "gzip cut off", body: packed[:len(packed)-9], header: []string{"Content-Encoding", "gzip"}, status: 400, text: "the gzip data ends early"},
		{name: "gzip broken", body: packed[:20] + "\xff\xff\xff" + packed[23:], header: []string{"Content-Encoding", "gzip"}, status: 400, text: "the gzip data"},
		{name: "gzip that is none", body: good, header: []string{"Content-Encoding", "gzip"}, status: 400, text: "the gzip data is broken"},
		{name: "deflate", body: good, header: []string{"Content-Encoding", "deflate"}, status: 415, text: "must be gzip or none"},
		{name: "gzip twice", body: good, header: []string{"Content-Encoding", "gzip, gzip"}, status: 415, text: "must be gzip or none"},
		{name: "get", method: "GET", status: 405, text: "only POST"},
		{name: "put", method: "PUT", body: good, status: 405, text: "only POST"},
		{name: "too large", body: strings.Repeat(" ", 64<<10+1), status: 413, text: "larger than 65536 bytes"},
		{name: "far too large", body: strings.Repeat(" ", 8<<20), status: 413, text: "larger than 65536 bytes"},
		{name: "too large in chunks", body: strings.Repeat(" ", 1<<20), chunked: true, status: 413, text: "larger than 65536 bytes"},
		{name: "bomb", body: bomb, header: []string{"Content-Encoding", "gzip"}, status: 413, text: "larger than 65536 bytes"},
		{name: "bomb not announced", body: bomb, status: 413, text: "larger than 65536 bytes"},
		{name: "empty parts without end", body: parts.String(), chunked: true, header: []string{"Content-Encoding", "gzip"}, status: 413, text: "larger than 65536 bytes"},
		{name: "items null and more", body: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":nullx}`, status: 400, text: "items is no array"},

		{name: "live", method: "GET", path: "/healthz", status: 200, text: "ok"},
		{name: "ready", method: "GET", path: "/readyz", status: 200, text: "ok"},
		{name: "head", method: "HEAD", path: "/readyz", status: 200},
		{name: "post to a probe", path: "/healthz", body: good, status: 405, text: "GET and HEAD"},
	} {
		for _, h2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/h2=%t", tc.name, h2), func(t *testing.T) {
				f.spool.mu.Lock()
				last := f.spool.last
				f.spool.mu.Unlock()
				method, path := tc.method, tc.path
				if method == "" {
					method = http.MethodPost
				}
				if path == "" {
					path = "/"
				}
				var body io.Reader = strings.NewReader(tc.body)
				if tc.chunked {
					body = unannounced{body}
				}
				got := f.do(f.client(h2), method, path, body, tc.header...)
				if got.status != tc.status || !strings.Contains(got.text, tc.text) {
					t.Errorf("got %d %q, want %d %q", got.status, got.text, tc.status, tc.text)
				}
				if want := map[bool]int{false: 1, true: 2}[h2]; got.proto != want {
					t.Errorf("spoken over HTTP/%d", got.proto)
				}
				if strings.Contains(got.text, "hunter2") {
					t.Error("the answer quotes the body")
				}
				f.spool.mu.Lock()
				defer f.spool.mu.Unlock()
				if stored := f.spool.last - last; stored != int64(tc.stored) {
					t.Errorf("%d bodies stored, want %d", stored, tc.stored)
				}
			})
		}
	}
	if used := f.source.server.memory.used; used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
	if strings.Contains(f.logs.String(), "hunter2") {
		t.Error("the log quotes a body")
	}
}

// An error of the spool leaves the events with the API server, and tells it
// when to come back.
func TestSpoolErrors(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	client := f.client(true)
	for _, tc := range []struct {
		name   string
		err    error
		status int
		retry  string
		text   string
	}{
		{"full", fmt.Errorf("append: %w", event.ErrSpoolFull), 429, "10", "the spool is full until"},
		{"broken", errors.New("disk I/O error: hunter2"), 503, "5", "the spool cannot be written now"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f.spool.on(failing(tc.err))
			got := f.post(client, goodBody(1, 1))
			if got.status != tc.status || got.retryAfter != tc.retry || !strings.Contains(got.text, tc.text) || strings.Contains(got.text, "hunter2") {
				t.Errorf("got %d, after %q: %s", got.status, got.retryAfter, got.text)
			}
			if status := f.source.Status(); status.Error != tc.err.Error() || status.State != event.SourceServing {
				t.Errorf("status %+v", status)
			}
			f.spool.on(nil)
			if got := f.post(client, goodBody(1, 1)); got.status != 200 {
				t.Errorf("got %d after the spool recovered", got.status)
			}
			if status := f.source.Status(); status.Error != "" || status.LastReceived.IsZero() {
				t.Errorf("status %+v", status)
			}
		})
	}
	if status := f.source.Status(); status.Refused != 2 {
		t.Errorf("%d refused", status.Refused)
	}
}

// Nobody waits for a spool that does not answer.
func TestStoreTimesOut(t *testing.T) {
	opts, ca := newOptions(t)
	opts.Limits.StoreTimeout = 20 * time.Millisecond
	f := start(t, opts, ca)
	f.spool.on(func(ctx context.Context, _ event.Spooled) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if got := f.post(f.client(true), goodBody(1, 1)); got.status != 503 || got.retryAfter != "5" {
		t.Errorf("got %+v", got)
	}
}

func TestReadiness(t *testing.T) {
	now := time.Unix(1, 0)
	full := fmt.Errorf("append: %w", event.ErrSpoolFull)
	var r readiness
	for i, step := range []struct {
		do           func()
		size, bodies int64
		ready        bool
	}{
		{ready: true},
		{func() { r.wrote(full, now, 100) }, 100, 5, false},
		{func() { now = now.Add(time.Hour) }, 100, 5, false},
		{nil, 99, 4, true},
		{nil, 200, 9, true},
		// A body that never fits must not close the door to others.
		{func() { r.wrote(full, now, 0) }, 0, 0, true},
		{func() { r.wrote(errors.New("read-only file system"), now, 50) }, 50, 1, false},
		{func() { now = now.Add(doubtFor - 1) }, 0, 0, false},
		{func() { now = now.Add(1) }, 50, 1, true},
		{func() { r.wrote(full, now, 100); r.wrote(nil, now, 100) }, 100, 5, true},
	} {
		if step.do != nil {
			step.do()
		}
		if err := r.check(now, step.size, step.bodies); (err == nil) != step.ready {
			t.Errorf("step %d: %v", i, err)
		}
	}
}

func TestReadyzFollowsTheSpool(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	f.sink.mu.Lock()
	f.sink.hold = true
	f.sink.mu.Unlock()
	client := f.client(true)
	f.post(client, goodBody(1, 1))
	f.spool.on(failing(event.ErrSpoolFull))
	f.post(client, goodBody(1, 1))
	if got := f.do(client, http.MethodGet, "/readyz", nil); got.status != 503 || !strings.Contains(got.text, "full") {
		t.Errorf("got %+v", got)
	}
	if got := f.do(client, http.MethodGet, "/healthz", nil); got.status != 200 {
		t.Errorf("got %+v", got)
	}
	f.sink.commit("audit_webhook/memory", "1")
	f.eventually("ready once a body is deleted", func() bool {
		return f.do(client, http.MethodGet, "/readyz", nil).status == 200
	})
}
