package auditfile

import (
	"os"
	"slices"
	"testing"
	"time"
)

// A log that lost its end (a power cut, a snapshot put back, an operator) and is
// written to without a pause is read at once: some of it again, nothing never.
func TestALogThatLostItsEndIsReadWhileItGrows(t *testing.T) {
	for name, cut := range map[string]func(b *bench){
		"while it runs": func(b *bench) { b.must(os.Truncate(b.path("audit.log"), int64(len(text(entries(0, 500)...))))) },
		"while it is stopped": func(b *bench) {
			b.restart(b.mem.count())
			b.halt()
			b.must(os.Truncate(b.path("audit.log"), int64(len(text(entries(0, 500)...)))))
			b.mem.commit(0)
			b.start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, "audit.log", func(b *bench) {
				b.write("audit.log", text(entries(0, 2000)...))
				b.start()
				b.wait(time.Second)
				cut(b)
				for i := range 10 {
					b.append("audit.log", text(entry(10_000+i)))
					b.wait(time.Second)
				}
				lines := b.mem.raw()
				for i := range 10 {
					if !slices.Contains(lines, entry(10_000+i)) {
						t.Errorf("line %d was not read: %+v", i, b.source.Status())
					}
				}
			})
		})
	}
}
