package dedup

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

func number(n int) (fp event.Fingerprint) {
	// Spread, as hashes are.
	binary.BigEndian.PutUint64(fp[:], uint64(n)*0x9e3779b97f4a7c15)
	return fp
}

func TestWindowRemembersTheSpan(t *testing.T) {
	w := NewWindow(WindowOptions{Span: time.Hour, Most: 1000})
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for minute := range 600 {
		now := start.Add(time.Duration(minute) * time.Minute)
		w.Add(now, number(minute))
		for ago := 0; ago <= 60 && ago <= minute; ago++ {
			if !w.Known(number(minute - ago)) {
				t.Fatalf("minute %d: what came %d minutes ago is forgotten", minute, ago)
			}
		}
		if minute > 90 && w.Known(number(minute-90)) {
			t.Fatalf("minute %d: what came 90 minutes ago is still known", minute)
		}
	}
}

func TestWindowIsBounded(t *testing.T) {
	const most = 800
	w := NewWindow(WindowOptions{Span: time.Hour, Most: most})
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for n := range 10 * most {
		w.Add(now, number(n))
		kept := 0
		for _, g := range w.kept {
			kept += len(g.known)
		}
		if kept > most+most/generations {
			t.Fatalf("%d are kept", kept)
		}
		if n >= most && !w.Known(number(n-most+most/generations)) {
			t.Fatalf("one of the last %d is forgotten", most)
		}
	}
}

func TestWindowAfterAPause(t *testing.T) {
	w := NewWindow(WindowOptions{Span: time.Hour, Most: 1000})
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	w.Add(now, number(1))
	w.Add(now.Add(24*time.Hour), number(2))
	if w.Known(number(1)) || !w.Known(number(2)) {
		t.Errorf("known: %v, %v; want false, true", w.Known(number(1)), w.Known(number(2)))
	}
}

// Whatever a client may choose, a second request is no repeat of the first.
func TestFingerprint(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 1000, time.UTC)
	base := event.Audit{
		AuditID: "id", Stage: event.StageResponseComplete, Verb: "get", RequestURI: "/a", User: event.User{Name: "me"},
		Code: 200, ReceivedTime: at, StageTime: at.Add(time.Millisecond),
	}
	w := NewWindow(WindowOptions{Span: time.Hour, Most: 1000})
	want := w.Fingerprint(&base)

	if NewWindow(WindowOptions{Key: []byte("another")}).Fingerprint(&base) == want {
		t.Error("who knows the event can compute its fingerprint without the key")
	}
	copied := base
	copied.Level, copied.UserAgent, copied.Request = event.LevelRequest, "x", "{}"
	if w.Fingerprint(&copied) != want {
		t.Error("a copy that was logged at another level is not told for one")
	}
	for name, change := range map[string]func(*event.Audit){
		"audit id": func(a *event.Audit) { a.AuditID = "other" },
		"stage":    func(a *event.Audit) { a.Stage = event.StagePanic },
		"received": func(a *event.Audit) { a.ReceivedTime = at.Add(time.Microsecond) },
		"time":     func(a *event.Audit) { a.StageTime = at.Add(time.Microsecond) },
		"verb":     func(a *event.Audit) { a.Verb = "delete" },
		"uri":      func(a *event.Audit) { a.RequestURI = "/b" },
		"user":     func(a *event.Audit) { a.User.Name = "you" },
		"code":     func(a *event.Audit) { a.Code = 403 },
		"boundary": func(a *event.Audit) { a.Verb, a.RequestURI = "get/", "a" },
	} {
		other := base
		change(&other)
		if w.Fingerprint(&other) == want {
			t.Errorf("%s: another request has the same fingerprint", name)
		}
	}
}

func BenchmarkWindow(b *testing.B) {
	w := NewWindow(WindowOptions{Span: time.Hour, Most: 1_000_000})
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	a := event.Audit{
		AuditID: "1a8c138e-db74-4807-861a-a85bddb6412e", Stage: event.StageResponseComplete, Verb: "patch",
		RequestURI: "/api/v1/namespaces/shop/pods/web-6d4cf56db6-x7k2p/status", User: event.User{Name: "system:node:n1"},
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		a.StageTime = now.Add(time.Duration(n) * time.Microsecond)
		fp := w.Fingerprint(&a)
		if w.Known(fp) {
			b.Fatal("known")
		}
		w.Add(a.StageTime, fp)
	}
}
