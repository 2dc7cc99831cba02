package pipeline

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/cursor"
)

const planted = "pl4nted-v4lue"

// records returns the audit records and the last monitor_status of a pipeline, once
// there are n of the former.
func (p *running) records(t *testing.T, n int) (audits []map[string]any, monitor map[string]any) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(audits) < n || monitor == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("%d audit records, monitor %v", len(audits), monitor)
		}
		for line := range strings.Lines(string(p.Take(10 * time.Millisecond))) {
			var rec map[string]any
			if err := json.Unmarshal([]byte(line), &rec); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(line, planted) {
				t.Errorf("a value leaves: %s", line)
			}
			switch rec["type"] {
			case "audit":
				audits = append(audits, rec)
			case "monitor_status":
				monitor, _ = rec["monitor"].(map[string]any)
			}
		}
	}
	return audits, monitor
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestValuesThatCannotBeReadLater has values that are replaced, and then no file
// to read them from.
func TestValuesThatCannotBeReadLater(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "values")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "DB_PASSWORD"), planted+"\n")
	tr := newTrail(t, config.Map{"redact_values_path": folder, "audit_bodies": "all", "monitor_interval": "1s"})
	body := `"requestObject":{"kind":"ConfigMap","data":{"a":"say ` + planted + `","b":"plain"}},`
	tr.write(t, line(1, "create", body))
	p := tr.start(t)
	audits, monitor := p.records(t, 1)
	audit, _ := audits[0]["audit"].(map[string]any)
	request, err := json.Marshal(audit["request"])
	if err != nil || string(request) != `{"data":{"a":"say [redacted:DB_PASSWORD]","b":"plain"},"kind":"ConfigMap"}` {
		t.Errorf("the body is %s, %v", request, err)
	}
	redaction, _ := monitor["redaction"].(map[string]any)
	if redaction["values"] != 1.0 || redaction["blocked"] != nil {
		t.Errorf("monitor_status says %v", redaction)
	}

	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	for blocked := false; !blocked; {
		_, monitor := p.records(t, 0)
		redaction, _ := monitor["redaction"].(map[string]any)
		blocked = redaction["blocked"] != nil
	}
	tr.write(t, line(2, "create", body))
	audits, _ = p.records(t, 1)
	if audit, _ = audits[0]["audit"].(map[string]any); audit["request"] != nil || audit["message"] != "[withheld]" {
		t.Errorf("the payload is %v", audit)
	}
	if object, _ := audits[0]["object"].(map[string]any); object["name"] != "c2" {
		t.Errorf("it does not say what it is about: %v", audits[0])
	}
	withheld, err := json.Marshal(audits[0]["redaction"])
	if err != nil || string(withheld) != `{"withheld":[{"path":"","reason":"known values unreadable"}]}` {
		t.Errorf("it says %s, %v", withheld, err)
	}
	stop(t, p)
}

func TestValuesThatCannotBeReadAtTheStart(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	set := config.Map{
		"kube_events": "off", "cluster_name": "c", "audit_path": filepath.Join(t.TempDir(), "audit.log"), "redact_values_path": gone,
	}
	cfg, err := config.Parse(set)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Instance: "test", Logger: slog.New(slog.DiscardHandler), JSON: true}
	_, err = Start(t.Context(), cfg, options)
	if err == nil || !strings.Contains(err.Error(), gone) || !strings.Contains(err.Error(), "redact_start") {
		t.Errorf("the error is %v", err)
	}
	set["redact_start"] = "withhold"
	if cfg, err = config.Parse(set); err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), cfg, options)
	if err != nil {
		t.Fatal(err)
	}
	stop(t, &running{Pipeline: p})
}

// TestDerivedKeys has the same key for the same salt and purpose, and not the salt
// itself.
func TestDerivedKeys(t *testing.T) {
	salt := []byte(strings.Repeat("salt", 8))
	key := func(salt []byte, purpose string) string {
		t.Helper()
		k, err := derived(salt, purpose)
		if err != nil || len(k) != cursor.KeyBytes {
			t.Fatal(len(k), err)
		}
		return string(k)
	}
	a := key(salt, keyOfSpool)
	if a == string(salt) || a != key(salt, keyOfSpool) {
		t.Error("it is the salt, or another each time")
	}
	if a == key(salt, keyOfCursor) || a == key([]byte(strings.Repeat("tlas", 8)), keyOfSpool) {
		t.Error("another purpose or salt has the same key")
	}
}

// TestSecretsThatMayNotBeRead has a server that lets nobody read anything.
func TestSecretsThatMayNotBeRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`)
	}))
	defer server.Close()
	start := func(mode string) (*Pipeline, error) {
		t.Helper()
		cfg, err := config.Parse(config.Map{
			"kube_url": server.URL, "cluster_name": "c", "kube_objects": "off", "redact_cluster_secrets": "on", "redact_start": mode,
		})
		if err != nil {
			t.Fatal(err)
		}
		return Start(t.Context(), cfg, Options{Instance: "test", Logger: slog.New(slog.DiscardHandler), JSON: true})
	}
	if _, err := start("fail"); err == nil || !strings.Contains(err.Error(), "redact_cluster_secrets: ") || !strings.Contains(err.Error(), "conf/rbac-secrets.yaml") {
		t.Errorf("the error is %v", err)
	}
	p, err := start("withhold")
	if err != nil {
		t.Fatal(err)
	}
	stop(t, &running{Pipeline: p})
}
