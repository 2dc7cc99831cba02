package auditfile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestLumberjack reads what kube-apiserver's own rotation writes, while it
// writes, and is killed now and then.
func TestLumberjack(t *testing.T) {
	for _, tt := range []struct {
		compress bool
		backups  int
		kills    int
	}{
		{compress: false, kills: 0},
		{compress: true, kills: 0},
		{compress: false, backups: 3, kills: 0},
		{compress: true, backups: 3, kills: 0},
		{compress: false, kills: 8},
		{compress: true, kills: 8},
	} {
		t.Run(fmt.Sprintf("compress=%t,backups=%d,kills=%d", tt.compress, tt.backups, tt.kills), func(t *testing.T) {
			const lines, perFile = 6000, 400
			dir := t.TempDir()
			b := newBench(t, dir, "audit.log")
			b.opts.Poll = time.Millisecond
			w := &lumberjack.Logger{Filename: filepath.Join(dir, "audit.log"), MaxSize: 1, MaxBackups: tt.backups, Compress: tt.compress}
			t.Cleanup(func() { b.must(w.Close()) })
			// A line is so long that a file of a megabyte holds as many as wanted.
			pad := strings.Repeat("x", 1<<20/perFile-len(entry(0))-20)
			got := make(map[string]int)
			last := -1
			take := func(items []event.Item) {
				for _, item := range items {
					if item.Change == event.Progress {
						continue
					}
					var n int
					if _, err := fmt.Sscanf(string(item.Raw), "%d ", &n); err != nil {
						t.Fatalf("a line that was not written: %.80q", item.Raw)
					}
					if tt.kills == 0 && n != last+1 {
						t.Fatalf("line %d came after line %d", n, last)
					}
					last = n
					got[string(item.Raw)]++
				}
			}
			run := b.begin()
			r := rand.New(rand.NewPCG(1, uint64(tt.kills)))
			for n := range lines {
				_, err := fmt.Fprintf(w, "%d %s %s\n", n, entry(n), pad)
				b.must(err)
				if tt.backups > 0 && n%perFile == 0 {
					// Who is slower than the deletion loses lines.
					b.until(func() bool { return len(b.mem.raw()) > n })
				}
				if tt.kills > 0 && n%(lines/tt.kills) == lines/tt.kills/2 {
					run()
					done := r.IntN(b.mem.count() + 1)
					take(b.mem.items[:done])
					b.mem.commit(done)
					run = b.begin()
				}
			}
			b.until(func() bool {
				b.mem.mu.Lock()
				defer b.mem.mu.Unlock()
				n := len(b.mem.items)
				return n > 0 && strings.HasPrefix(string(b.mem.items[n-1].Raw), fmt.Sprint(lines-1, " "))
			})
			run()
			take(b.mem.items)
			b.until(func() bool {
				// The directory is cleared away, which it must not change during.
				plain, err := filepath.Glob(filepath.Join(dir, "audit-*.log"))
				b.must(err)
				return !tt.compress || len(plain) == 0
			})
			if len(got) != lines {
				t.Errorf("%d different lines of %d", len(got), lines)
			}
			for text, n := range got {
				if n > 1 {
					// Only what was not committed was read again.
					t.Errorf("came %d times: %.20s", n, text)
				}
			}
		})
	}
}

// begin runs the source by the real clock and returns what ends it.
func (b *bench) begin() func() {
	b.t.Helper()
	s, err := New(b.opts)
	b.must(err)
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// until waits for a condition that other goroutines make true.
func (b *bench) until(ok func() bool) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			b.t.Fatalf("it did not happen within a minute\n%s", b.logs)
		}
		time.Sleep(time.Millisecond)
	}
}
