package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func TestScannerErrors(t *testing.T) {
	for in, want := range map[string]error{
		"":                       io.EOF,
		" \n":                    io.EOF,
		"{":                      io.ErrUnexpectedEOF,
		`{"items":[1,`:           io.ErrUnexpectedEOF,
		`{"items":[1`:            io.ErrUnexpectedEOF,
		`{"items":"open`:         io.ErrUnexpectedEOF,
		`[]`:                     errNotJSON,
		`{"items" 1}`:            errNotJSON,
		`{"items":[1 2]}`:        errNotJSON,
		`{"items":7}`:            errNotJSON,
		`{"items":]}`:            errNotJSON,
		"<html>gateway</html>\n": errNotJSON,
	} {
		_, err := readPage(strings.NewReader(in), MaxItem, false, func(Object) error { return nil })
		if errors.Is(want, io.EOF) {
			want = io.ErrUnexpectedEOF // a page must not be empty
		}
		if err == nil || !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("%q: error %v, want %v", in, err, want)
		}
	}
	if _, err := newFrameReader(strings.NewReader("\n"), MaxItem, false).next(); !errors.Is(err, io.EOF) {
		t.Errorf("between frames: %v", err)
	}
}

// Values are cut anywhere by the network, within escapes too.
func TestScannerReadsWhatComesInPieces(t *testing.T) {
	items := []string{`{"a":"\\\"]}\\\\","b":[{}]}`, `"x\\"`, `-1.5e3`, `null`, `[[],"}"]`, `{"deep":` + strings.Repeat(`[`, 9_000) + strings.Repeat(`]`, 9_000) + `}`}
	list := `{"metadata":{"resourceVersion":"7"},"items":[` + strings.Join(items, " ,\n") + `]}`
	for name, r := range map[string]io.Reader{"whole": strings.NewReader(list), "bytes": iotest.OneByteReader(strings.NewReader(list))} {
		var got []string
		p, err := readPage(r, MaxItem, true, func(o Object) error {
			got = append(got, string(o.Raw))
			return nil
		})
		if err != nil || p.ResourceVersion != "7" || strings.Join(got, "|") != strings.Join(items, "|") {
			t.Errorf("%s: page %+v, items %.200q, error %v", name, p, got, err)
		}
	}
}

// What does not fit is cut, and the next object is whole again.
func TestObjectsThatAreTooLarge(t *testing.T) {
	frames := newFrameReader(strings.NewReader(`{"type":"ADDED","object":{"a":"`+strings.Repeat("x", 100)+`"}}
{"type":"ADDED","object":{"b":1}}`), 10, true)
	for _, want := range []Object{{Raw: []byte(`{"a":"xxxx`)}, {Raw: []byte(`{"b":1}`), Whole: true}} {
		f, err := frames.next()
		if err != nil || !bytes.Equal(f.Object.Raw, want.Raw) || f.Object.Whole != want.Whole {
			t.Errorf("object %+v, error %v; want %+v", f.Object, err, want)
		}
	}
}

// What a frame says of itself is found in whatever order and depth, and as far as
// it was kept.
func TestFrameVersion(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 50_000) + strings.Repeat(`]}`, 50_000)
	for object, want := range map[string]string{
		`{"metadata":{"resourceVersion":"7"}}`:                                                  "7",
		` { "spec" : "metadata\"" , "metadata" : { "a" : 1 , "resourceVersion" : "7" } } `:      "7",
		`{"spec":{"metadata":{"resourceVersion":"6"}},"metadata":{"resourceVersion":"7"}}`:      "7",
		`{"metadata":{"managedFields":` + deep + `,"resourceVersion":"7"},"spec":` + deep + `}`: "7",
		`{"metadata":{"resourceVersion":"7","annotations":{"x":"cut of`:                         "7",
		`{"metadata":{"annotations":{"x":"cut of`:                                               "",
		`{"metadata":{"resourceVersion":"7`:                                                     "",
		`{"metadata":{"resourceVersion":7}}`:                                                    "",
		`{"metadata":["resourceVersion","7"]}`:                                                  "",
		`{"metadata"`:                                                                           "", `{`: "", ``: "", `{]`: "", `{"a":]}`: "", `{"a":`: "", `"`: "", `{"`: "", `[]`: "",
	} {
		if got := (frame{Object: Object{Raw: []byte(object)}}).version(); string(got) != want {
			t.Errorf("%.60s: version %q, want %q", object, got, want)
		}
	}
}

// An object of which not even the version was kept is passed by.
func TestObjectWithoutVersion(t *testing.T) {
	c := connect(t, func(*http.Request) *http.Response {
		return response(200, strings.NewReader(`{"type":"ADDED","object":{"metadata":{"annotations":{"x":"`+strings.Repeat("x", 300)+`"},"resourceVersion":"6"}}}
{"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}}}`))
	})
	c.Collection.MaxItem = 200
	var told []string
	f := NewFollower(func(_ context.Context, n Notice) error {
		told = append(told, fmt.Sprintf("%d@%s", n.What, n.Version))
		return nil
	}, func(string) {})
	f.Start("5")
	if err := f.Read(t.Context(), c); err != nil || strings.Join(told, " ") != "3@ 4@5 4@7" || f.Position() != "7" {
		t.Errorf("error %v, told %v, position %s", err, told, f.Position())
	}
}

// The time to read an object must not grow faster than the object, whatever it
// is made of.
func BenchmarkPage(b *testing.B) {
	for name, value := range map[string]string{
		"text":        strings.Repeat("x", 2_000),
		"backslashes": strings.Repeat(`\\`, 1_000),
		"quotes":      strings.Repeat(`\"`, 1_000),
	} {
		b.Run(name, func(b *testing.B) {
			items := strings.Repeat(`{"metadata":{"name":"a","annotations":{"b":"`+value+`"}}},`, 500)
			list := []byte(`{"metadata":{"resourceVersion":"7"},"items":[` + strings.TrimSuffix(items, ",") + `]}`)
			b.SetBytes(int64(len(list)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := readPage(bytes.NewReader(list), MaxItem, true, func(Object) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
