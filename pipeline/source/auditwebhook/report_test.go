package auditwebhook

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A client cannot fill the log.
func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := new(logs)
		r := newReports(slog.New(slog.NewTextHandler(out, nil)), time.Now)
		for range 1000 {
			r.warn(t.Context(), "token", "a request was refused")
			r.warn(t.Context(), "slow", "a request was refused")
		}
		if n := strings.Count(out.String(), "\n"); n != 2 {
			t.Fatalf("%d lines:\n%s", n, out)
		}
		time.Sleep(reportEvery)
		r.warn(t.Context(), "token", "a request was refused")
		if !strings.Contains(out.String(), "omitted=999") {
			t.Error(out)
		}
	})
}

// What fails before a request is logged as text of a bounded length.
func TestConnectionErrors(t *testing.T) {
	out := new(logs)
	logger := slog.NewLogLogger(handler{newReports(slog.New(slog.NewTextHandler(out, nil)), time.Now)}, slog.LevelWarn)
	logger.Print(strings.Repeat("x", 10_000))
	logger.Print("again")
	if n := len(out.String()); n > longestComplaint+200 {
		t.Errorf("%d bytes are logged", n)
	}
}

// A listener that fails is opened again.
func TestListenerFails(t *testing.T) {
	opts, ca := newOptions(t)
	f := start(t, opts, ca)
	if got := f.post(f.client(true), goodBody(1, 1)); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	// Opened again, the address is to be the same.
	f.source.server.mu.Lock()
	f.source.server.opts.Listen = f.source.Addr().String()
	_ = f.source.server.listener.Close()
	f.source.server.mu.Unlock()
	f.eventually("the address answers again", func() bool {
		got, err := f.try(f.client(true), "GET", "/healthz", nil)
		return err == nil && got.status == 200
	})
}
