package auditfile

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// countingSink takes items as fast as it gets them.
type countingSink struct {
	memory
	lines, bytes int64
	want         int64
	done         context.CancelFunc
}

func (c *countingSink) YieldAll(ctx context.Context, items []event.Item) error {
	for i := range items {
		c.bytes += int64(len(items[i].Raw))
		if items[i].Change != event.Progress {
			c.lines++
		}
	}
	if c.lines == c.want {
		c.done()
	}
	return ctx.Err()
}

// BenchmarkSource reads a file from disk to items, positions and all.
func BenchmarkSource(b *testing.B) {
	for _, bb := range []struct {
		name       string
		pad        int
		compressed bool
	}{
		{"lines=1KB", 1000, false},
		{"lines=5KB", 5000, false},
		{"lines=1KB,gzip", 1000, true},
	} {
		b.Run(bb.name, func(b *testing.B) {
			line := entry(1)
			line = line[:len(line)-1] + `,"pad":"` + strings.Repeat("0123456789abcdef", (bb.pad-len(line))/16) + `"}` + "\n"
			n := 64 << 20 / len(line)
			content := strings.Repeat(line, n)
			path := filepath.Join(b.TempDir(), "audit.log")
			stored := content
			if bb.compressed {
				stored = zip(content)
			}
			if err := os.WriteFile(path, []byte(stored), 0o600); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
				sink := &countingSink{want: int64(n), done: cancel}
				s, err := New(Options{
					Path: path, MaxLine: 8 << 20, Sink: sink, Positions: sink,
					Logger: slog.New(slog.DiscardHandler),
				})
				if err != nil {
					b.Fatal(err)
				}
				s.Run(ctx)
				cancel()
				if sink.lines != int64(n) {
					b.Fatalf("%d lines of %d", sink.lines, n)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// BenchmarkIdle looks at a log and its backups when nothing has happened.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	for _, name := range []string{"audit.log", "audit.log.1", "audit.log.2", "audit.log.3", "audit.log.4", "audit.log.5"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name+"\n"), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	sink := &countingSink{done: func() {}}
	s, err := New(Options{
		Path: filepath.Join(dir, "audit.log"), MaxLine: 8 << 20, Sink: sink, Positions: sink,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer s.closeAll()
	s.load(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.pass(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
