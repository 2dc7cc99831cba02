package redact

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

var testSalt = bytes.Repeat([]byte("salt"), 8)

// testEnvNames are some names of variables.
var testEnvNames = []string{"*PASSWORD*", "*PASSWD*", "*SECRET*", "*TOKEN*", "*_PWD", "*_DSN", "!*_FILE", "!*_NAME", "!*_TTL"}

// structuralOf is a layer by itself.
func structuralOf(salt []byte) *structural {
	trees := &sync.Pool{New: func() any { return new(tree) }}
	return newStructural(&Options{}, newHasher(salt), trees, newSearch(), newEnviron(testEnvNames))
}

// broken is a Redactor with a defect.
func broken() *Redactor {
	r := New(Options{Salt: testSalt})
	r.jobs.New = func() any { return &job{x: newSearch(), layers: []layer{brokenLayer{}}} }
	return r
}

func TestSaltKeysTheHash(t *testing.T) {
	const manifest = `{"kind":"Secret","stringData":{"a":"v","b":"v"}}`
	other := bytes.Repeat([]byte("tlas"), 8)
	seen := map[string]bool{}
	for _, salt := range [][]byte{testSalt, other} {
		out, reason := structuralOf(salt).redact(place{kind: placeAnnotation}, manifest)
		if reason != "" {
			t.Fatal(reason)
		}
		var parsed struct{ StringData map[string]string }
		if err := json.Unmarshal([]byte(out), &parsed); err != nil {
			t.Fatal(err)
		}
		for _, hash := range parsed.StringData {
			if seen[hash] || len(hash) != len(MarkHash)+32 {
				t.Errorf("hash %s of another key or salt, or of wrong length", hash)
			}
			seen[hash] = true
		}
	}
	// Without a salt anyone could test guesses.
	out, _ := structuralOf([]byte("short")).redact(place{kind: placeAnnotation}, manifest)
	if want := `{"kind":"Secret","stringData":{"a":"[redacted]","b":"[redacted]"}}`; out != want {
		t.Errorf("with a short salt: %s", out)
	}
}

func TestLimits(t *testing.T) {
	s := structuralOf(testSalt)
	big := strings.Repeat("x", maxSize)
	many := "[" + strings.Repeat("1,", maxNodes) + "1]"
	for _, c := range []struct {
		name       string
		annotation bool
		in, reason string
	}{
		{"large annotation", true, `{"a":"` + big + `"}`, ReasonTooLarge},
		{"many values", true, many, ReasonTooLarge},
		{"large text", false, "kind: Secret " + big, ReasonTooLarge},
		{"many values in text", false, "x " + many, ReasonTooLarge},
		{"large harmless text", false, big, ""},
		{"deep annotation", true, strings.Repeat("[", 65) + strings.Repeat("]", 65), ReasonTooDeep},
		{"deepest annotation", true, strings.Repeat("[", 64) + strings.Repeat("]", 64), ""},
		{"brackets in text", false, "see " + strings.Repeat("[", 65), ReasonTooDeep},
	} {
		at := place{}
		if c.annotation {
			at.kind = placeAnnotation
		}
		out, reason := s.redact(at, c.in)
		if reason != c.reason || (reason != "") != (out == MarkWithheld) || (reason == "" && out != c.in) {
			t.Errorf("%s: reason %q, %d bytes", c.name, reason, len(out))
		}
	}
}

// TestHostileTextTakesBoundedTime has texts that are costly to naive searches.
func TestHostileTextTakesBoundedTime(t *testing.T) {
	s := structuralOf(testSalt)
	for _, unit := range []string{
		"://", "://a:b", `:\/\/`, "{", `{"`, `["`, `[",`, `[1,`, `{"a":[`, `{"a":{"data":`, "token\"", `"token":"`, "authorization:",
		"authorization: x\n", "kind:", "\\", `\"`, `\u0064`, "bearer ", "bearer a1", "path:/data value:", "password \"\n", `[""],`, `"{`,
		"stringdat", "apiversion data ", "[" + strings.Repeat(" ", 100), `[[[[[[[[[[[[[[[1,`,
		"invalid value:", `invalid value:\\\`, `value: "`, "not found: ", "map[string]", "map[", "...|", "secret ", `secret \\\`, `":`, `"\\n`, `":"",`,
		"&token=", "a=b;", "%26", "%2525", "token==", "#=?", "&[1,",
	} {
		text := strings.Repeat(unit, maxSize/8/len(unit))
		for _, v := range []string{text, `"` + text, `["` + text, "[" + text} {
			start := time.Now()
			s.redact(place{}, v)
			s.redact(place{kind: placeAnnotation}, v)
			s.redact(place{about: &event.ObjectRef{Resource: "secrets"}}, v)
			s.redact(place{kind: placeURI}, "/x?"+v)
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("%.20q: %v", v, d)
			}
		}
	}
}

// TestManyValuesOfOnePatch has paths and values whose product is large.
func TestManyValuesOfOnePatch(t *testing.T) {
	s := structuralOf(testSalt)
	for name, c := range map[string]struct{ path, value, reason string }{
		"longest":       {"/data" + strings.Repeat("/", maxSegments-2), MarkHash, ""},
		"many segments": {"/data" + strings.Repeat("/", maxSegments-1), MarkWithheld, ReasonTooLarge},
		"long segment":  {"/data/" + strings.Repeat("x", maxPath), MarkWithheld, ReasonTooLarge},
	} {
		in := `{"path":"` + c.path + `"` + strings.Repeat(`,"value":1`, 3) + `}`
		out, reason := s.redact(place{kind: placeAnnotation}, in)
		if reason != c.reason || strings.Count(out, c.value) != 3 {
			t.Errorf("%s: %.300s, reason %q", name, out, reason)
		}
	}
}

// TestDataCountsBeforeOtherTargets has paths that hide data behind others.
func TestDataCountsBeforeOtherTargets(t *testing.T) {
	s := structuralOf(testSalt)
	for _, path := range []string{
		`"path":"/accessToken","path":"/data"`,
		`"path":"/data","path":"/accessToken"`,
		`"path":"/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration","path":"/data"`,
		`"path":"/accessToken/data"`,
	} {
		if out, _ := s.redact(place{}, `{`+path+`,"value":{"a":"c2Vj"}}`); strings.Contains(out, "c2Vj") {
			t.Errorf("%s: %s", path, out)
		}
	}
}

// TestHostileMebibyte is a guard against work that grows with the square of
// the input, which would take minutes.
func TestHostileMebibyte(t *testing.T) {
	s := structuralOf(testSalt)
	half := maxSize / 2
	quotes := strings.Repeat(`"`, maxSize/3)
	values := strings.Repeat(`,"value":1`, 40_000) + "}"
	for name, v := range map[string]string{
		"segments":  `{"path":"` + strings.Repeat("/", half) + `"` + values,
		"long path": `{"path":"/data/` + strings.Repeat("x", half) + `"` + values,
		"paths":     `{` + strings.Repeat(`"path":"/data",`, 20_000) + `"x":1` + values,
		"quotes":    `x "token":` + quotes + "x" + quotes[1:] + "x" + quotes[1:],
		"URLs":      strings.Repeat("://a:b", half/3) + "@",
		"names":     `{` + strings.Repeat(`"name":"x",`, 20_000) + `"x":1` + values,
	} {
		start := time.Now()
		s.redact(place{}, v)
		s.redact(place{kind: placeAnnotation}, v)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// TestHostileBody is the same guard for bodies, which may be larger.
func TestHostileBody(t *testing.T) {
	s := structuralOf(testSalt)
	quoted := `{"kind":"ConfigMap","data":{"a":1},"stringData":{"b":2}}`
	for len(quoted) < maxSize/4 {
		b, err := json.Marshal(map[string]any{"message": "x " + quoted, "n": json.RawMessage(quoted)})
		if err != nil {
			t.Fatal(err)
		}
		quoted = string(b)
	}
	for name, v := range map[string]string{
		"values":     `{"data":{` + strings.Repeat(`"a":"Yg==",`, maxBodyNodes-10) + `"b":1}}`,
		"escapes":    `{"data":["` + strings.Repeat(`\u00e9`, maxBodySize/8) + `"]}`,
		"keys":       `{` + strings.Repeat(`"\u006bind":"x",`, maxBodyNodes-10) + `"b":1}`,
		"operations": `[` + strings.Repeat(`{"path":"/data/a/b/c/d","value":1},`, maxBodyNodes/4) + `1]`,
		"texts":      `["` + strings.Repeat(`{`, maxSize-10) + `","` + strings.Repeat(`[1,`, maxSize/3-10) + `"]`,
		"URLs":       `["` + strings.Repeat(`://a:b`, maxSize/6-10) + `@"]`,
		"quoted":     quoted,
		"lists":      strings.Repeat(`[`, MaxBodyDepth) + strings.Repeat(`1,`, maxBodyNodes-100) + `1` + strings.Repeat(`]`, MaxBodyDepth),
	} {
		start := time.Now()
		s.redact(place{kind: placeBody}, v)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s of %d bytes: %v", name, len(v), d)
		} else {
			t.Logf("%s of %d bytes: %v", name, len(v), d)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, ` [1, -0.5e+3 ,"a\u00e9\ud83d\ude00\n"] `, `{"a":{"b":[null,true,false]},"a":1}`, `01`, `1.`, `-`, `"\x"`, `"\ud800"`,
		"\"\x01\"", `{"a" 1}`, `[1,]`, `{,}`, "\ufeff{}", "\"\xff\"", `tru`, `[1 2]`, `{"a":1,}`, `"`, `1e`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var n tree
		reason := n.parse(s, 0, textLimits)
		valid := json.Valid([]byte(s))
		if reason == ReasonTooDeep || reason == ReasonTooLarge {
			t.Skip("beyond the limits")
		}
		if (reason == "") != valid {
			t.Fatalf("%q: reason %q, but valid is %v", s, reason, valid)
		}
		dry := parser{s: s, maxNodes: maxNodes, maxDepth: MaxDepth}
		if why := dry.value("", 0); valid && why != "" {
			t.Fatalf("%q: the check says %q", s, why)
		}
		if !valid {
			return
		}
		out := n.appendJSON(nil, 0)
		var a, b any
		for v, doc := range map[*any]string{&a: s, &b: string(out)} {
			d := json.NewDecoder(strings.NewReader(doc))
			d.UseNumber()
			if err := d.Decode(v); err != nil {
				t.Fatalf("%q: %v", doc, err)
			}
		}
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		// Runs of invalid bytes may shrink to one replacement character.
		if squeeze(string(again)) != squeeze(string(want)) {
			t.Fatalf("%q is written as %q", s, out)
		}
	})
}

func squeeze(s string) string {
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}
