package auditfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// piece is what a splitter finds, by offsets of the file.
type piece struct {
	Offset, Size, Next int64
	Text               string
	Skipped            event.RejectReason
	Head, Tail         string
}

// splitAll splits a file as the source does, with chunks of the given size.
func splitAll(b []byte, s splitter, chunk, batch int, final bool) []piece {
	var all []piece
	want := chunk
	// A file may be known to be complete when its end is read, or only later.
	late := batch%2 == 0
	for at := 0; ; {
		end := min(at+want, len(b))
		last := end == len(b) && final && (!late || at == end)
		lines, used := s.split(b[at:end], int64(at), last, make([]line, 0, batch))
		for _, l := range lines {
			p := piece{
				Offset: l.offset, Size: l.size, Next: int64(at + l.next),
				Text: string(b[at+l.start : at+l.end]), Skipped: l.skipped,
			}
			if l.ends != nil {
				p.Head, p.Tail = string(l.ends.head), string(l.ends.tail)
			}
			all = append(all, p)
		}
		at += used
		switch {
		case used > 0 || len(lines) > 0:
			want = chunk
		case end == len(b) && final && late && at < end:
			late = false
		case end == len(b):
			return all
		default:
			want = min(2*want, s.max+2)
		}
	}
}

// reference does the same by looking at one byte at a time.
func reference(b []byte, s splitter, final bool) []piece {
	var all []piece
	add := func(from, end, next int) {
		raw := b[from:end]
		if len(raw) <= s.max+1 {
			raw = bytes.TrimRight(raw, "\r \t")
		}
		p := piece{Offset: int64(from), Size: int64(len(raw)), Next: int64(next), Text: string(raw)}
		if len(raw) > s.max {
			p.Text, p.Skipped = "", event.RejectTooLarge
			p.Head, p.Tail = string(raw[:min(len(raw), s.head)]), string(raw[max(len(raw)-s.tail, 0):])
		}
		if len(raw) > 0 {
			all = append(all, p)
		}
	}
	i := 0
	if bytes.HasPrefix(b, byteOrderMark) {
		i = 3
	}
	for start := i; ; {
		switch {
		case i == len(b):
			if final {
				add(start, i, i)
			}
			return all
		case b[i] == '\n':
			add(start, i, i+1)
			i++
			start = i
		case b[i] == 0:
			add(start, i, i)
			start = i
			for i < len(b) && b[i] == 0 {
				i++
			}
			if i < len(b) || final {
				all = append(all, piece{Offset: int64(start), Size: int64(i - start), Next: int64(i), Skipped: event.RejectNULBlock})
			}
			start = i
		default:
			i++
		}
	}
}

func TestSplit(t *testing.T) {
	const nul = "\x00"
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"lines", "a\nbc\n", []string{"0 a", "2 bc"}},
		{"a half-written line", "a\nbc", []string{"0 a"}},
		{"CRLF", "a\r\nb\r\n", []string{"0 a", "3 b"}},
		{"blank lines", "\n\n \t\r\na\n\n", []string{"6 a"}},
		{"a byte order mark", "\xef\xbb\xbfa\nb\n", []string{"3 a", "5 b"}},
		{"a mark elsewhere", "a\n\xef\xbb\xbfb\n", []string{"0 a", "2 \xef\xbb\xbfb"}},
		{"the longest line", "12345678\r\n", []string{"0 12345678"}},
		{"a line too long", "a\n123456789\nb\n", []string{"0 a", "2 too_large 9", "12 b"}},
		{"a line much too long", strings.Repeat("x", 100) + "\nb\n", []string{"0 too_large 100", "101 b"}},
		{"NUL before a line", strings.Repeat(nul, 50) + "a\n", []string{"0 nul_block 50", "50 a"}},
		{"NUL within a line", "a\nb" + strings.Repeat(nul, 600) + "c\nd\n", []string{"0 a", "2 b", "3 nul_block 600", "603 c", "605 d"}},
		{"NUL at the end", "a\n" + nul + nul, []string{"0 a"}},
		{"NUL after a line too long", "123456789abcdef" + nul + "a\n", []string{"0 too_large 15", "15 nul_block 1", "16 a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, chunk := range []int{1, 2, 3, 7, 512, 4096} {
				var got []string
				for _, p := range splitAll([]byte(tt.in), splitter{max: 8, head: 8, tail: 8}, chunk, 3, false) {
					if p.Skipped != "" {
						got = append(got, fmt.Sprint(p.Offset, " ", p.Skipped, " ", p.Size))
						continue
					}
					got = append(got, fmt.Sprint(p.Offset, " ", p.Text))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Fatalf("chunks of %d: %s", chunk, diff)
				}
			}
		})
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbfa\r\n\n\x00\x00b\x00c\nlong line that is skipped\nd"), byte(4), byte(5), byte(6), byte(3), byte(2), true)
	f.Add([]byte("a\x00b\x00c"), byte(1), byte(1), byte(1), byte(1), byte(1), false)
	f.Add([]byte(strings.Repeat("\x00", 1100)+"x \r\n"), byte(2), byte(9), byte(200), byte(255), byte(9), false)
	f.Add([]byte(strings.Repeat("0123456789", 100)+"\r\nabcdefghij\nk"), byte(3), byte(40), byte(7), byte(2), byte(2), true)
	f.Fuzz(func(t *testing.T, b []byte, maxLine, head, tail, chunk, batch byte, final bool) {
		s := splitter{max: int(maxLine) + 1, head: int(head) + 1, tail: int(tail) + 1}
		got := splitAll(b, s, int(chunk)+1, int(batch)+1, final)
		if want := reference(b, s, final); !slices.Equal(want, got) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

// BenchmarkSplit splits lines of about 1 KB without reading or yielding.
func BenchmarkSplit(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var buf bytes.Buffer
	for buf.Len() < chunkSize {
		buf.WriteString(strings.Repeat("x", 500+r.IntN(1000)))
		buf.WriteByte('\n')
	}
	chunk := buf.Bytes()[:chunkSize]
	lines := make([]line, 0, batchMax)
	b.SetBytes(chunkSize)
	b.ReportAllocs()
	for b.Loop() {
		s := newSplitter(8 << 20)
		s.split(chunk, 0, false, lines)
	}
}

// BenchmarkSplitHostile splits what consists of line ends in waiting.
func BenchmarkSplitHostile(b *testing.B) {
	chunk := bytes.Repeat([]byte("a\x00"), chunkSize/2)
	lines := make([]line, 0, batchMax)
	b.SetBytes(chunkSize)
	for b.Loop() {
		s := newSplitter(8 << 20)
		for rest := chunk; len(rest) > 0; {
			_, used := s.split(rest, 0, true, lines)
			rest = rest[used:]
		}
	}
}
