package auditfile

import (
	"errors"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestTail(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.opts.FromTail = true
		b.write("audit-2026-11-20T10-00-00.000.log.gz", zip(text(entries(0, 2)...)))
		b.write("audit-2026-11-21T10-00-00.000.log", text(entries(2, 4)...))
		b.write("audit.log", text(entries(4, 6)...)+entry(6)[:50])
		b.start()
		b.expect()
		begun := maps.Clone(b.mem.base)
		b.append("audit.log", entry(6)[50:]+"\n")
		b.poll()
		b.expect(entry(6))
		b.rename("audit.log", "audit-2026-11-22T10-00-00.000.log")
		b.append("audit.log", text(entry(7)))
		b.poll()
		b.expect(entry(6), entry(7))
		// Whatever has not been committed is found again.
		items := b.mem.items
		for n := range len(items) + 1 {
			b.halt()
			b.mem.base, b.mem.items = maps.Clone(begun), items
			b.restart(n)
			b.wait(time.Minute)
			got := strings.Join(b.mem.raw(), "")
			want := entry(6) + entry(7)
			for _, item := range items[:n] {
				want = strings.TrimPrefix(want, string(item.Raw))
			}
			if got != want {
				t.Errorf("%d items committed: got %s, want %s", n, got, want)
			}
		}
	})
}

func TestTailOfNothing(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.opts.FromTail = true
		b.start()
		b.restart(b.mem.count())
		b.append("audit.log", text(entry(0)))
		b.poll()
		b.expect(entry(0))
		b.rename("audit.log", "audit.log.1")
		b.append("audit.log", text(entry(1)))
		b.poll()
		b.expect(entry(0), entry(1))
	})
}

func TestTailIsForTheFirstStart(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.write("audit.log", text(entries(0, 2)...))
		b.start()
		b.opts.FromTail = true
		b.append("audit.log", text(entry(2)))
		b.restart(1)
		b.append("audit.log", text(entry(3)))
		b.poll()
		b.expect(entries(1, 4)...)
	})
}

// What could not be looked at when the source started is not news when it can.
func TestTailOfWhatCannotBeReadYet(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything: permissions cannot be tested")
	}
	inBubble(t, "*/audit.log", func(b *bench) {
		b.opts.FromTail = true
		for i, dir := range []string{"a", "b", "c"} {
			b.must(os.Mkdir(b.path(dir), 0o700))
			b.append(dir+"/audit.log", text(entry(10+i)))
		}
		b.must(os.Chmod(b.path("a"), 0))
		b.must(os.Chmod(b.path("b/audit.log"), 0))
		b.start()
		b.expect()
		b.must(os.Mkdir(b.path("d"), 0o700))
		b.append("d/audit.log", text(entry(1)))
		b.poll()
		b.expect(entry(1))
		b.must(os.Chmod(b.path("a"), 0o700))
		b.must(os.Chmod(b.path("b/audit.log"), 0o600))
		b.wait(time.Minute)
		b.expect(entry(1))
		b.append("a/audit.log", text(entry(2)))
		b.append("b/audit.log", text(entry(3)))
		b.poll()
		b.expect(entries(1, 4)...)
	})
}

// What was written after the start is read, whenever that becomes possible.
func TestTailOfWhatGrowsBeforeItCanBeRead(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything: permissions cannot be tested")
	}
	inBubble(t, "audit.log", func(b *bench) {
		b.opts.FromTail = true
		b.write("audit.log", text(entries(0, 10)...))
		b.must(os.Chmod(b.path("audit.log"), 0o200))
		b.start()
		b.wait(time.Minute)
		b.append("audit.log", text(entries(10, 20)...))
		b.wait(time.Minute)
		b.must(os.Chmod(b.path("audit.log"), 0o600))
		b.wait(time.Minute)
		b.expect(entries(10, 20)...)
	})
}

func TestErrorsAreToldOnceAndOvercome(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything: permissions cannot be tested")
	}
	inBubble(t, "*.log", func(b *bench) {
		b.append("a.log", text(entry(0)))
		b.append("b.log", text(entry(1)))
		b.must(os.Chmod(b.path("a.log"), 0))
		b.start()
		b.wait(5 * time.Minute)
		b.expect(entry(1))
		st := b.source.Status()
		if st.State != event.SourceBackingOff || !strings.Contains(st.Error, b.path("a.log")) || !strings.Contains(st.Error, "let user") {
			t.Errorf("status %+v", st)
		}
		if n := strings.Count(b.logs.String(), "level=WARN"); n != 1 {
			t.Errorf("told %d times:\n%s", n, b.logs)
		}
		b.append("b.log", text(entry(2)))
		b.must(os.Chmod(b.path("a.log"), 0o600))
		b.wait(time.Minute)
		b.expect(entry(1), entry(2), entry(0))
		if st := b.source.Status(); st.State != event.SourceReading || st.Error != "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestForeignFormats(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"\xff\xfe{\x00}\x00\n\x00", "UTF-16"},
		{"\xfe\xff\x00{\x00}\x00\n", "UTF-16"},
		{"\x28\xb5\x2f\xfd....", "zstd"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			inBubble(t, "audit.log", func(b *bench) {
				b.write("audit.log", tt.content)
				b.start()
				b.wait(5 * time.Minute)
				b.expect()
				st := b.source.Status()
				if st.State != event.SourceBackingOff || !strings.Contains(st.Error, tt.want) || !strings.Contains(st.Error, b.path("audit.log")) {
					t.Errorf("status %+v", st)
				}
				if n := strings.Count(b.logs.String(), "level=WARN"); n != 1 {
					t.Errorf("told %d times:\n%s", n, b.logs)
				}
				b.write("audit.log", text(entry(0)))
				b.wait(time.Minute)
				b.expect(entry(0))
			})
		})
	}
}

func TestWaitsForThePositions(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entry(0)))
		b.mem.err = errors.New("locked")
		b.start()
		b.wait(time.Minute)
		b.expect()
		if st := b.source.Status(); st.State != event.SourceBackingOff || st.Error != "locked" {
			t.Errorf("status %+v", st)
		}
		b.mem.mu.Lock()
		b.mem.err = nil
		b.mem.mu.Unlock()
		b.wait(2 * time.Second)
		b.expect(entry(0))
		if n := strings.Count(b.logs.String(), "level=ERROR"); n != 1 {
			t.Errorf("told %d times:\n%s", n, b.logs)
		}
	})
}

func TestABrokenSinkEndsTheRun(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entry(0)))
		b.opts.Sink = brokenSink{}
		b.start()
		if st := b.source.Status(); st.State != event.SourceStopped {
			t.Errorf("status %+v", st)
		}
	})
}
