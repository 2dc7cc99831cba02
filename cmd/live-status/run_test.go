package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// auditLine is a line of an audit log.
func auditLine(id int) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"id-%d","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/pods/web","verb":"delete","user":{"username":"alice"},"objectRef":{"resource":"pods","namespace":"shop","name":"web","apiVersion":"v1"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-01-31T12:00:%02d.000000Z","stageTimestamp":"2026-01-31T12:00:%02d.100000Z"}`+"\n", id, id, id)
}

// until ends a run once the file has a text in it.
func until(t *testing.T, file, text string) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), text) {
				cancel()
			}
			<-tick.C
		}
	}()
	return ctx
}

// The block of a Fluent Bit configuration runs as it is, a file takes the records of
// the types that are asked for, and the next run goes on where this one ended.
func TestRunToFile(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LOGS", ".")
	write(t, "audit.log", []byte(auditLine(1)+"no audit event\n"+auditLine(2)))
	write(t, "fluent-bit.yaml", []byte(`
service: {flush: 1}
pipeline:
  inputs:
    - name: live_status
      tag: audit
      cluster_name: test
      kube_events: off
      audit_path: ${LOGS}/audit.log
      db: live-status.db
  outputs: [{name: stdout, match: "*"}]
`))
	args := []string{"run", "-c", "fluent-bit.yaml", "-o", "records.jsonl", "--only", "audit", "--interval-nsec", "1000000"}
	for round, id := range []int{2, 3} {
		var stdout, stderr bytes.Buffer
		if code := run(until(t, "records.jsonl", fmt.Sprintf(`"audit_id":"id-%d"`, id)), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d: %s", code, &stderr)
		}
		if stdout.Len() > 0 {
			t.Errorf("round %d: printed %s", round, &stdout)
		}
		f, err := os.OpenFile("audit.log", os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(auditLine(id + 1)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("records.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range bytes.Lines(data) {
		if typeOf(line) != event.TypeAudit {
			t.Errorf("record %s", line)
		}
		_, rest, _ := strings.Cut(string(line), `"audit_id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		got = append(got, id)
	}
	if text := strings.Join(got, " "); text != "id-1 id-2 id-3" {
		t.Errorf("records %s, want each once and in order", text)
	}
}

// What cannot be written is not committed, and ends the run.
func TestRunCannotWrite(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "audit.log", []byte(auditLine(1)))
	args := strings.Fields("run --kube-events=off --cluster-name test --audit-path audit.log --db x.db")
	var stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), full{syscall.ENOSPC}, &stderr)
	if want := "live-status: write records: no space left on device\n"; code != 1 || !strings.HasSuffix(stderr.String(), want) {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if code := run(until(t, "records.jsonl", `"id-1"`), append(args, "-o", "records.jsonl"), strings.NewReader(""), &bytes.Buffer{}, &stderr); code != 0 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}

// A line that a crash cut off does not spoil the next one.
func TestOutputEndsLine(t *testing.T) {
	for before, want := range map[string]string{"": "b\n", "a\n": "a\nb\n", "a\n{\"cut": "a\n{\"cut\nb\n"} {
		name := filepath.Join(t.TempDir(), "records.jsonl")
		if before != "" {
			write(t, name, []byte(before))
		}
		out, err := openOutput(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(out.Put([]byte("b\n")), out.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", before, got, err)
		}
	}
}

// What is no regular file is written to and not synced.
func TestOutputToDevice(t *testing.T) {
	out, err := openOutput(os.DevNull, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(out.Put([]byte("a\n")), out.Close()); err != nil {
		t.Error(err)
	}
}

// An output that is full says so.
func TestOutputFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no device here that is full")
	}
	out, err := openOutput("/dev/full", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Put([]byte("a\n")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
	if err := out.Close(); err != nil {
		t.Error(err)
	}
}
