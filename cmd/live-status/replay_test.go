package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// auditLog is an audit log with n events.
func auditLog(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(auditLine(i))
	}
	return b.String()
}

// replayed returns what a replay prints.
func replayed(t *testing.T, stdin io.Reader, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	// The identities of records depend on the salt.
	args = append([]string{"replay", "--redact-salt-file", "salt"}, args...)
	code = run(t.Context(), args, stdin, &out, &err)
	return out.String(), err.String(), code
}

// The array and the lines are the same records, from a file, a compressed one and
// standard input alike.
func TestReplayFormats(t *testing.T) {
	t.Chdir(t.TempDir())
	log := auditLog(50)
	write(t, "audit.log", []byte(log))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, log); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, "audit.log.gz", zipped.Bytes())
	want, stderr, code := replayed(t, nil, "--audit", "audit.log")
	if code != 0 || strings.Count(want, "\n") != 50 {
		t.Fatalf("exit code %d, %d records: %s", code, strings.Count(want, "\n"), stderr)
	}
	if pattern := `^live-status: 50 records \(audit 50\); read 2\d\.\d kB in \S+\n$`; !regexp.MustCompile(pattern).MatchString(stderr) {
		t.Errorf("summary %q", stderr)
	}
	array, _, _ := replayed(t, nil, "--audit", "audit.log", "-o", "json")
	var records []json.RawMessage
	if err := json.Unmarshal([]byte(array), &records); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, r := range records {
		lines.Write(append(r, '\n'))
	}
	zip, _, _ := replayed(t, nil, "--audit", "audit.log.gz", "--quiet")
	piped, stderr, _ := replayed(t, strings.NewReader(log), "--audit", "-", "--quiet")
	for from, got := range map[string]string{"array": lines.String(), "gzip": zip, "standard input": piped} {
		if got != want {
			t.Errorf("%s: other records (-want +got):\n%s", from, cmp.Diff(want, got))
		}
	}
	if stderr != "" {
		t.Errorf("not quiet: %s", stderr)
	}
}

// What ends in the midst is a failure, and what was there is printed.
func TestReplayCutFile(t *testing.T) {
	t.Chdir(t.TempDir())
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(z, auditLog(5000)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, "audit.log.gz", zipped.Bytes()[:zipped.Len()/2])
	stdout, stderr, code := replayed(t, nil, "--audit", "audit.log.gz", "--type", "audit")
	if code != 1 || !strings.Contains(stderr, "live-status: read audit.log.gz: ") || stdout == "" {
		t.Errorf("exit code %d, %d bytes: %s", code, len(stdout), stderr)
	}
}

// A signal ends a replay that waits for input, and says that it is not whole.
func TestReplayIsStopped(t *testing.T) {
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		// The replay reads it, and waits for more.
		_, _ = io.WriteString(out, auditLine(1))
		cancel()
	}()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"replay", "--audit", "-", "-o", "json"}, in, &stdout, &stderr)
	if !strings.HasSuffix(stderr.String(), "live-status: stopped by a signal: the rest was not replayed\n") || code != 1 {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if json.Valid(stdout.Bytes()) {
		t.Errorf("%s would be taken for the whole", &stdout)
	}
	if err := errors.Join(in.Close(), out.Close()); err != nil {
		t.Error(err)
	}
}

// An output that cannot be written is a failure; one that nobody reads any more is
// no cause for complaint.
func TestReplayOutput(t *testing.T) {
	for _, tt := range []struct {
		err    error
		stderr string
	}{
		{syscall.ENOSPC, "live-status: write records: no space left on device\n"},
		{&os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, ""},
	} {
		for _, f := range formats() {
			var stderr bytes.Buffer
			code := run(t.Context(), []string{"replay", "--audit", "-", "-o", f}, strings.NewReader(auditLog(3)), full{tt.err}, &stderr)
			if code != 1 || stderr.String() != tt.stderr {
				t.Errorf("%v, %s: exit code %d, %q", tt.err, f, code, &stderr)
			}
		}
	}
}
