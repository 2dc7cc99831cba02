package secrets

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
)

const whole = `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"one","namespace":"a","resourceVersion":"7","labels":{"name":"two"}},` +
	`"data":{"empty":"","null":null,"text":"Y29ycmVjdCBob3JzZQ==","binary":"AAH/"},"type":"Opaque"}`

func TestDecode(t *testing.T) {
	var d decoder
	for range 2 {
		s, err := d.decode([]byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		if s.key != (Key{"a", "one"}) || s.version != "7" || s.secretType != "Opaque" {
			t.Errorf("decoded %+v", s.key)
		}
		want := map[string][]byte{"empty": {}, "null": nil, "text": []byte("correct horse"), "binary": {0, 1, 255}}
		if !maps.EqualFunc(s.data, want, bytes.Equal) {
			t.Errorf("decoded %q", s.data)
		}
		d.wipe()
		if text := s.data["text"]; slices.ContainsFunc(text, func(c byte) bool { return c != 0 }) {
			t.Errorf("left %q", text)
		}
	}
}

func TestNotASecret(t *testing.T) {
	for name, raw := range map[string]string{
		"empty":          ``,
		"list":           `[]`,
		"cut":            whole[:150],
		"no name":        strings.Replace(whole, `"name":"one",`, ``, 1),
		"no namespace":   strings.Replace(whole, `"namespace":"a",`, ``, 1),
		"name":           strings.Replace(whole, `"one"`, `"o/ne"`, 1),
		"base64":         strings.Replace(whole, `Y29y`, `Y29y%`, 1),
		"padding":        strings.Replace(whole, `==`, ``, 1),
		"number":         strings.Replace(whole, `""`, `1`, 1),
		"data is text":   `{"metadata":{"name":"one","namespace":"a"},"data":"Y29y"}`,
		"key twice":      strings.Replace(whole, `"binary"`, `"text"`, 1),
		"data twice":     strings.Replace(whole, `"type":"Opaque"`, `"data":{}`, 1),
		"metadata twice": strings.Replace(whole, `"type":"Opaque"`, `"metadata":{}`, 1),
		"name twice":     strings.Replace(whole, `"labels"`, `"name":"two","labels"`, 1),
		"deep":           `{"metadata":{"name":"one","namespace":"a"},"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			if raw == whole {
				t.Fatal("nothing was changed")
			}
			var d decoder
			if s, err := d.decode([]byte(raw)); err == nil {
				t.Errorf("decoded %q", s.data)
			} else if err.Error() != "not a Secret" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	for raw, want := range map[string]string{
		whole:                       "a/one",
		whole[:150]:                 "a/one",
		whole[:60]:                  "/",
		`{"data":{},` + whole[1:]:   "a/one",
		`{"data":{"x":"Y29`:         "/",
		`[]`:                        "/",
		`{"metadata":{"name":"x"}}`: "/",
	} {
		key, ok := identify([]byte(raw))
		if !ok {
			key = Key{}
		}
		if got := string(key.Namespace) + "/" + key.Name; got != want {
			t.Errorf("%.60s is of %s, want %s", raw, got, want)
		}
	}
}

// FuzzDecode holds the decoder against that of the API's own types: what it
// accepts must mean the same there.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(whole[:150]))
	f.Add([]byte(`{"metadata":{"name":"one","namespace":"a"},"data":{"text":"Y2\u0039y"}}`))
	f.Add([]byte(`{"metadata":{"name":"one","namespace":"a"},"data":null,"type":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d decoder
		s, err := d.decode(raw)
		identify(raw)
		if err != nil {
			return
		}
		var api struct {
			metav1.TypeMeta   `json:",inline"`
			metav1.ObjectMeta `json:"metadata"`

			Data map[string][]byte `json:"data"`
			Type string            `json:"type"`
		}
		if err := json.Unmarshal(raw, &api); err != nil {
			t.Skip("stricter")
		}
		if api.Name != s.key.Name || api.Namespace != string(s.key.Namespace) || !maps.EqualFunc(s.data, api.Data, bytes.Equal) {
			t.Errorf("%s: decoded %+v %q, want %+v", raw, s.key, s.data, api.Data)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	raw := []byte(secretOf("a", "one", 1, strings.Repeat("correct horse ", 300)))
	var d decoder
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := d.decode(raw); err != nil {
			b.Fatal(err)
		}
		d.wipe()
	}
}
