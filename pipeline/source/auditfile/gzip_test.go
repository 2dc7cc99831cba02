package auditfile

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

type brokenSink struct{}

func (brokenSink) YieldAll(context.Context, []event.Item) error { return errors.New("broken") }

func TestGzipInTheMaking(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		n := 2000
		packed := zip(text(entries(0, n)...))
		b.write("audit.log.1.gz", packed[:len(packed)/2])
		b.start()
		half := len(b.mem.raw())
		if half < n/4 || half >= n {
			t.Fatalf("%d lines of half a file of %d", half, n)
		}
		b.wait(5 * time.Minute)
		if c := strings.Count(b.logs.String(), "ends before it should"); c != 1 {
			t.Errorf("told %d times", c)
		}
		b.write("audit.log.1.gz", packed)
		b.poll()
		b.expect(entries(0, n)...)
		if c := b.source.Status().Behind; c != 0 {
			t.Errorf("behind %d", c)
		}
	})
}

func TestGzipBesideItsOriginal(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		content := text(entries(0, 2000)...)
		packed := zip(content)
		b.write("audit.log", text(entry(9000)))
		b.write("audit.log.1", content)
		b.write("audit.log.1.gz", packed[:100])
		b.start()
		b.poll()
		b.write("audit.log.1.gz", packed)
		b.remove("audit.log.1")
		b.wait(time.Minute)
		b.expect(append(entries(0, 2000), entry(9000))...)
		b.restart(b.mem.count())
		b.wait(time.Minute)
		b.expect()
	})
}

// What was read compressed goes on in the middle, and is known when it is
// unpacked.
func TestGzipRestart(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		n := 4 * chunkSize / len(entry(0))
		b.write("audit.log.1.gz", zip(text(entries(0, n)...)))
		b.start()
		b.expect(entries(0, n)...)
		b.restart(n - 10)
		b.expect(entries(n-10, n)...)
		b.write("audit.log.1", text(entries(0, n)...))
		b.remove("audit.log.1.gz")
		b.wait(time.Minute)
		b.expect(entries(n-10, n)...)
		b.restart(b.mem.count())
		b.wait(time.Minute)
		b.expect()
	})
}

func TestGzipOfSeveralMembers(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		b.write("audit.log.1.gz", zip(text(entries(0, 5)...))+zip(text(entries(5, 7)...))+zip(entry(7)))
		b.start()
		b.expect(entries(0, 8)...)
		b.restart(3)
		b.expect(entries(3, 8)...)
		b.restart(b.mem.count())
		b.wait(time.Minute)
		b.expect()
	})
}

func TestDamagedGzip(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		packed := []byte(zip(text(entries(0, 20000)...)))
		for i := range 100 {
			packed[len(packed)/2+i] ^= 0x55
		}
		b.write("audit.log.1.gz", string(packed))
		b.write("audit.log.2.gz", "\x1f\x8bnonsense that is no header at all")
		b.write("audit.log", text(entry(30000)))
		b.start()
		b.wait(10 * time.Minute)
		got := b.mem.raw()
		if len(got) < 5000 || got[4999] != entry(4999) || got[len(got)-1] != entry(30000) {
			t.Errorf("%d lines", len(got))
		}
		if c := strings.Count(b.logs.String(), "damaged"); c != 2 {
			t.Errorf("told %d times:\n%s", c, b.logs)
		}
		if st := b.source.Status(); st.State != event.SourceReading || st.Behind != 0 {
			t.Errorf("status %+v", st)
		}
	})
}
