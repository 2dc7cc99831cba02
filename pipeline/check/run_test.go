package check

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestOrderAndDependencies(t *testing.T) {
	cfg := parse(t, config.Map{"kube_url": "http://" + refused(t)})
	rows := Run(t.Context(), Options{Config: cfg, Skip: []Name{Redaction, Outputs}, Timeout: 20 * time.Second})
	says(t, rows,
		"configuration ok", "reach failed",
		"tls skipped: needs reach, which failed", "identity skipped: needs reach, which failed", "permissions skipped: needs reach, which failed",
		"versions skipped: needs reach", "clock skipped: needs reach", "discovery skipped: needs reach",
		"audit-file skipped: audit_path is not set", "audit-webhook skipped", "cursor warning", "salt skipped",
		"redaction skipped: left out by --skip", "metrics skipped", "downstream skipped", "outputs skipped: left out by --skip", "instance skipped",
	)
	if got := Worst(rows); got != Failed {
		t.Errorf("worst is %s", got)
	}
	var told []Name
	for _, r := range rows {
		told = append(told, r.Check)
	}
	for i, name := range Names() {
		if told[i] != name {
			t.Errorf("check %d is %s, want %s", i+1, told[i], name)
		}
	}
}

// What is left out does not keep from what needs it.
func TestLeftOut(t *testing.T) {
	cfg := parse(t, config.Map{"kube_url": "http://" + refused(t)})
	rows := Run(t.Context(), Options{Config: cfg, Only: []Name{Versions}, Timeout: 20 * time.Second})
	says(t, rows, "versions failed: ask for the version: connection refused")
}

// A server that takes connections and never answers ends no check but in time.
func TestDeadline(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	cfg := parse(t, config.Map{"kube_url": "https://" + ln.Addr().String()})
	rows := Run(t.Context(), Options{Config: cfg, Only: []Name{Reach, TLS}, Timeout: 300 * time.Millisecond})
	says(t, rows, "reach ok", "tls failed: https://127.0.0.1:...: no answer in time")
}

// A check that heeds no deadline, as one does that reads from a file system which
// hangs, is given up.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &session{Options: Options{Timeout: time.Second}}
		end := make(chan struct{})
		findings := s.within(t.Context(), probe{run: func(context.Context, *session) []Finding {
			<-end
			return nil
		}})
		close(end)
		if len(findings) != 1 || findings[0].Result != Failed || findings[0].Detail != "no answer within 1s" {
			t.Errorf("got %v", findings)
		}
	})
}

// A defect is told by its place: what a panic says may be of anything.
func TestDefect(t *testing.T) {
	s := &session{Options: Options{Timeout: time.Minute}}
	findings := s.within(t.Context(), probe{run: func(context.Context, *session) []Finding { panic("hunter2") }})
	if len(findings) != 1 || findings[0].Result != Failed || !strings.HasSuffix(findings[0].Detail, "a value of type string: github.com/fluent-live/live-status/pipeline/check.TestDefect.func1") {
		t.Errorf("got %v", findings)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\n\x1b[31mb\tc": "a [31mb c",
		"\xff\xfe":        "",
		"größe":           "größe",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := clean(strings.Repeat("ä", 1000)); len(got) > maxText+3 || !strings.HasSuffix(got, "ä...") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
