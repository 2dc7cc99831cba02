package encode_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// salt is the salt of all tests.
var salt = bytes.Repeat([]byte("salt"), 8)

func redacted(rec event.Record) redact.Redacted {
	return redact.New(redact.Options{Salt: salt}).Redact(rec)
}

// goldens returns the records of testdata by file.
func goldens(t *testing.T) map[string]event.Record {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	out := map[string]event.Record{}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var rec event.Record
		if err := yaml.UnmarshalStrict(section(ar, "record.yaml"), &rec); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[file] = rec
	}
	return out
}

func section(ar *txtar.Archive, name string) []byte {
	for _, f := range ar.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setSection(ar *txtar.Archive, name string, data []byte) {
	for i := range ar.Files {
		if ar.Files[i].Name == name {
			ar.Files[i].Data = data
			return
		}
	}
	ar.Files = append(ar.Files, txtar.File{Name: name, Data: data})
}

func TestGolden(t *testing.T) {
	for file, rec := range goldens(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			inJSON, err := encode.AppendJSON(nil, redacted(rec))
			if err != nil {
				t.Fatal(err)
			}
			inMsgpack, err := encode.AppendMsgpack(nil, redacted(rec))
			if err != nil {
				t.Fatal(err)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, inJSON, "", "  "); err != nil {
				t.Fatal(err)
			}
			got := map[string][]byte{
				"record.json": append(indented.Bytes(), '\n'),
				"msgpack.hex": []byte(hex.Dump(inMsgpack)),
			}
			if *update {
				for _, name := range []string{"record.json", "msgpack.hex"} {
					setSection(ar, name, got[name])
				}
				if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for name, data := range got {
				if diff := cmp.Diff(string(section(ar, name)), string(data)); diff != "" {
					t.Errorf("%s, -want +got; -update writes it:\n%s", name, diff)
				}
			}
			sameContent(t, inMsgpack, inJSON)
		})
	}
}

// sameContent fails unless a library's reading of both forms agrees.
func sameContent(t *testing.T, inMsgpack, inJSON []byte) {
	t.Helper()
	sz, rest, err := msgp.ReadArrayHeaderBytes(inMsgpack)
	if err != nil || sz != 2 {
		t.Fatalf("outer array of %d: %v", sz, err)
	}
	sz, rest, err = msgp.ReadArrayHeaderBytes(rest)
	if err != nil || sz != 2 {
		t.Fatalf("header of %d: %v", sz, err)
	}
	for range 2 { // The time and the metadata.
		if rest, err = msgp.Skip(rest); err != nil {
			t.Fatal(err)
		}
	}
	var asJSON bytes.Buffer
	rest, err = msgp.UnmarshalAsJSON(&asJSON, rest)
	if err != nil || len(rest) != 0 {
		t.Fatalf("%d bytes left: %v", len(rest), err)
	}
	var a, b any
	if err := json.Unmarshal(asJSON.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(inJSON, &b); err != nil {
		t.Fatalf("%v in %s", err, inJSON)
	}
	// A diff of deeply nested lists would take for ever.
	if !reflect.DeepEqual(a, b) {
		t.Errorf("msgpack differs from JSON (-json +msgpack):\n%s", cmp.Diff(b, a))
	}
	// Their keys come in the same order, which maps do not tell.
	if a, b := keysInOrder(t, asJSON.Bytes()), keysInOrder(t, inJSON); !slices.Equal(a, b) {
		t.Errorf("order of keys differs:\n%s\n%s", a, b)
	}
}

// keysInOrder returns the paths of all keys, in the order of the text: dotted,
// with [] for the elements of an array.
func keysInOrder(t *testing.T, doc []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	var out []string
	var walk func(path string)
	next := func() json.Token {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	walk = func(path string) {
		switch next() {
		case json.Delim('{'):
			for d.More() {
				key, _ := next().(string)
				p := strings.TrimPrefix(path+"."+key, ".")
				out = append(out, p)
				walk(p)
			}
			next()
		case json.Delim('['):
			for d.More() {
				walk(path + "[]")
			}
			next()
		}
	}
	walk("")
	return out
}
