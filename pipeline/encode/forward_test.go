package encode_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// sameEntry checks that r, as an entry of the forward protocol, has the time and
// the body of the event for Fluent Bit, and becomes the same JSON again.
func sameEntry(t rapid.TB, r redact.Redacted) {
	t.Helper()
	entry, err := encode.AppendForward(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := encode.AppendMsgpack(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	// The event is [[time, {}], body], the entry [time, body].
	const time, empty = 10, 1
	want := append([]byte{whole[0]}, whole[2:2+time]...)
	want = append(want, whole[2+time+empty:]...)
	if !bytes.Equal(entry, want) {
		t.Fatalf("entry\n%x, want\n%x", entry, want)
	}
	want, err = encode.AppendJSON(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := encode.AppendForwardAsJSON(nil, entry)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("JSON of the entry, %v:\n%s, want\n%s", err, got, want)
	}
}

func TestEntriesOfForward(t *testing.T) {
	for file, rec := range goldens(t) {
		t.Run(filepath.Base(file), func(t *testing.T) { sameEntry(t, redacted(rec)) })
	}
	t.Run("any", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) { sameEntry(rt, redacted(anyRecord().Draw(rt, "record"))) })
	})
}

func TestForwardKeepsWhatIsThere(t *testing.T) {
	before := []byte("before")
	for _, rec := range []event.Record{{}, {Type: "unknown"}} {
		if got, err := encode.AppendForward(before, redacted(rec)); err == nil || string(got) != "before" {
			t.Errorf("%q: %q, %v", rec.Type, got, err)
		}
	}
	got, err := encode.AppendForward(before, redacted(typical()))
	if err != nil || !strings.HasPrefix(string(got), "before\x92\xd7\x00") {
		t.Errorf("%q, %v", got, err)
	}
}

// entryWith returns an entry whose body is the value that build appends.
func entryWith(build func([]byte) []byte) []byte {
	return build([]byte{0x92, 0xd7, 0, 0, 0, 0, 1, 0, 0, 0, 2})
}

func TestWhatIsNoEntryIsRefused(t *testing.T) {
	nested := entryWith(func(b []byte) []byte {
		for range 100 {
			b = msgp.AppendString(msgp.AppendMapHeader(b, 1), "k")
		}
		return msgp.AppendNil(b)
	})
	for name, entry := range map[string][]byte{
		"empty":           nil,
		"no time":         {0x92, 0xd7},
		"three":           append([]byte{0x93}, entryWith(func(b []byte) []byte { return append(b, 0x80) })[1:]...),
		"no body":         entryWith(func(b []byte) []byte { return b }),
		"array body":      entryWith(func(b []byte) []byte { return msgp.AppendArrayHeader(b, 0) }),
		"endless map":     entryWith(func(b []byte) []byte { return msgp.AppendMapHeader(b, 1<<31) }),
		"binary":          entryWith(func(b []byte) []byte { return msgp.AppendBytes(append(b, 0x81, 0xa1, 'k'), []byte("v")) }),
		"number as key":   entryWith(func(b []byte) []byte { return append(b, 0x81, 1, 1) }),
		"invalid UTF-8":   entryWith(func(b []byte) []byte { return append(b, 0x81, 0xa1, 0xff, 1) }),
		"something after": entryWith(func(b []byte) []byte { return append(b, 0x80, 0xc0) }),
		"nested too deep": nested,
	} {
		if got, err := encode.AppendForwardAsJSON([]byte("before"), entry); err == nil || string(got) != "before" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func FuzzForwardAsJSON(f *testing.F) {
	entry, err := encode.AppendForward(nil, redacted(typical()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(entry)
	f.Add(entryWith(func(b []byte) []byte { return append(b, 0x81, 0xa1, 'k', 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0) }))
	f.Fuzz(func(t *testing.T, entry []byte) {
		got, err := encode.AppendForwardAsJSON(nil, entry)
		if err == nil && !json.Valid(got) {
			t.Fatalf("no JSON: %q", got)
		}
	})
}

func TestForwardDoesNotAllocate(t *testing.T) {
	r := redacted(typical())
	dst := make([]byte, 0, 1<<14)
	if n := testing.AllocsPerRun(200, func() {
		if _, err := encode.AppendForward(dst, r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkForward(b *testing.B) {
	r := redacted(typical())
	dst := make([]byte, 0, 1<<14)
	b.ReportAllocs()
	for b.Loop() {
		out, err := encode.AppendForward(dst, r)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(out)))
	}
}
