package auditfile

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestReadsWhatIsThereAndWhatComes(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.write("audit.log", text(entries(0, 3)...))
		b.start()
		b.expect(entries(0, 3)...)
		b.append("audit.log", text(entries(3, 5)...)+entry(5)[:40])
		b.poll()
		b.expect(entries(0, 5)...)
		st := b.source.Status()
		if st.State != event.SourceReading || st.Behind != 40 || st.LastReceived.IsZero() {
			t.Errorf("status %+v", st)
		}
		b.append("audit.log", entry(5)[40:]+"\n")
		b.poll()
		b.expect(entries(0, 6)...)
		if st := b.source.Status(); st.Behind != 0 || st.Name != "audit_file" || st.Scope != b.opts.Path {
			t.Errorf("status %+v", st)
		}
	})
}

func TestItems(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.opts.MaxLine = 300
		b.write("audit.log", "\xef\xbb\xbf"+entry(0)+"\r\n\r\n"+strings.Repeat("x", 1000)+"\n"+strings.Repeat("\x00", 5000)+entry(1)+"\n")
		b.start()
		b.expect(entry(0), "too_large:1000", "nul_block:5000", entry(1))
		size := int64(len(entry(0)))
		want := []struct{ offset, size int64 }{
			{3, size}, {size + 7, 1000}, {size + 1008, 5000}, {size + 6008, size},
		}
		items := b.mem.items
		for i, w := range want {
			it := items[i]
			if it.Kind != event.KindAudit || it.Place != (event.Place{Source: "audit_file", Name: b.path("audit.log"), Offset: w.offset}) ||
				it.Size != w.size || it.Stream != items[0].Stream || !strings.HasPrefix(string(it.Stream), "audit_file/") || it.Position == "" {
				t.Errorf("item %d: %+v", i, it)
			}
		}
	})
}

// Every line can be the last one that was committed.
func TestRestartsBehindEveryLine(t *testing.T) {
	content := "\xef\xbb\xbf" + entry(0) + "\r\n\n\n" + strings.Repeat("x", 1000) + "\n" + entry(1) +
		strings.Repeat("\x00", 300) + text(entries(2, 6)...)
	all := []string{entry(0), "too_large:1000", entry(1), "nul_block:300", entry(2), entry(3), entry(4), entry(5)}
	inBubble(t, "audit.log", func(b *bench) {
		b.opts.MaxLine = 300
		b.write("audit.log", content)
		b.start()
		b.expect(all...)
		for n := range all {
			b.mem.base = nil
			b.restart(0)
			b.expect(all...)
			b.restart(n)
			b.expect(all[n:]...)
		}
	})
}

func TestARenamedFileIsReadToItsEndFirst(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entries(0, 3)...))
		b.start()
		b.append("audit.log", text(entry(3)))
		b.rename("audit.log", "audit-2026-11-21T10-00-00.000.log")
		b.append("audit.log", text(entry(4)))
		b.poll()
		// Some writers go on for a while.
		b.append("audit-2026-11-21T10-00-00.000.log", text(entry(5)))
		b.poll()
		b.expect(entries(0, 6)...)
		b.wait(time.Minute)
		b.append("audit-2026-11-21T10-00-00.000.log", text(entry(6)))
		b.poll()
		b.expect(entries(0, 7)...)
		b.restart(b.mem.count())
		b.expect()
	})
}

func TestRotationsWhileNobodyReads(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entries(0, 3)...))
		b.start()
		n := b.mem.count() - 1
		b.halt()
		b.append("audit.log", text(entry(3)))
		b.rename("audit.log", "audit-2026-11-21T10-00-00.000.log")
		b.append("audit.log", text(entry(4), entry(5)))
		b.compress("audit-2026-11-21T10-00-00.000.log", "audit-2026-11-21T10-00-00.000.log.gz")
		b.rename("audit.log", "audit-2026-11-21T10-00-01.000.log")
		b.append("audit.log", text(entry(6)))
		b.restart(n)
		b.expect(entries(2, 7)...)
		b.wait(10 * time.Second)
		b.restart(b.mem.count())
		b.expect()
	})
}

func TestAHalfWrittenLineOfARotatedFileIsYieldedAsItIs(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entry(0))+"{half")
		b.start()
		b.wait(time.Hour)
		b.expect(entry(0))
		b.rename("audit.log", "audit.log.1")
		b.append("audit.log", text(entry(1)))
		b.poll()
		b.expect(entry(0), entry(1))
		b.wait(quietAfter)
		b.expect(entry(0), entry(1), "{half")
		b.restart(b.mem.count())
		b.expect()
	})
}

func TestARotatedFileOfHalfALine(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.write("audit.log.1", "{half")
		b.write("audit.log", text(entry(1)))
		b.start()
		b.expect(entry(1))
		b.wait(quietAfter + DefaultPoll)
		b.expect(entry(1), "{half")
		b.restart(b.mem.count())
		b.wait(time.Minute)
		b.expect()
	})
}

func TestADeletedFileIsReadToItsEnd(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entry(0)))
		b.start()
		f, err := os.OpenFile(b.path("audit.log"), os.O_APPEND|os.O_WRONLY, 0)
		b.must(err)
		defer func() { b.must(f.Close()) }()
		b.remove("audit.log")
		b.poll()
		_, err = f.WriteString(text(entry(1)) + "{half")
		b.must(err)
		b.poll()
		b.expect(entry(0), entry(1))
		b.wait(abandonedAfter + 2*time.Second)
		b.expect(entry(0), entry(1), "{half")
		if st := b.source.Status(); st.State != event.SourceWaiting || b.open() != 1 {
			t.Errorf("%d open, status %+v", b.open(), st)
		}
		b.append("audit.log", text(entry(2)))
		b.poll()
		b.expect(entry(0), entry(1), "{half", entry(2))
	})
}

func TestADirectoryThatAppearsLater(t *testing.T) {
	for _, path := range []string{"a/b/audit.log", "a/b/*.log", "a/b/", "a/*/audit*"} {
		t.Run(path, func(t *testing.T) {
			inBubble(t, path, func(b *bench) {
				b.start()
				if st := b.source.Status(); st.State != event.SourceWaiting || !strings.Contains(st.Error, "nothing is there yet") {
					t.Errorf("status %+v", st)
				}
				b.must(os.MkdirAll(b.path("a/b"), 0o700))
				b.poll()
				b.append("a/b/audit.log", text(entry(0)))
				b.poll()
				b.expect(entry(0))
				b.remove("a")
				b.wait(10 * time.Minute)
				b.must(os.MkdirAll(b.path("a/b"), 0o700))
				b.append("a/b/audit.log", text(entry(1)))
				b.poll()
				b.expect(entry(0), entry(1))
				if st := b.source.Status(); st.State != event.SourceReading || st.Error != "" {
					t.Errorf("status %+v", st)
				}
				// At the start, and when it had gone again.
				if n := strings.Count(b.logs.String(), "level=WARN"); n != 2 || strings.Count(b.logs.String(), "nothing is there yet") != n {
					t.Error(b.logs)
				}
			})
		})
	}
}

func TestOldFilesFirst(t *testing.T) {
	inBubble(t, "", func(b *bench) {
		b.write("audit-2026-11-21T10-00-00.000.log", text(entries(2, 4)...))
		b.write("audit-2026-11-20T10-00-00.000.log.gz", zip(text(entries(0, 2)...)))
		b.write("audit.log", text(entry(6)))
		b.write("audit.log.1", text(entries(4, 6)...))
		b.write(".hidden.log", text(entry(90)))
		b.write("notes.txt", text(entry(91)))
		b.write("policy.yaml", text(entry(92)))
		b.start()
		b.expect(entries(0, 7)...)
	})
}

func TestABusyLogDoesNotKeepAnotherWaiting(t *testing.T) {
	inBubble(t, "*.log", func(b *bench) {
		big := strings.Repeat(text(entry(1)), 3*turnBytes/len(entry(1)))
		b.write("a.log", big)
		b.write("z.log", text(entry(2)))
		b.start()
		at := 0
		for i, raw := range b.mem.raw() {
			if raw == entry(2) {
				at = i
			}
		}
		if n := turnBytes / len(entry(1)); at > n+2*batchMax || at == 0 {
			t.Errorf("the other log's line was the %dth", at)
		}
		if n := len(b.mem.raw()); n != strings.Count(big, "\n")+1 {
			t.Errorf("%d lines", n)
		}
	})
}
