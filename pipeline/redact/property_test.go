package redact

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fluent-live/live-status/pipeline/event"
)

// hasMark reports whether s has what stands for something that was taken out.
func hasMark(s string) bool {
	for i := range len(s) {
		if isMark(s[i:]) {
			return true
		}
	}
	return false
}

// differ compares what a document was with what it became, and returns what more
// than its strings differs. A mark may stand for anything.
func differ(before, after *tree, i, j int32) string {
	a, b := &before.nodes[i], &after.nodes[j]
	if a.key != b.key && !hasMark(b.key) {
		return "key " + a.key + " became " + b.key
	}
	switch {
	case b.kind == '"' && hasMark(b.text):
		return ""
	case a.kind != b.kind:
		return "a value of " + a.key + " became another kind"
	case a.kind == 0 && a.text != b.text:
		return "literal " + a.text + " became " + b.text
	case a.kind == '"' && a.text != b.text:
		return "string " + a.text + " became " + b.text
	case a.kind == 0 || a.kind == '"':
		return ""
	}
	k, end := before.kids(i)
	m, last := after.kids(j)
	for ; k < end && m < last; k, m = before.nodes[k].end, after.nodes[m].end {
		if d := differ(before, after, k, m); d != "" {
			return d
		}
	}
	if k != end || m != last {
		return "members of " + a.key + " came or went"
	}
	return ""
}

// examineTwice redacts a document, and what comes out of that.
func examineTwice(t *testing.T, r *Redactor, document string) {
	t.Helper()
	out, _ := r.Document(document, nil)
	if out == MarkWithheld {
		return
	}
	if !json.Valid([]byte(out)) {
		t.Fatalf("no JSON: %s\nof %s", out, document)
	}
	var before, after tree
	if reason := before.parse(document, 0, bodyLimits) + after.parse(out, 0, bodyLimits); reason != "" {
		t.Fatalf("%s: %s", reason, out)
	}
	if d := differ(&before, &after, 0, 0); d != "" {
		t.Fatalf("%s\nfrom %s\n  to %s", d, document, out)
	}
	if again, _ := r.Document(out, nil); again != out {
		t.Fatalf("of %s\n once %s\ntwice %s", document, out, again)
	}
}

// TestNothingButStringsChanges has what API servers wrote, and all goldens.
func TestNothingButStringsChanges(t *testing.T) {
	r := New(Options{Salt: testSalt, EnvNames: testEnvNames})
	f, err := os.Open("testdata/audit.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for lines := bufio.NewReader(z); ; n++ {
		line, err := lines.ReadString('\n')
		if line == "" || err != nil {
			break
		}
		examineTwice(t, r, line)
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || n < 100 || len(files) < 40 {
		t.Fatalf("%d lines, %d goldens: %v", n, len(files), err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examineTwice(t, r, string(ar.Files[1].Data))
		// The record itself is a text with lines.
		text, _ := r.Plain(string(ar.Files[0].Data), nil)
		if again, _ := r.Plain(text, nil); again != text {
			t.Errorf("%s\n once %s\ntwice %s", file, text, again)
		}
	}
}

// words are what documents are made of.
var words = []string{
	"kind", "Secret", "ConfigMap", "data", "stringData", "password", "token", "name", "value", "env", "args", "command", "path", "/data/a", "/spec/env/A_PWD",
	"op", "release", "H4sIAAAA", "secret", "apiKey", "auth", "dTpzM2NyM3Q=", "DB_PASSWD", "--password", "--password=x1y2", "mysql", "-pa1b2", "$(A)", "[redacted]",
	"[redacted:a]", "[withheld]", "hmac-sha256:00112233445566778899aabbccddeeff", "a: b\npassword: c1d2\n- x", "- name: A_PWD\n  value: x\n", "Authorization: Basic abcd",
	"Bearer eyJabc", "https://u:p1@h/", "abcdef.0123456789abcdee", "{\"kind\":\"Secret\"}", "\"quoted\"", "kubectl.kubernetes.io/last-applied-configuration",
	"kind: Secret\ndata:\n", "é\u2028\x00", "secretName", "message", "Invalid value: \"x\"", "client-key-data: abc", "sh -c 'mysql -pa1b2'", "\\", "'", "\"", "token=",
}

// document writes a document of words.
func document(r *rand.Rand, depth int) string {
	quoted := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			return `""`
		}
		return string(b)
	}
	word := func() string { return words[r.IntN(len(words))] }
	switch n := r.IntN(10); {
	case depth > 0 && n < 4:
		var members []string
		for range r.IntN(5) {
			members = append(members, quoted(word())+":"+document(r, depth-1))
		}
		return "{" + strings.Join(members, ",") + "}"
	case depth > 0 && n < 6:
		var elements []string
		for range r.IntN(4) {
			elements = append(elements, document(r, depth-1))
		}
		return "[" + strings.Join(elements, " , ") + "]"
	case depth > 0 && n < 7:
		return quoted(document(r, depth-1))
	case n < 9:
		s := word()
		for r.IntN(2) == 0 {
			s += []string{" ", "", "\n", ": ", "="}[r.IntN(5)] + word()
		}
		return quoted(s)
	default:
		return []string{"0", "-1.5e+30", "123456", "true", "null"}[r.IntN(5)]
	}
}

// FuzzNothingButStringsChanges makes documents of what the rules look for.
func FuzzNothingButStringsChanges(f *testing.F) {
	for i := range uint64(300) {
		f.Add(i, "")
	}
	f.Add(uint64(0), `{"kind":"Secret","data":{"a":null,"$patch":"replace"}}`)
	r := New(Options{Salt: testSalt, EnvNames: testEnvNames})
	f.Fuzz(func(t *testing.T, seed uint64, given string) {
		if given == "" {
			given = document(rand.New(rand.NewPCG(seed, 2)), 5)
		}
		if !json.Valid([]byte(given)) || len(given) > 1<<16 {
			t.Skip("no document")
		}
		examineTwice(t, r, given)
		uri := event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{RequestURI: "/x?" + given, Message: given}}
		once := r.Redact(uri)
		if twice := r.Redact(once.Fields()).Fields().Audit; twice.RequestURI != once.Fields().Audit.RequestURI || twice.Message != once.Fields().Audit.Message {
			t.Fatalf("of %s\n once %s\ntwice %s\nand once %s\ntwice %s", given, once.Fields().Audit.RequestURI, twice.RequestURI, once.Fields().Audit.Message, twice.Message)
		}
	})
}
