package fluentbit

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fluent-live/live-status/pipeline/event"
)

// apart takes a chunk apart without a source.
func apart(t testing.TB, data []byte, maxItem int) ([]event.Item, error) {
	t.Helper()
	var items []event.Item
	b := newBatch(data, maxItem, event.Place{Source: sourceName}, 1, func(more []event.Item) error {
		items = append(items, more...)
		return nil
	})
	tk := taker{unpacker: unpacker{data: data}, batch: b, find: newRecogniser(data, b), logger: nil}
	if err := tk.chunk(); err != nil {
		t.Fatal(err)
	}
	if err := b.end(); err != nil {
		t.Fatal(err)
	}
	return items, tk.fault
}

// FuzzChunk takes any bytes apart. A logger is missing, so that a panic is one.
func FuzzChunk(f *testing.F) {
	chunks, err := filepath.Glob("testdata/chunks/*.gz")
	if err != nil || len(chunks) == 0 {
		f.Fatalf("no chunks: %v", err)
	}
	for _, name := range chunks {
		data := readGzip(f, strings.TrimPrefix(filepath.ToSlash(name), "testdata/"))
		f.Add(data[:min(len(data), 3000)], 1<<10)
	}
	for _, body := range []string{podEvent, newEvent, bareEvent, audit, bareAudit, configMap, halfAudit} {
		f.Add(append2(f, append1(f, nil, body), at, `{"log":`+quoted(body)+`,"x":[`+body+`]}`), 100)
		f.Add(append1(f, nil, `{"type":"ADDED","object":`+body+`}`), 100)
		f.Add(append1(f, nil, `{"log":`+quoted(`{"kind":"EventList","apiVersion":"v1","items":[`+body+`]}`)+`}`), 100)
		f.Add(append1(f, nil, `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[`+body+`,1]}`), 1<<20)
	}
	f.Add(mark(0xff), 1)
	f.Fuzz(func(t *testing.T, data []byte, maxItem int) {
		maxItem = max(1, min(maxItem, 1<<20))
		items, fault := apart(t, data, maxItem)
		size, last := 0, len(items)-1
		for i := range items {
			item := &items[i]
			size += len(item.Raw) + len(item.Tail)
			if (item.Change == event.Progress) != (i == last) || item.Receipt != 1 {
				t.Fatalf("item %d of %d has the change %d", i, len(items), item.Change)
			}
			if item.Skipped == "" && len(item.Raw) > maxItem {
				t.Fatalf("an item of %d bytes, more than %d", len(item.Raw), maxItem)
			}
			if item.Skipped == event.RejectPanic {
				t.Fatal("a panic")
			}
			if fault == nil && item.Skipped == event.RejectNotMsgpack {
				t.Fatal("something is no msgpack, and the chunk is not refused")
			}
		}
		if size > 12*len(data)+1024 || len(items) > len(data)+1 {
			t.Fatalf("%d items of %d bytes, of a chunk of %d", len(items), size, len(data))
		}
		again, _ := apart(t, data, maxItem)
		if diff := cmp.Diff(summary(items), summary(again)); diff != "" {
			t.Fatalf("another result the second time: %s", diff)
		}
	})
}

// FuzzTranscode makes JSON of any map.
func FuzzTranscode(f *testing.F) {
	for _, body := range []string{podEvent, audit, configMap, `{"a":[1,-1,1.5,1e300,true,false,null,"\u0000\"\\"],"b":{"":{}}}`} {
		f.Add(appendJSON(f, nil, body))
	}
	f.Add([]byte{0x81, 0xc4, 1, 'b', 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		u := unpacker{data: data}
		if v, err := u.next(); err != nil || v.form != formMap || u.rest(v) != nil {
			return
		}
		text, err := transcoded(data)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) || len(text) > 8*len(data) {
			t.Fatalf("%d bytes of %d: %q", len(text), len(data), text)
		}
	})
}

// FuzzText looks for events in any text.
func FuzzText(f *testing.F) {
	for _, body := range []string{podEvent, audit, sortedEvent, `{"type":"ADDED","object":` + newEvent + `}`, `[` + podEvent + `,{`, `{"items":[{}`, `{"a":"\\\""}`, `[]`, `{"kind":"List","items":[{"a":`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		data := []byte(body)
		b := newBatch(nil, 1<<20, event.Place{}, 1, func([]event.Item) error { return nil })
		taken, err := newRecogniser(nil, b).line(data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.items {
			if raw := string(b.items[i].Raw); !strings.Contains(body, raw) || raw == "" && b.items[i].Skipped == "" {
				t.Fatalf("an item %q that is no part of the text", raw)
			}
		}
		if !taken && len(b.items) > 0 {
			t.Fatal("items of a text of which nothing was taken")
		}
	})
}
