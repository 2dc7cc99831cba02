package dedup

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// generations is how many steps a Window forgets in.
const generations = 8

// WindowOptions say how much a Window remembers.
type WindowOptions struct {
	// Span is how long a fingerprint is remembered. API servers give up a
	// retry after a few minutes.
	Span time.Duration
	// Most bounds how many are remembered at once. One takes about 30 bytes.
	Most int
	// Key makes fingerprints tell nothing of what they were made of: they
	// identify records and are stored, and of a URI with a password in it all
	// else may be known.
	Key []byte
}

// Window remembers the fingerprints of the last audit events, to tell the
// repeats that a webhook's retries, a restart and a second source bring. It
// forgets the oldest first, some at a time. A Window belongs to one goroutine.
type Window struct {
	span time.Duration
	most int
	// kept are the generations, the newest last.
	kept    []generation
	hash    hash.Hash
	scratch []byte
}

type generation struct {
	began time.Time
	known map[event.Fingerprint]struct{}
}

// NewWindow returns an empty Window.
func NewWindow(o WindowOptions) *Window {
	return &Window{span: o.Span, most: o.Most, hash: hmac.New(sha256.New, o.Key)}
}

// Fingerprint identifies an audit event. Its audit ID and stage alone do not:
// whoever sends a request may choose the ID by a header and repeat it, to have
// the second request taken for a repeat of the first, and an aggregated API
// server logs under the ID of the request that it was passed. So the times of
// the request, which no client can choose, and what was asked by whom are part
// of it. They are the same in each copy of an event: in the file, in the
// webhook's body and in its retries.
func (w *Window) Fingerprint(a *event.Audit) event.Fingerprint {
	b := w.scratch[:0]
	b = binary.BigEndian.AppendUint64(b, uint64(a.ReceivedTime.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(a.StageTime.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(a.Code))
	for _, s := range [...]string{string(a.AuditID), string(a.Stage), a.Verb, a.RequestURI, a.User.Name} {
		// The length keeps "ab","c" and "a","bc" apart.
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	w.hash.Reset()
	// A hash never fails to write.
	_, _ = w.hash.Write(b)
	sum := w.hash.Sum(b[:0])
	w.scratch = sum
	return event.Fingerprint(sum[:len(event.Fingerprint{})])
}

// Known reports whether fp is remembered.
func (w *Window) Known(fp event.Fingerprint) bool {
	// A repeat mostly follows soon.
	for _, g := range slices.Backward(w.kept) {
		if _, ok := g.known[fp]; ok {
			return true
		}
	}
	return false
}

// Add remembers fp, which came at now, and forgets what is too old. Calls are
// in the order of now.
func (w *Window) Add(now time.Time, fp event.Fingerprint) {
	for len(w.kept) > 0 && now.Sub(w.kept[0].began) > w.span+w.span/generations {
		w.forgetOldest()
	}
	last := len(w.kept) - 1
	if last < 0 || len(w.kept[last].known) >= w.most/generations || now.Sub(w.kept[last].began) >= w.span/generations {
		if len(w.kept) > generations {
			w.forgetOldest()
		}
		w.kept = append(w.kept, generation{began: now, known: map[event.Fingerprint]struct{}{}})
		last = len(w.kept) - 1
	}
	w.kept[last].known[fp] = struct{}{}
}

func (w *Window) forgetOldest() {
	// The map goes as a whole; a copy keeps its slot from being held on to.
	w.kept = append(w.kept[:0:0], w.kept[1:]...)
}
