package auditfile

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestCopyTruncate(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entries(0, 3)...))
		b.start()
		// The copy has what was not read yet.
		b.append("audit.log", text(entry(3)))
		b.copyTruncate("audit.log", "audit.log.1")
		b.append("audit.log", text(entry(4)))
		b.poll()
		b.expect(entries(0, 5)...)
		// The copy is shorter than what was read.
		b.rename("audit.log.1", "audit.log.2")
		b.write("audit.log.1", b.read("audit.log"))
		b.append("audit.log", text(entry(5)))
		b.poll()
		b.must(os.Truncate(b.path("audit.log"), 0))
		b.poll()
		b.append("audit.log", text(entry(6)))
		b.wait(time.Minute)
		b.expect(entries(0, 7)...)
		b.compress("audit.log.1", "audit.log.1.gz")
		b.compress("audit.log.2", "audit.log.2.gz")
		b.wait(time.Hour)
		b.expect(entries(0, 7)...)
	})
}

func TestTruncatedAndGrownAgainBetweenTwoLooks(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.append("audit.log", text(entries(0, 3)...))
		b.start()
		b.copyTruncate("audit.log", "audit.log.1")
		b.append("audit.log", text(entries(3, 9)...))
		b.poll()
		b.expect(entries(0, 9)...)
	})
}

// A writer that does not append leaves a hole where the old content was.
func TestTruncatedUnderAWriterThatGoesOnWhereItWas(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		f, err := os.OpenFile(b.path("audit.log"), os.O_CREATE|os.O_WRONLY, 0o600)
		b.must(err)
		defer func() { b.must(f.Close()) }()
		old := text(entries(0, 3)...)
		_, err = f.WriteString(old)
		b.must(err)
		b.start()
		b.copyTruncate("audit.log", "audit.log.1")
		_, err = f.WriteString(text(entry(3)))
		b.must(err)
		b.poll()
		b.expect(append(entries(0, 3), fmt.Sprint("nul_block:", len(old)), entry(3))...)
		b.restart(b.mem.count())
		b.expect()
	})
}

// A file that is written anew while it is read, so that what follows is taken
// from the new one.
func TestWrittenAnewBetweenTwoChunks(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		n := 3 * chunkSize / len(entry(0))
		b.write("audit.log", text(entries(0, n)...))
		b.mem.room = make(chan struct{})
		b.start()
		b.mem.room <- struct{}{}
		b.poll()
		first := len(b.mem.raw())
		b.write("audit.log", text(entries(n, 3*n)...))
		for range 100 {
			select {
			case b.mem.room <- struct{}{}:
			default:
			}
			b.poll()
		}
		got := b.mem.raw()
		// The batch that was waiting for room may be the last of the old ones.
		second := 0
		for second < len(got) && got[second] != entry(n) {
			second++
		}
		if second < first || second >= n {
			t.Fatalf("%d lines, then %d of the old file", first, second)
		}
		b.expect(append(entries(0, second), entries(n, 3*n)...)...)
	})
}

func TestACopyIsReadOnce(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		b.append("audit.log", text(entries(0, 3)...))
		b.start()
		b.write("backup.log", b.read("audit.log"))
		b.append("audit.log", text(entry(3)))
		b.poll()
		b.append("audit.log", text(entry(4)))
		b.wait(time.Minute)
		b.write("other.log", b.read("audit.log"))
		b.write("other.gz", zip(b.read("audit.log")))
		b.wait(time.Minute)
		b.expect(entries(0, 5)...)
		if n := b.source.Status().Behind; n != 0 {
			t.Errorf("behind %d", n)
		}
	})
}

func TestARestoredCopyGoesOn(t *testing.T) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprint("packed=", packed), func(t *testing.T) {
			inBubble(t, "*", func(b *bench) {
				b.append("audit.log", text(entries(0, 3)...))
				b.start()
				b.halt()
				content := b.read("audit.log") + text(entry(3))
				b.remove("audit.log")
				if packed {
					content = zip(content)
				}
				b.write("restored", content)
				b.restart(b.mem.count() - 1)
				b.wait(time.Minute)
				b.expect(entry(2), entry(3))
			})
		})
	}
}

// A copy of the file that is being read, which somebody goes on writing to.
func TestACopyThatGoesOn(t *testing.T) {
	inBubble(t, "*.log", func(b *bench) {
		b.write("a.log", text(entries(0, 3)...))
		b.start()
		b.write("b.log", text(entries(0, 4)...))
		b.poll()
		b.expect(entries(0, 3)...)
		b.wait(2 * quietAfter)
		b.expect(entries(0, 4)...)
		b.append("a.log", text(entry(10)))
		b.append("b.log", text(entry(11)))
		b.poll()
		b.expect(append(entries(0, 4), entry(10), entry(11))...)
		b.restart(b.mem.count())
		b.expect()
	})
}

func TestSameHeadOtherContent(t *testing.T) {
	for _, packed := range []bool{false, true} {
		t.Run(fmt.Sprint("packed=", packed), func(t *testing.T) {
			inBubble(t, "*", func(b *bench) {
				same := func(s string) string { return s }
				if packed {
					same = zip
				}
				b.write("a.log", text(entry(0), entry(1), entry(2)))
				b.start()
				b.write("b", same(text(entry(0), entry(3), entry(4), entry(5))))
				b.write("c", same(text(entry(0), entry(6))))
				b.wait(time.Minute)
				got := strings.Join(b.mem.raw(), "\n") + "\n"
				for n := range 7 {
					if c := strings.Count(got, entry(n)); c != 1 && n > 0 {
						t.Errorf("line %d came %d times", n, c)
					}
				}
				b.append("a.log", text(entry(7)))
				b.restart(b.mem.count())
				b.wait(time.Minute)
				b.expect(entry(7))
			})
		})
	}
}

// The number of a deleted file's inode is given to the next one.
func TestReusedInode(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.write("audit.log", text(entries(0, 3)...))
		b.start()
		id := b.mem.items[1].Position
		b.halt()
		n := b.mem.count()
		// A file that is written over is what a reused number looks like.
		b.write("audit.log", text(entries(10, 20)...))
		b.restart(n)
		b.expect(entries(10, 20)...)
		was, err := parsePosition(id)
		b.must(err)
		is, err := parsePosition(b.mem.items[0].Position)
		b.must(err)
		if was.id != is.id {
			t.Error("the inode is another")
		}
	})
}

// After a power failure a file can be shorter than what was read from it.
func TestAFileThatLostItsEnd(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		b.write("audit.log", text(entries(0, 5)...))
		b.start()
		b.halt()
		n := b.mem.count()
		b.write("audit.log", text(entries(0, 3)...))
		b.restart(n)
		b.append("audit.log", text(entries(6, 9)...))
		b.wait(time.Minute)
		b.expect(append(entries(0, 3), entries(6, 9)...)...)
	})
}

func TestHardAndSymbolicLinks(t *testing.T) {
	inBubble(t, "*.log", func(b *bench) {
		b.write("z.log", text(entries(0, 2)...))
		b.must(os.Link(b.path("z.log"), b.path("y.log")))
		b.must(os.Symlink("z.log", b.path("a.log")))
		b.must(os.Symlink("nowhere", b.path("b.log")))
		b.must(os.Mkdir(b.path("dir.log"), 0o700))
		b.start()
		b.expect(entries(0, 2)...)
		if strings.Contains(b.logs.String(), "level=WARN") {
			t.Error(b.logs)
		}
		if name := b.mem.items[1].Place.Name; name == b.path("a.log") {
			t.Error("the link was preferred")
		}
	})
}

func TestASymbolicLinkToALog(t *testing.T) {
	inBubble(t, "current.log", func(b *bench) {
		b.must(os.Mkdir(b.path("logs"), 0o700))
		b.write("logs/1.log", text(entries(0, 2)...))
		b.must(os.Symlink("logs/1.log", b.path("current.log")))
		b.start()
		b.write("logs/2.log", text(entries(2, 3)...))
		b.remove("current.log")
		b.must(os.Symlink("logs/2.log", b.path("current.log")))
		b.append("logs/1.log", text(entry(9)))
		b.poll()
		b.expect(entry(0), entry(1), entry(9), entry(2))
		if st := b.source.Status(); st.State != event.SourceReading {
			t.Errorf("status %+v", st)
		}
	})
}
