package recorded

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/event"
)

// pieces takes a text apart, and returns copies.
func pieces(tb testing.TB, r io.Reader, c class, item int) ([]piece, form) {
	tb.Helper()
	rd, fm := newReader(r, c, item)
	var all []piece
	for {
		p, err := rd.next()
		if errors.Is(err, io.EOF) {
			return all, fm
		}
		if err != nil {
			tb.Fatal(err)
		}
		p.raw, p.tail = bytes.Clone(p.raw), bytes.Clone(p.tail)
		all = append(all, p)
	}
}

// FuzzReader takes texts apart at once and byte by byte. What comes is the same,
// and is in the text where it is said to be; of lines every byte that is not blank
// is in one of them.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		auditLine("a", 1) + "\r\n\n" + auditLine("b", 2),
		"\xef\xbb\xbf" + `{"kind":"EventList","items":[{"a":"\\\""}, {"b":[1,{}]}],"metadata":{}} {"x":1} [1,"2" , null]`,
		"{\n \"items\": [\n  {\n   \"a\": 1\n  }\n ]\n}\n{\n \"b\": {}}",
		"apiVersion: v1\nitems:\n- a: 1\n  b:\n  - c\n- d: |\n    x\n\n    y\nkind: List\n---\ne: [1]\n",
		"{\"a\":\x00\x00\x00\n\x00{}",
		`{"a":"` + strings.Repeat("x", 100) + `"}` + "\n" + `{"b":1}`,
		`{"items":[{"a":1},,{"b"` + "\n" + `{"c":1}`,
		"- a\n-\n  b: 2\n", "items: []\n", `{"a":"\`, "[", "", " ", "\"", "{\"\\",
	} {
		f.Add([]byte(text), uint8(0))
		f.Add([]byte(text), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, of uint8) {
		c := []class{auditFile, eventFile}[of%2]
		const item = 64
		whole, fm := pieces(t, bytes.NewReader(text), c, item)
		single, fm1 := pieces(t, iotest.OneByteReader(bytes.NewReader(text)), c, item)
		if fm != fm1 || !reflect.DeepEqual(whole, single) {
			t.Fatalf("form %d and %d, got\n%+v\nand\n%+v", fm, fm1, whole, single)
		}
		covered := bytes.Clone(text)
		for _, p := range whole {
			if p.offset < 0 || p.size < 0 || p.size == 0 && p.skipped != event.RejectNotJSON || p.offset+p.size > int64(len(text)) && fm != formYAML {
				t.Fatalf("%d bytes at %d of %d", p.size, p.offset, len(text))
			}
			if len(p.raw) > item && p.skipped == "" && fm != formYAML {
				t.Fatalf("%d bytes", len(p.raw))
			}
			if fm == formYAML {
				continue
			}
			there := text[p.offset:][:p.size]
			if p.skipped == "" && !bytes.Equal(p.raw, there) || !bytes.HasPrefix(there, p.raw) || !bytes.HasSuffix(there, p.tail) {
				t.Fatalf("%q is not %q", p.raw, there)
			}
			clear(covered[p.offset:][:p.size])
		}
		if fm == formLines {
			rest := bytes.Trim(bytes.TrimPrefix(covered, byteOrderMark), "\x00")
			if len(bytes.Trim(rest, "\x00 \t\r\n")) > 0 {
				t.Fatalf("lost %q", rest)
			}
		}
	})
}

// FuzzUnpack takes apart what is in one piece. What comes is part of it, and a piece
// that is an array or a list comes as its elements, whatever they are.
func FuzzUnpack(f *testing.F) {
	for _, text := range []string{
		auditLine("a", 1), eventJSON("a", 1), `{"log":"{\"auditID\":\"\\u0041\"}"}`, `{"log":{"a":1},"kind":null}`,
		`[{"log":{}},{"log":1}]`, ` {"items":[{"a":1}, 2],"kind":"List"} `, `{"kind":"List","items":null}`,
		`{"type":"DELETED","object":{"metadata":{"creationTimestamp":"2026-01-01T00:00:00Z"}}}`, `[1 2]`, `{"items":[}`, "[]", "{}", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n := 0
		auditsIn(text, func(found) { n++ })
		var elements []json.RawMessage
		if json.Unmarshal(text, &elements) == nil && elements != nil && n != len(elements) {
			t.Errorf("%d of %d", n, len(elements))
		}
		unpack(text, nil, func(u unpacked) {
			if !bytes.Equal(text[u.at:][:len(u.raw)], u.raw) {
				t.Errorf("%q is not at %d", u.raw, u.at)
			}
			if json.Valid(u.raw) && u.raw[0] == '{' && !json.Valid(named(&u)) {
				t.Errorf("named %q", named(&u))
			}
		})
	})
}

// FuzzMoment compares the times that are found with those that the decoders do.
func FuzzMoment(f *testing.F) {
	f.Add([]byte(auditLine("a", 1)))
	f.Add([]byte(eventJSON("a", 1)))
	f.Add([]byte(`{"auditID":"a","stage":"s","stageTimestamp":"2026-01-01T00:00:00.5Z","verb":"\\\"","a":[{"stageTimestamp":"x"}]}`))
	f.Add([]byte(`{"metadata":{"uid":"u","resourceVersion":"1"},"regarding":{},"series":{"lastObservedTime":"2026-01-01T00:00:00.5Z"}}`))
	f.Add([]byte(`{"metadata":{"uid":"u","resourceVersion":"1"},"regarding":{},"eventTime":"2026-01-01T00:00:00.5Z","firstTimestamp":"2025-01-01T00:00:00Z","lastTimestamp":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		// Names written with escapes and of other case are told by the decoders only,
		// and of a name that is there twice it is of no matter which counts.
		if !json.Valid(text) || bytes.Contains(text, []byte(`\u`)) || twice(text) {
			return
		}
		var d decode.AuditDecoder
		if a, err := d.Decode(text); err == nil {
			want := a.StageTime
			if want.IsZero() {
				want = a.ReceivedTime
			}
			got, ok := auditMoment(text)
			compare(t, got, ok, want)
		}
		if o, err := decode.KubeEvent(text); err == nil {
			m := membersOf(text)
			got, ok := m.moment()
			compare(t, got, ok, o.LastTime)
		}
	})
}

func compare(t *testing.T, got moment, ok bool, want time.Time) {
	t.Helper()
	if want.Year() > 1 && (want.Year() < 1680 || want.Year() > 2260) {
		return
	}
	ns := int64(got)
	if ok != (want.Year() > 1) || ok && ns != want.UnixNano() && ns != want.UnixNano()+int64(time.Second)-1 {
		t.Errorf("got %v %v, want %v", time.Unix(0, ns).UTC(), ok, want)
	}
}

// twice reports whether an object has members of the same name.
func twice(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	type level struct {
		object, value bool
		names         map[string]bool
	}
	var levels []*level
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		var top *level
		if len(levels) > 0 {
			top = levels[len(levels)-1]
		}
		if name, ok := token.(string); ok && top != nil && top.object && !top.value {
			if top.names[name] {
				return true
			}
			top.names[name], top.value = true, true
			continue
		}
		if top != nil {
			top.value = false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			levels = append(levels, &level{object: token == json.Delim('{'), names: map[string]bool{}})
		case json.Delim('}'), json.Delim(']'):
			levels = levels[:len(levels)-1]
		}
	}
}
