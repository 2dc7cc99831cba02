package auditfile

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// More backups than are held open at once, the oldest of which is larger than
// is decompressed at a time: it must keep its place from turn to turn.
func TestManyCompressedBackups(t *testing.T) {
	dir := t.TempDir()
	var lines []string
	const large, small = 600, 2 * openMost // 36 MB decompressed
	for i := range large {
		e := entry(i)
		lines = append(lines, e[:len(e)-1]+`,"annotations":{"a":"`+strings.Repeat("x", 60_000)+`"}}`)
	}
	at := time.Unix(1_790_000_000, 0).UTC()
	write := func(i int, content string) {
		name := "audit-" + at.Add(time.Duration(i)*time.Second).Format("2006-01-02T15-04-05.000") + ".log.gz"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(zip(content)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(0, text(lines...))
	for i := range small {
		write(large+i, text(entry(large+i)))
	}
	mem := &memory{}
	s, err := New(Options{Path: filepath.Join(dir, "audit.log"), MaxLine: 8 << 20, Sink: mem, Positions: mem, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); len(mem.raw()) < large+small; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%d of %d lines after a minute: %+v", len(mem.raw()), large+small, s.Status())
			break
		}
	}
	cancel()
	<-done
}
