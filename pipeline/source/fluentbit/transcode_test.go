package fluentbit

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// transcoded returns a map as JSON.
func transcoded(data []byte) (string, error) {
	var tr transcoder
	tr.data, tr.keep = data, keep{whole: defaultMaxItem, head: mostHead, tail: mostTail}
	_, err := tr.object(0, lost{})
	return string(tr.buf), err
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		value []byte
		want  string
	}{
		{[]byte{0xc0}, `null`},
		{[]byte{0xc2}, `false`},
		{[]byte{0xc3}, `true`},
		{[]byte{0x7f}, `127`},
		{[]byte{0xe0}, `-32`},
		{[]byte{0xff}, `-1`},
		{[]byte{0xd0, 0x80}, `-128`},
		{[]byte{0xd0, 0x05}, `5`},
		{[]byte{0xd1, 0x80, 0}, `-32768`},
		{msgp.AppendInt64(nil, math.MinInt64), `-9223372036854775808`},
		{msgp.AppendInt64(nil, math.MaxInt64), `9223372036854775807`},
		{msgp.AppendUint64(nil, math.MaxUint64), `18446744073709551615`},
		{msgp.AppendUint64(nil, 300), `300`},
		{msgp.AppendUint64(nil, 70000), `70000`},
		{msgp.AppendInt64(nil, -70000), `-70000`},
		{msgp.AppendFloat64(nil, 0.1), `0.1`},
		{msgp.AppendFloat64(nil, 1), `1`},
		{msgp.AppendFloat64(nil, 1e300), `1e+300`},
		{msgp.AppendFloat64(nil, -1e-9), `-1e-09`},
		{msgp.AppendFloat32(nil, 0.1), `0.1`},
		{msgp.AppendFloat64(nil, math.NaN()), `null`},
		{msgp.AppendFloat64(nil, math.Inf(-1)), `null`},
		{msgp.AppendString(nil, "a\"\\/\b\f\n\r\t\x00\x1f\x7f"), `"a\"\\/\u0008\u000c\n\r\t\u0000\u001f` + "\x7f" + `"`},
		{msgp.AppendString(nil, "grüße 漢字 🙂 \u2028"), `"grüße 漢字 🙂 ` + "\u2028" + `"`},
		{msgp.AppendString(nil, "a\xffb\xc3"), "\"a\uFFFDb\uFFFD\""},
		{msgp.AppendString(nil, "\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\""},
		{msgp.AppendString(nil, strings.Repeat("x", 70000)), `"` + strings.Repeat("x", 70000) + `"`},
		{msgp.AppendString(nil, "a"+strings.Repeat("ü🙂", 30000)), `"a` + strings.Repeat("ü🙂", 30000) + `"`},
		{msgp.AppendBytes(nil, []byte("bin")), `"bin"`},
		{[]byte{0xc7, 3, 5, 1, 2, 3}, `null`},
		{[]byte{0xd4, 1, 9}, `null`},
		{[]byte{0xd8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, `null`},
		{[]byte{0x90}, `[]`},
		{[]byte{0x80}, `{}`},
		{[]byte{0xdc, 0, 2, 1, 0x91, 2}, `[1,[2]]`},
		{[]byte{0xdd, 0, 0, 0, 1, 1}, `[1]`},
		{[]byte{0xde, 0, 1, 0xa1, 'k', 0x81, 0xa0, 0xc0}, `{"k":{"":null}}`},
		{[]byte{0xdf, 0, 0, 0, 2, 1, 2, 0xff, 3}, `{"1":2,"-1":3}`},
		{[]byte{0x81, 0xc4, 1, 'b', 3}, `{"b":3}`},
	} {
		got, err := transcoded(append([]byte{0x81, 0xa1, 'v'}, c.value...))
		if want := `{"v":` + c.want + `}`; err != nil || got != want {
			t.Errorf("% x: %s, %v, want %s", c.value[:min(len(c.value), 20)], got[:min(len(got), 60)], err, want[:min(len(want), 60)])
		}
	}
}

func TestWhatJSONCannotExpress(t *testing.T) {
	deep := func(n int) []byte {
		b := append([]byte{0x81, 0xa1, 'v'}, bytes.Repeat([]byte{0x91}, n)...)
		return append(b, 0xc0)
	}
	if s, err := transcoded(deep(deepest - 1)); err != nil || !json.Valid([]byte(s)) {
		t.Errorf("nested as deep as may be: %v", err)
	}
	for name, data := range map[string][]byte{
		"a key that is nil":   {0x81, 0xc0, 1},
		"a key that is a map": {0x81, 0x80, 1},
		"nested too deep":     deep(deepest),
	} {
		if _, err := transcoded(data); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	// It is skipped, and what comes after it is not.
	b := append([]byte{0x92, 1, 0x82, 0xa4, 'k', 'i', 'n', 'd', 0xa5, 'E', 'v', 'e', 'n', 't', 0xaa}, "apiVersion"...)
	b = append(b, 0xa2, 'v', '1')
	b[2] = 0x83
	b = append(b, 0xa1, 'v')
	b = append(b, bytes.Repeat([]byte{0x91}, 100_000)...)
	b = append(b, 0xc0)
	items := flushed(t, append1(t, b, podEvent))
	if len(items) != 2 || items[0].Skipped != event.RejectNotAnEvent || string(items[1].Raw) != podEvent {
		t.Errorf("items %v", summary(items))
	}
}

// A parser that makes one of the times the log event's takes it out.
func TestATimeThatWasTakenOut(t *testing.T) {
	when := time.Date(2026, 11, 21, 2, 28, 54, 7999, time.UTC) // 7.999 µs, cut off by Fluent Bit
	for _, c := range []struct{ body, want string }{
		{`{"auditID":"a","requestReceivedTimestamp":"x","annotations":{}}`, `{"auditID":"a","requestReceivedTimestamp":"x","stageTimestamp":"2026-11-21T02:28:54.000008Z","annotations":{}}`},
		{`{"auditID":"a","stageTimestamp":"x","annotations":{}}`, `{"auditID":"a","requestReceivedTimestamp":"2026-11-21T02:28:54.000008Z","stageTimestamp":"x","annotations":{}}`},
		{`{"stageTimestamp":"x","auditID":"a"}`, `{"requestReceivedTimestamp":"2026-11-21T02:28:54.000008Z","stageTimestamp":"x","auditID":"a"}`},
		{`{"auditID":"a"}`, `{"auditID":"a"}`},
		{`{"auditID":"a","requestReceivedTimestamp":"x","stageTimestamp":"y"}`, `{"auditID":"a","requestReceivedTimestamp":"x","stageTimestamp":"y"}`},
	} {
		insert := `"kind":"Event","apiVersion":"audit.k8s.io/v1",`
		items := flushed(t, append2(t, nil, when, `{`+insert+c.body[1:]))
		if len(items) != 1 || string(items[0].Raw) != `{`+insert+c.want[1:] {
			t.Errorf("%v of %s", summary(items), c.body)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add([]byte("a\"\\\n\x00\xff\xc3\xa4\xed\xa0\x80 and more than eight bytes"))
	f.Fuzz(func(t *testing.T, s []byte) {
		var back string
		if err := json.Unmarshal(append(appendEscaped([]byte{'"'}, s), '"'), &back); err != nil {
			t.Fatal(err)
		}
		if want := string([]rune(string(s))); back != want {
			t.Fatalf("%q, want %q", back, want)
		}
		// In pieces it is the same.
		var whole, pieces []byte
		for rest := s; len(rest) > 0; {
			n := piece(rest, 5)
			pieces = appendEscaped(pieces, rest[:n])
			rest = rest[n:]
		}
		if whole = appendEscaped(nil, s); !bytes.Equal(whole, pieces) {
			t.Fatalf("%q in pieces, %q as a whole", pieces, whole)
		}
	})
}
