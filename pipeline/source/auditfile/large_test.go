package auditfile

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// A line that never ends is no larger in memory than its ends.
func TestSplitterKeepsLittle(t *testing.T) {
	const maxLine, chunks = 1 << 20, 4000
	chunk := bytes.Repeat([]byte("0123456789abcdef"), chunkSize/16)
	s := newSplitter(maxLine)
	lines := make([]line, 0, batchMax)
	at := int64(0)
	feed := func(b []byte) []line {
		lines, used := s.split(b, at, false, lines[:0])
		if used != len(b) {
			t.Fatalf("%d of %d bytes used", used, len(b))
		}
		at += int64(used)
		return lines
	}
	feed(bytes.Repeat(chunk, maxLine/chunkSize+1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range chunks {
		feed(chunk)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 8<<20 {
		t.Errorf("%d bytes were allocated for %d", n, at)
	}
	if n := cap(s.began) + cap(s.ending.buf); n > maxLine+3*mostTail {
		t.Errorf("%d bytes are kept", n)
	}
	got := feed([]byte("the end\n"))
	if len(got) != 1 || got[0].size != at-1 {
		t.Fatalf("got %d lines", len(got))
	}
	e := got[0].ends
	if len(e.head) != maxLine || !bytes.HasPrefix(e.head, chunk) || len(e.tail) != mostTail || !bytes.HasSuffix(e.tail, []byte("abcdefthe end")) {
		t.Errorf("%d bytes of the beginning, %d of the end", len(e.head), len(e.tail))
	}
	if s.began != nil || s.ending.buf != nil {
		t.Error("they are kept for the next line")
	}
}

// From a file to an item, wherever the chunks end.
func TestEndsOfALineThatIsTooLarge(t *testing.T) {
	for _, tc := range []struct {
		name          string
		most, size    int
		head, tail    int
		writtenPieces int
	}{
		{"within a chunk", 10_000, 20_000, 20_000, 20_000, 1},
		{"much larger than the limit", 10_000, 3 << 20, leastKept, leastKept, 1},
		{"larger than chunks", 2 << 20, 5<<20 + 1, 2 << 20, mostTail, 1},
		{"one byte too large", 300_000, 300_001, 300_000, 300_000, 1},
		{"larger than is ever kept", 9 << 20, 10 << 20, mostHead, mostTail, 1},
		{"written bit by bit", 2 << 20, 5<<20 + 1, 2 << 20, mostTail, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, "audit.log", func(b *bench) {
				b.opts.MaxLine = tc.most
				b.append("audit.log", text(entry(0)))
				b.start()
				var large strings.Builder
				for i := 0; large.Len() < tc.size; i++ {
					fmt.Fprint(&large, i, ",")
				}
				all := large.String()[:tc.size]
				for i := range tc.writtenPieces {
					b.append("audit.log", all[i*tc.size/tc.writtenPieces:(i+1)*tc.size/tc.writtenPieces])
					b.poll()
				}
				b.append("audit.log", "\n"+text(entry(1)))
				b.poll()
				b.expect(entry(0), fmt.Sprint("too_large:", tc.size), entry(1))
				b.mem.mu.Lock()
				defer b.mem.mu.Unlock()
				for _, item := range b.mem.items {
					if item.Skipped != event.RejectTooLarge {
						if item.Tail != nil {
							t.Error("a whole line has a tail")
						}
						continue
					}
					if string(item.Raw) != all[:tc.head] || string(item.Tail) != all[tc.size-tc.tail:] {
						t.Errorf("%d bytes of the beginning, %d of the end", len(item.Raw), len(item.Tail))
					}
				}
			})
		})
	}
}

// BenchmarkSplitTooLarge splits lines of which only the ends are kept.
func BenchmarkSplitTooLarge(b *testing.B) {
	chunk := bytes.Repeat([]byte("0123456789abcdef"), chunkSize/16)
	lines := make([]line, 0, batchMax)
	b.SetBytes(40 * chunkSize)
	b.ReportAllocs()
	for b.Loop() {
		s := newSplitter(chunkSize / 2)
		for i := range 40 {
			s.split(chunk, int64(i*chunkSize), i == 39, lines)
		}
	}
}
