package fluentbit

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/event"
)

func TestTimes(t *testing.T) {
	for name, c := range map[string]struct {
		time []byte
		want string
	}{
		"EventTime":             {appendTime(nil, at), "2026-11-21T02:29:03.123456Z"},
		"EventTime, longer":     {append([]byte{0xc7, 8}, appendTime(nil, at)[1:]...), "2026-11-21T02:29:03.123456Z"},
		"seconds":               {msgp.AppendUint64(nil, 1795228143), "2026-11-21T02:29:03.000000Z"},
		"float":                 {msgp.AppendFloat64(nil, 1795228143.5), "2026-11-21T02:29:03.500000Z"},
		"short float":           {msgp.AppendFloat32(nil, 2048), "1970-01-01T00:34:08.000000Z"},
		"behind 2038":           {[]byte{0xd7, 0, 0xff, 0xff, 0xff, 0xfd, 0, 0, 0, 0}, "2106-02-07T06:28:13.000000Z"},
		"almost a group's mark": {[]byte{0xd7, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x03, 0xe8}, "2106-02-07T06:28:15.000001Z"},
		"NaN":                   {msgp.AppendFloat64(nil, math.NaN()), ""},
		"too late":              {msgp.AppendUint64(nil, math.MaxUint64), ""},
		"too many nanoseconds":  {[]byte{0xd7, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}, ""},
		"before 1970":           {msgp.AppendFloat64(nil, -5), ""},
	} {
		for encoding, head := range map[string][]byte{
			"V1": append([]byte{0x92}, c.time...),
			"V2": append(append([]byte{0x92, 0x92}, c.time...), 0x80),
		} {
			u := unpacker{data: append(head, 0x80)}
			e, err := u.logEvent()
			got := ""
			if !e.time.IsZero() {
				got = e.time.Format("2006-01-02T15:04:05.000000Z07:00")
			}
			if err != nil || e.group || got != c.want || e.end != len(u.data) || u.pos != e.end {
				t.Errorf("%s, %s: %q, %v, want %q; %+v", name, encoding, got, err, c.want, e)
			}
		}
	}
}

// groups is a mark with attributes, as the input opentelemetry makes it.
func mark(sec byte) []byte {
	b := []byte{0x92, 0x92, 0xd7, 0, 0xff, 0xff, 0xff, sec, 0, 0, 0, 0, 0x81, 0xa6}
	return append(append(b, "schema"...), 0xa4, 'o', 't', 'l', 'p', 0x81, 0xa1, 'r', 0x80)
}

func TestGroupsAreNoRecords(t *testing.T) {
	data := mark(0xff)
	data = append2(t, data, at, podEvent)
	data = append(data, mark(0xfe)...)
	data = append2(t, data, at, audit)
	items := flushed(t, data)
	if got := fmt.Sprint(summary(items)); got != "[event "+podEvent+" audit "+audit+"]" || items[1].Place.Offset != 1 {
		t.Errorf("items %s", got)
	}
	for name, only := range map[string][]byte{
		"only groups": append(mark(0xff), mark(0xfe)...),
		"empty":       {},
	} {
		if items := flushed(t, only); len(items) != 0 {
			t.Errorf("%s: items %v", name, summary(items))
		}
	}
}

func TestMalformedChunks(t *testing.T) {
	good := append2(t, nil, at, podEvent)
	const bad = "skipped not_msgpack"
	for name, c := range map[string]struct {
		fault []byte
		err   string
		// on is set where what follows can be read.
		on bool
	}{
		"a byte that is not used":        {[]byte{0xc1}, "log event 1 at byte %d: a byte that msgpack does not use", false},
		"text":                           {[]byte("hello"), "log event 1 at byte %d: a value is no log event", false},
		"a map":                          {[]byte{0x80}, "log event 1 at byte %d: a value is no log event", false},
		"an array of three":              {[]byte{0x93, 1, 0x80, 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"an empty array":                 {[]byte{0x90}, "log event 1 at byte %d: a value is no log event", true},
		"a time that is a string":        {[]byte{0x92, 0xa1, 'x', 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"a time below zero":              {[]byte{0x92, 0xff, 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"an extension of another type":   {[]byte{0x92, 0xd7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"an extension of another size":   {[]byte{0x92, 0xd6, 0, 0, 0, 0, 0, 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"a header of three":              {[]byte{0x92, 0x93, 1, 0x80, 0x80, 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"metadata that is no map":        {[]byte{0x92, 0x92, 1, 0x90, 0x80}, "log event 1 at byte %d: a value is no log event", true},
		"a body that is no map":          {[]byte{0x92, 1, 0xa1, 'x'}, "log event 1 at byte %d: a value is no log event", true},
		"a byte not used, in a body":     {[]byte{0x92, 1, 0x81, 0xa1, 'k', 0xc1}, "log event 1 at byte %d: a byte that msgpack does not use", false},
		"a map of four thousand million": {[]byte{0x92, 1, 0xdf, 0xff, 0xff, 0xff, 0xff}, "log event 1 at byte %d: a value is cut off", false},
		"a string of as many":            {[]byte{0x92, 1, 0x81, 0xa1, 'k', 0xdb, 0xff, 0xff, 0xff, 0xff}, "log event 1 at byte %d: a value is cut off", false},
		"arrays that claim all of it":    {append([]byte{0x92, 1, 0x81, 0xa1, 'k'}, bytes.Repeat([]byte{0xdc, 0xff, 0xff}, 30_000)...), "log event 1 at byte %d: a value is cut off", false},
	} {
		t.Run(name, func(t *testing.T) {
			data := append(bytes.Clone(good), c.fault...)
			want := []string{"event " + podEvent, bad}
			if data = append(data, good...); c.on {
				want = append(want, "event "+podEvent)
			}
			items, result, err := flush(t, data, 0)
			if fmt.Sprint(summary(items)) != fmt.Sprint(want) {
				t.Errorf("items %v, want %v", summary(items), want)
			}
			if result != Refused || err == nil || err.Error() != fmt.Sprintf(c.err, len(good)) {
				t.Errorf("result %d, %v", result, err)
			}
			if items[1].Size == 0 || items[1].Place.Offset != 1 || len(items[1].Raw) > skippedPrefix {
				t.Errorf("item %+v", items[1])
			}
		})
	}
}

// A chunk that is cut off anywhere but between log events is refused, and what came
// before the cut is delivered.
func TestChunksCutOff(t *testing.T) {
	data := append2(t, append1(t, nil, podEvent), at, audit)
	first := len(append1(t, nil, podEvent))
	for n := range data {
		items, result, err := flush(t, data[:n], 0)
		want := 0
		if n >= first {
			want = 1
		}
		whole := n == 0 || n == first
		if whole && (result != OK || len(items) != want) || !whole && (result != Refused || err == nil || len(items) != want+1) {
			t.Fatalf("cut at %d: result %d, %v, %d items", n, result, err, len(items))
		}
	}
}

// Nothing that comes in makes much more of itself in memory, or in items.
func TestHostileChunksStaySmall(t *testing.T) {
	const size = 2 << 20
	for name, data := range map[string][]byte{
		"empty log events":        bytes.Repeat([]byte{0x92, 0, 0x80}, size/3),
		"log events of no shape":  bytes.Repeat([]byte{0x90}, size),
		"nested":                  append([]byte{0x92, 0, 0x81, 0xa1, 'k'}, append(bytes.Repeat([]byte{0x91}, size), 0)...),
		"brackets in a text":      append1(t, nil, `{"log":"`+strings.Repeat("[", size)+`"}`),
		"objects in a text":       append1(t, nil, `{"log":`+quoted(strings.Repeat(`{"a":`, size/5))+`}`),
		"backslashes in a text":   append1(t, nil, `{"log":`+quoted(`{"`+strings.Repeat(`\`, size))+`}`),
		"a list of nothing":       append1(t, nil, `{"kind":"EventList","apiVersion":"v1","items":[`+strings.Repeat("0,", size/2)+`0]}`),
		"a list of nothing, text": append1(t, nil, `{"log":`+quoted(`{"kind":"EventList","apiVersion":"v1","items":[`+strings.Repeat("0,", size/2)+`0]}`)+`}`),
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			b := newBatch(data, defaultMaxItem, event.Place{}, 1, func(items []event.Item) error {
				n += len(items)
				return nil
			})
			tk := taker{unpacker: unpacker{data: data}, batch: b, find: newRecogniser(data, b)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			if err := tk.chunk(); err != nil {
				t.Fatal(err)
			}
			if err := b.end(); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			t.Logf("%s for %d bytes, %d items, %d allocated", time.Since(begun), len(data), n, after.TotalAlloc-before.TotalAlloc)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 8*size || n > 3 {
				t.Errorf("%d bytes allocated, %d items", grown, n)
			}
		})
	}
}
