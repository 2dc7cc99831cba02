package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/fluent-live/live-status/pipeline/event"
)

// recorded is what a kube-apiserver 1.36 answered to a request.
type recorded struct {
	Request string            `json:"request"`
	Status  int               `json:"status"`
	Body    json.RawMessage   `json:"body"`
	Frames  []json.RawMessage `json:"frames"`
}

func readRecorded(t testing.TB, name string) recorded {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "server", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// content is the body as it came: one document, or a frame a line.
func (r recorded) content() []byte {
	if r.Frames == nil {
		return r.Body
	}
	return append(bytes.Join(bytesOf(r.Frames), []byte("\n")), '\n')
}

func bytesOf(raw []json.RawMessage) [][]byte {
	all := make([][]byte, len(raw))
	for i, r := range raw {
		all[i] = r
	}
	return all
}

// What real servers say must be understood: each recorded answer leads to what
// is to be done next.
func TestRecordedAnswers(t *testing.T) {
	for name, want := range map[string]struct{ gone, notStreamed bool }{
		"list-page2-expired-events-v1": {gone: true},
		"list-page2-expired-core-v1":   {gone: true},
		"watch-expired-events-v1":      {gone: true},
		"watch-expired-core-v1":        {gone: true},
		"watchlist-without-match":      {notStreamed: true},
		"unauthorized":                 {},
		"forbidden-list":               {},
	} {
		t.Run(name, func(t *testing.T) {
			rec := readRecorded(t, name)
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, func(*http.Request) *http.Response { return response(rec.Status, bytes.NewReader(rec.content())) })
				err := c.get(t.Context(), params{}, func(r io.Reader) error {
					f, err := c.newFrameReader(r).next()
					if err != nil {
						return err
					}
					return f.status()
				})
				if err == nil || IsGone(err) != want.gone || notStreamed(err) != want.notStreamed {
					t.Errorf("%v: gone %v, not streamed %v; want %+v", err, IsGone(err), notStreamed(err), want)
				}
			})
		})
	}
}

func TestRecordedPages(t *testing.T) {
	for name, want := range map[string]struct {
		items     int
		continued bool
	}{
		"list-page1-events-v1":  {2, true},
		"list-page2-events-v1":  {-1, false},
		"list-limit1-core-v1":   {1, true},
		"list-limit1-events-v1": {1, true},
		"list-core-v1":          {-1, false},
	} {
		t.Run(name, func(t *testing.T) {
			rec := readRecorded(t, name)
			var l struct {
				Items []json.RawMessage `json:"items"`
			}
			if err := json.Unmarshal(rec.Body, &l); err != nil {
				t.Fatal(err)
			}
			n := 0
			p, err := readPage(bytes.NewReader(rec.Body), MaxItem, false, func(o Object) error {
				if !o.Whole || !bytes.Equal(o.Raw, l.Items[n]) {
					t.Errorf("item %d differs", n)
				}
				n++
				return nil
			})
			if err != nil || p.ResourceVersion == "" || n != len(l.Items) || (want.items >= 0 && n != want.items) || (p.Continue != "") != want.continued {
				t.Errorf("page %+v with %d of %d items, error %v", p, n, len(l.Items), err)
			}
		})
	}
}

// The end of a streamed list is where the server says, with its version.
func TestRecordedStreamedList(t *testing.T) {
	for _, name := range []string{"watchlist-events-v1", "watchlist-core-v1"} {
		frames := newFrameReader(bytes.NewReader(readRecorded(t, name).content()), MaxItem, false)
		var ended event.ResourceVersion
		for {
			f, err := frames.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.endsList() {
				ended = f.version()
			}
		}
		if _, ok := ended.Uint64(); !ok {
			t.Errorf("%s: the list ended at %q", name, ended)
		}
	}
}

// What the scanner splits must be what a decoder that checks would have found.
func FuzzPage(f *testing.F) {
	for _, name := range []string{"list-page1-events-v1", "list-core-v1", "list-page2-expired-core-v1"} {
		f.Add([]byte(readRecorded(f, name).Body))
	}
	f.Add([]byte(`{"metadata":{"resourceVersion":"1"},"items":[1,"a\\\"]",[{}],{"b":[]},null,true]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got [][]byte
		_, err := readPage(bytes.NewReader(data), MaxItem, false, func(o Object) error {
			got = append(got, o.Raw)
			return nil
		})
		var want struct {
			Items []json.RawMessage `json:"items"`
		}
		if !json.Valid(data) || json.Unmarshal(data, &want) != nil || bytes.Count(data, []byte(`items"`)) > 1 || bytes.Contains(bytes.ToLower(data), []byte(`\\u`)) {
			return // any answer will do that is one
		}
		if err != nil {
			if bytes.Contains(data, []byte("metadata")) {
				return
			}
			t.Fatalf("%v: %s", err, data)
		}
		if len(got) != len(want.Items) && bytes.Contains(data, []byte(`"items"`)) {
			t.Fatalf("%d items, want %d: %s", len(got), len(want.Items), data)
		}
		for i := range min(len(got), len(want.Items)) {
			if !bytes.Equal(got[i], want.Items[i]) {
				t.Fatalf("item %d is %s, want %s", i, got[i], want.Items[i])
			}
		}
	})
}

func FuzzFrames(f *testing.F) {
	for _, name := range []string{"watchlist-events-v1", "watch-added-modified-deleted-core-v1", "watch-expired-events-v1"} {
		f.Add(readRecorded(f, name).content())
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		frames := newFrameReader(bytes.NewReader(data), MaxItem, true)
		// Every frame but the last takes at least two bytes.
		for range len(data) {
			fr, err := frames.next()
			if err != nil {
				return
			}
			fr.version()
			fr.endsList()
			_ = fr.status()
		}
	})
}
