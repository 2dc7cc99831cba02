package recorded

import (
	"bytes"

	"github.com/fluent-live/live-status/pipeline/event"
)

// lines takes a text apart into lines, as the source of the live audit log does:
// blank ones count for nothing, and a run of NUL, which JSON has none of, stands
// by itself.
type lines struct{ feed }

func (l *lines) consumed() int64 { return l.at + int64(l.pos) }

func (l *lines) next() (piece, error) {
	for {
		if l.pos == len(l.buf) && !l.more() {
			return piece{}, l.err
		}
		if l.buf[l.pos] == 0 {
			return l.zeros(), nil
		}
		l.keep()
		end := l.end()
		// What is longer is too large even without a carriage return.
		if l.cut == nil && end-l.mark <= l.limits.item+lineSlack {
			for end > l.mark && isBlank(l.buf[end-1]) {
				end--
			}
		}
		if l.cut == nil && end == l.mark {
			l.drop()
			continue
		}
		return l.taken(end), nil
	}
}

// end moves behind the line that begins at pos and returns where it ends.
func (l *lines) end() int {
	for {
		rest := l.buf[l.pos:]
		feed := bytes.IndexByte(rest, '\n')
		if feed >= 0 {
			rest = rest[:feed]
		}
		if zero := bytes.IndexByte(rest, 0); zero >= 0 {
			l.pos += zero
			return l.pos
		}
		l.pos += len(rest)
		if feed >= 0 {
			l.pos++
			return l.pos - 1
		}
		if !l.more() {
			return l.pos
		}
	}
}

func isBlank(c byte) bool { return c == '\r' || c == ' ' || c == '\t' }

// zeros moves behind a run of NUL.
func (l *lines) zeros() piece {
	from := l.consumed()
	for {
		rest := l.buf[l.pos:]
		n := 0
		for n < len(rest) && rest[n] == 0 {
			n++
		}
		l.pos += n
		if n < len(rest) || !l.more() {
			break
		}
	}
	return piece{offset: from, size: l.consumed() - from, skipped: event.RejectNULBlock}
}
