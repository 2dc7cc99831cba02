package auditfile

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestALostRestIsTold(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		b.append("audit.log", text(entries(0, 3)...))
		b.start()
		b.halt()
		b.remove("audit.log")
		b.append("audit.log", text(entry(9)))
		b.restart(b.mem.count() - 1)
		b.wait(10 * time.Minute)
		b.expect(entry(9))
		logs := b.logs.String()
		if strings.Count(logs, "level=WARN") != 1 || !strings.Contains(logs, fmt.Sprint("offset=", 2*(len(entry(0))+1))) || !strings.Contains(logs, "file=audit.log") {
			t.Error(logs)
		}
	})
}

func TestPositionsOfFilesThatAreGoneAreForgotten(t *testing.T) {
	inBubble(t, "*", func(b *bench) {
		b.opts.Poll = time.Minute
		b.append("audit.log.1", text(entries(0, 3)...))
		b.append("audit.log", text(entry(9)))
		b.start()
		b.wait(2 * time.Minute)
		finished := b.mem.items[1].Stream
		b.remove("audit.log.1")
		b.wait(forgetFinished / 2)
		if len(b.mem.forgotten) > 0 {
			t.Error("forgotten too early")
		}
		b.wait(forgetFinished)
		if len(b.mem.forgotten) != 1 || b.mem.forgotten[0] != finished {
			t.Errorf("forgotten: %v, want %v", b.mem.forgotten, finished)
		}
		if strings.Contains(b.logs.String(), "WARN") {
			t.Error(b.logs)
		}
		// What cannot be seen is not gone.
		b.remove("audit.log")
		b.wait(3 * forgetUnfinished)
		if len(b.mem.forgotten) != 1 {
			t.Errorf("forgotten: %v", b.mem.forgotten)
		}
		b.append("audit.log", text(entry(10)))
		b.wait(2 * forgetUnfinished)
		b.halt()
		if len(b.mem.forgotten) != 2 || len(b.source.streams.byName) != 1 || len(b.source.streams.byHead) != 1 {
			t.Errorf("forgotten: %v", b.mem.forgotten)
		}
	})
}

func TestFewFilesAreHeldOpen(t *testing.T) {
	inBubble(t, "audit.log", func(b *bench) {
		var want []string
		for i := range 2 * openMost {
			b.append(fmt.Sprintf("audit.log.%d", 1000-i), text(entry(i)))
			want = append(want, entry(i))
		}
		b.mem.room = make(chan struct{})
		b.start()
		if n := b.open(); n > openMost+1 {
			t.Errorf("%d open", n)
		}
		b.mem.mu.Lock()
		room := b.mem.room
		b.mem.mu.Unlock()
		close(room)
		b.wait(time.Minute)
		b.expect(want...)
		if n := b.open(); n > 1 {
			t.Errorf("%d open", n)
		}
	})
}
