package conf

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// record is what the tests ask of a record.
type record struct {
	Schema      string `json:"schema"`
	Type        string `json:"type"`
	ID          string `json:"id"`
	Time        string `json:"time"`
	Cluster     string `json:"cluster"`
	Correlation string `json:"correlation"`
	Application struct {
		Name string `json:"name"`
	} `json:"application"`
	Object struct {
		Namespace string `json:"namespace"`
	} `json:"object"`
	Audit struct {
		AuditID string `json:"audit_id"`
		User    struct {
			Username string `json:"username"`
		} `json:"user"`
	} `json:"audit"`
	Event struct {
		Reason string `json:"reason"`
	} `json:"event"`
	Message string `json:"message"`
}

func parseRecord(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return r, err
	}
	if r.Schema != "live-status/v1" || r.Type == "" || r.ID == "" || r.Time == "" || r.Cluster == "" {
		return r, fmt.Errorf("no record: %.200s", data)
	}
	return r, nil
}

// received is what came out at the end.
type received struct {
	mu       sync.Mutex
	records  map[string]record
	types    map[string]int
	notes    map[string]int
	problems []string
}

func newReceived() *received {
	return &received{records: map[string]record{}, types: map[string]int{}, notes: map[string]int{}}
}

func (r *received) add(rec record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records[rec.ID] = rec
	r.types[rec.Type]++
}

// note counts something worth asking for.
func (r *received) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes[what]++
}

func (r *received) problem(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.problems) < 10 {
		r.problems = append(r.problems, fmt.Sprintf(format, args...))
	}
}

// wrongError is what waiting does not mend.
type wrongError struct{ problems []string }

func (e *wrongError) Error() string { return fmt.Sprintf("wrong: %q", e.problems) }

// has reports what is missing of the types and notes, and what went wrong.
func (r *received) has(types []string, notes ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []string
	for _, t := range types {
		if r.types[t] == 0 {
			missing = append(missing, t)
		}
	}
	for _, n := range notes {
		if r.notes[n] == 0 {
			missing = append(missing, n)
		}
	}
	switch {
	case len(r.problems) > 0:
		return &wrongError{r.problems}
	case len(missing) > 0:
		return fmt.Errorf("missing %v; there are %v, %v", missing, r.types, r.notes)
	default:
		return nil
	}
}

// audited counts the audit events that records tell of.
func (r *received) audited() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := map[string]bool{}
	for _, rec := range r.records {
		if rec.Type == "audit" {
			ids[rec.Audit.AuditID] = true
		}
	}
	return len(ids)
}

// everyType are those of a cluster with the sample application and a trail.
var everyType = []string{"event", "audit", "object_status", "application_status", "monitor_status"}

// server is a downstream: handle reads a body and returns the answer's.
func server(t *testing.T, r *received, handle func(body []byte, req *http.Request) (string, error)) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := readBody(req)
		answer := ""
		if err == nil {
			answer, err = handle(body, req)
		}
		if err != nil {
			r.problem("%s %s: %v", req.Method, req.URL.Path, err)
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		if answer == "" {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if _, err := io.WriteString(w, answer); err != nil {
			r.problem("answer: %v", err)
		}
	})
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Method != http.MethodPost {
		return nil, errors.New("no POST")
	}
	if req.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(req.Body)
	}
	z, err := gzip.NewReader(req.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// serve listens on 127.0.0.1 and returns the port.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// loki takes what Loki takes at /loki/api/v1/push.
func loki(t *testing.T, r *received) http.Handler {
	t.Helper()
	return server(t, r, func(body []byte, _ *http.Request) (string, error) {
		var push struct {
			Streams []struct {
				Stream map[string]string
				Values [][]json.RawMessage
			}
		}
		if err := json.Unmarshal(body, &push); err != nil {
			return "", err
		}
		for _, s := range push.Streams {
			for _, v := range s.Values {
				if err := r.addEntry(s.Stream, v); err != nil {
					return "", err
				}
			}
		}
		return "", nil
	})
}

// addEntry puts an entry of Loki's together again: what became a label or
// metadata is no longer in the line.
func (r *received) addEntry(labels map[string]string, value []json.RawMessage) error {
	if len(value) != 3 {
		return fmt.Errorf("an entry of %d parts", len(value))
	}
	var line string
	var metadata map[string]string
	var rec record
	if err := errors.Join(json.Unmarshal(value[1], &line), json.Unmarshal(value[2], &metadata)); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(line), &rec); err != nil {
		return err
	}
	if rec.Schema == "" || rec.Time == "" || rec.Type != "" || rec.ID != "" {
		r.problem("line %s", line)
	}
	rec.Type, rec.ID, rec.Cluster = labels["type"], metadata["id"], labels["cluster"]
	rec.Application.Name, rec.Object.Namespace = labels["application"], labels["namespace"]
	if labels["job"] != "live-status" || rec.Type == "" || rec.ID == "" || rec.Cluster != "production" {
		r.problem("labels %v, metadata %v", labels, metadata)
	}
	if rec.Type == "audit" && metadata["user"] == "" || rec.Type == "event" && metadata["reason"] == "" {
		r.problem("metadata %v of type %s", metadata, rec.Type)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(labels)), slices.Collect(maps.Keys(metadata))) {
		r.note(name)
	}
	r.add(rec)
	return nil
}

// elasticsearch takes what Elasticsearch takes at /_bulk.
func elasticsearch(t *testing.T, r *received) http.Handler {
	t.Helper()
	return server(t, r, func(body []byte, req *http.Request) (string, error) {
		if req.URL.Path != "/_bulk" {
			return "", errors.New("another path")
		}
		lines := strings.Split(strings.TrimSpace(string(body)), "\n")
		if len(lines)%2 != 0 {
			return "", errors.New("an action without a document")
		}
		var items []string
		for i := 0; i < len(lines); i += 2 {
			var action struct {
				Index map[string]string `json:"index"`
			}
			if err := json.Unmarshal([]byte(lines[i]), &action); err != nil {
				return "", err
			}
			rec, err := parseRecord([]byte(lines[i+1]))
			if err != nil {
				return "", err
			}
			day := strings.ReplaceAll(rec.Time[:len("2026-11-21")], "-", ".")
			if want := map[string]string{"_index": "live-status-" + day, "_id": rec.ID}; !maps.Equal(action.Index, want) {
				r.problem("action %s, want %v", lines[i], want)
			}
			var document struct {
				Timestamp string `json:"@timestamp"`
			}
			if err := json.Unmarshal([]byte(lines[i+1]), &document); err != nil || document.Timestamp != rec.Time {
				r.problem("@timestamp %q of a record of %s (%v)", document.Timestamp, rec.Time, err)
			}
			r.add(rec)
			items = append(items, `{"index":{"status":201}}`)
		}
		return `{"took":1,"errors":false,"items":[` + strings.Join(items, ",") + `]}`, nil
	})
}

// collector takes OTLP logs.
func collector(t *testing.T, r *received) http.Handler {
	t.Helper()
	return server(t, r, func(body []byte, req *http.Request) (string, error) {
		if req.URL.Path != "/v1/logs" {
			return "", errors.New("another path")
		}
		bodies, err := logBodies(body)
		if err != nil {
			return "", err
		}
		for _, b := range bodies {
			data, err := json.Marshal(b)
			if err != nil {
				return "", err
			}
			rec, err := parseRecord(data)
			if err != nil {
				return "", err
			}
			if rec.Message != "" {
				r.note("message")
			}
			r.add(rec)
		}
		return "{}", nil
	})
}

// lines takes a record a line, as forward_format jsonl sends them.
func lines(t *testing.T, r *received) http.Handler {
	t.Helper()
	return server(t, r, func(body []byte, req *http.Request) (string, error) {
		if req.Header.Get("Authorization") != "Bearer "+forwardToken {
			return "", errors.New("no token")
		}
		for line := range strings.Lines(string(body)) {
			rec, err := parseRecord([]byte(line))
			if err != nil {
				return "", err
			}
			if rec.Application.Name != "" {
				r.note("application")
			}
			r.note(rec.Correlation)
			r.add(rec)
		}
		return "", nil
	})
}
