package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/source/recorded"
)

// The line is written a few times a second, is no wider than the terminal, and is
// gone once something else is to be read.
func TestProgress(t *testing.T) {
	var screen bytes.Buffer
	now := at(10)
	p := &progress{to: &screen, width: 60, now: func() time.Time { return now }, begun: now}
	for range 1001 {
		p.report(recorded.Progress{File: "a\x1b[2J" + strings.Repeat("x", 100), Read: 100e6, Total: 400e6})
		now = now.Add(10 * time.Millisecond)
	}
	lines := strings.Split(screen.String(), "\r")[1:]
	if len(lines) != 51 {
		t.Errorf("written %d times in ten seconds, want 51", len(lines))
	}
	last := lines[len(lines)-1]
	if want := " 25%  100.0 MB of 400.0 MB  10.0 MB/s  30s to go  a\ufffd[2Jxxxx\x1b[K"; last != want {
		t.Errorf("%q, want %q", last, want)
	}
	screen.Reset()
	if _, err := io.WriteString(p.above(&screen), "text\n"); err != nil {
		t.Fatal(err)
	}
	p.erase()
	if got, want := screen.String(), "\r\x1b[Ktext\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestProgressText(t *testing.T) {
	for _, tt := range []struct {
		at      recorded.Progress
		elapsed time.Duration
		want    string
	}{
		{recorded.Progress{}, 0, "0 B  0 B/s"},
		{recorded.Progress{Read: 999, File: "-"}, time.Second, "999 B  999 B/s  -"},
		{recorded.Progress{Read: 999999, Total: 10}, 10 * time.Second, "100%  1.0 MB of 10 B  100.0 kB/s"},
		{recorded.Progress{Read: 5e9, Total: 10e9}, 50 * time.Second, " 50%  5.0 GB of 10.0 GB  100.0 MB/s  50s to go"},
		{recorded.Progress{Read: 1, Total: 1e18}, time.Millisecond, "  0%  1 B of 1.0 EB  1.0 kB/s"},
	} {
		if got := progressText(tt.at, tt.elapsed); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.at, got, tt.want)
		}
	}
}

// What is no terminal is not written to.
func TestNoProgress(t *testing.T) {
	var stderr bytes.Buffer
	p := newProgress(&stderr, time.Now)
	p.report(recorded.Progress{Read: 1})
	p.erase()
	if stderr.Len() > 0 || p.above(&stderr) != io.Writer(&stderr) {
		t.Errorf("%q was written", &stderr)
	}
}

func TestSummary(t *testing.T) {
	tl := &tally{printed: map[event.Type]int64{}}
	var out bytes.Buffer
	tl.summary(&out, pipeline.ReplaySummary{}, 0, 0)
	for range 3 {
		tl.count(event.TypeAudit)
	}
	tl.count(event.TypeEvent)
	tl.count("")
	tl.summary(&out, pipeline.ReplaySummary{
		Counters: event.Counters{Rejected: map[string]int64{"not_json": 2, "too_large": 1}}, Late: 7,
	}, 3e9, 2*time.Second)
	want := "live-status: 0 records; read 0 B in 0s\n" +
		"live-status: 4 records (audit 3, event 1) of 5; rejected 3 (not_json 2, too_large 1); 7 came too late to be put in order; read 3.0 GB in 2s, 1.5 GB/s\n"
	if got := out.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A signal ends the reading of an input that has nothing to give.
func TestInterruptible(t *testing.T) {
	in, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	r := interruptible{ctx, in}
	go func() {
		// The other end sees that it was read.
		_, _ = io.WriteString(out, "abc")
	}()
	text := make([]byte, 3)
	if _, err := io.ReadFull(r, text); err != nil || string(text) != "abc" {
		t.Errorf("%q, %v", text, err)
	}
	go cancel()
	if rest, err := io.ReadAll(r); len(rest) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", rest, err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
}
