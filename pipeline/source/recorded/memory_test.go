package recorded

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// generated is a text that is made as it is read: one part after another, as long
// as next makes one.
type generated struct {
	next func() string
	rest string
}

func (g *generated) Read(p []byte) (int, error) {
	if g.rest == "" {
		if g.rest = g.next(); g.rest == "" {
			return 0, io.EOF
		}
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// collecting is a sink that collects garbage now and then, to see what is in use.
type collecting struct {
	measuring
	batches int
	inUse   uint64
}

func (c *collecting) YieldAll(ctx context.Context, items []event.Item) error {
	err := c.measuring.YieldAll(ctx, items)
	if c.batches++; c.batches%16 == 0 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		c.inUse = max(c.inUse, stats.HeapAlloc)
	}
	return err
}

// TestMemory reads texts that are far larger than the memory that may be used:
// an audit log, one that has a line in ten far in the future, one of lines that are
// too large, a list printed in one line, and a line without an end.
func TestMemory(t *testing.T) {
	const mb = 1 << 20
	const most = 32 * mb
	size := 64 * mb
	if testing.Short() {
		size = 32 * mb
	}
	pad := strings.Repeat("0123456789abcdef", 128)
	line := func(i, ms int) string {
		return strings.Replace(auditLine(fmt.Sprint(i), ms), `"verb"`, `"pad":"`+pad+`","verb"`, 1)
	}
	for _, c := range []struct {
		name string
		part func(i int) string
		last string
		want event.RejectReason
	}{
		{"log", func(i int) string { return line(i, i) + "\n" }, "", ""},
		{"future", func(i int) string { return line(i, i+1_000_000_000*((i%10)/9)) + "\n" }, "", ""},
		{"too large", func(i int) string {
			return `{"auditID":"x","requestObject":"` + strings.Repeat(pad, mb/len(pad)) + `"}` + "\n"
		}, "", event.RejectTooLarge},
		{"list", func(i int) string {
			if i == 0 {
				return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[` + line(i, i)
			}
			return "," + line(i, i)
		}, "]}", ""},
		{"endless", func(int) string { return pad }, "", event.RejectTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, total := 0, 0
			g := &generated{next: func() string {
				if total >= size {
					last := c.last
					c.last = ""
					return last
				}
				part := c.part(n)
				n++
				total += len(part)
				return part
			}}
			m := &collecting{}
			_, s := mustReplay(t, Options{
				Audit: []string{"-"}, Stdin: g, Sink: m, MaxItem: 256 << 10,
				Window: Window{Bytes: 8 * mb, TotalBytes: 16 * mb},
			})
			if c.name != "endless" && int(m.items) != n || m.items == 0 || s.Late() > 0 && c.name != "future" {
				t.Errorf("%d items of %d, late %d", m.items, n, s.Late())
			}
			if m.inUse > most || m.skipped != c.want {
				t.Errorf("%d MB in use for %d MB, skipped %q", m.inUse/mb, total/mb, m.skipped)
			}
			t.Logf("%d MB in use at most for %d MB", m.inUse/mb, total/mb)
		})
	}
}
