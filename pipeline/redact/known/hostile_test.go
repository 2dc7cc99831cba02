package known_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// hostileTexts are made to cost much.
func hostileTexts(size int) map[string]string {
	nested := "abcdabcdabcd\""
	for range 60 {
		nested = strings.ReplaceAll(nested, `"`, `%22`)
		nested = strings.ReplaceAll(nested, `%`, `%25`)
	}
	inner := "abcd\\u0061bcd%20abcd\n"
	for len(inner) < size/2 {
		inner = base64.StdEncoding.EncodeToString([]byte(inner))
	}
	deep := `abcd"`
	for len(deep) < size/3 {
		deep = jsonString(deep, true) + jsonString(deep, false)
	}
	r := rand.New(rand.NewPCG(3, 4))
	letters := func(alphabet string) string {
		out := make([]byte, size)
		for i := range out {
			out[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(out)
	}
	fill := func(s string) string { return strings.Repeat(s, max(1, size/len(s)))[:size/len(s)*len(s)] }
	return map[string]string{
		"backslashes": fill(`\`), "percent": fill("%"), "escaped percent": "%" + fill("25"), "unicode": `\` + fill("u005c"),
		"quotes": fill(`\\\"`), "breaks": fill("a\n"), "value": fill("abcd"), "base64": fill("YWJj"), "hex": fill("6162"),
		"nested percent": fill(nested), "mixed": fill(`%5Cu0025\n+ `), "base64 of base64": fill("V1ZkS2FtTm1Wakk="),
		"base64 of base64 of": inner, "JSON in JSON": deep,
		"backslashes and percent": fill(`\%`), "continued": fill("ab\\\n"), "cut escapes": fill("\\u00\n61%2\n5\\\\"),
		"digits": fill("25"), "spaces": fill("a b\n"), "foreign base64": base64.StdEncoding.EncodeToString([]byte(fill("äbc"))),
		"foreign hex": fmt.Sprintf("%x", fill("äbc")[:size/2]), "broken base64": columns(fill("WVdKallXSmo"), 12, "\n"),
		"random escapes": letters(`\\\u0025c%2541ab` + "\n"), "random base64": letters("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"),
		"random signs": letters("\\%\n\r +u05c2d"), "random hex": letters("0123456789abcdef"),
		"percent of base64": fill("%" + "59%57%4A%6A" + "YWJj"), "pieces": fill("pass\\nword 1\\\\\n"),
		"base64 of escapes": base64.StdEncoding.EncodeToString([]byte(fill(`\u005c%25`))),
		"base64 of breaks":  columns(base64.StdEncoding.EncodeToString([]byte(fill("\\\\n%0a\n"))), 64, "\\n\n"),
		"letters":           fill(`\n\t\r`), "hex of hex": fmt.Sprintf("%x", fmt.Sprintf("%x", fill("abcd")[:size/4])),
		"bytes": fill("97 98 99 100 "), "bytes in hex": fill("61:62:63:64:"), "bytes in Go": fill("0x61, 0x62, 0x63, 0x64, "),
		"value in pieces": fill("abcdabcdabc"), "joined": fill("abcdabcdabcdabcdabcdabcd" + "[redacted"),
	}
}

// hostileSets are values that make it worse.
func hostileSets(tb testing.TB) map[string]*known.Set {
	tb.Helper()
	alike := make([]known.Value, 0, 2_000)
	for i := range 1_000 {
		alike = append(alike,
			known.Value{Name: fmt.Sprintf("a%d", i), Text: strings.Repeat("a", 6+i%60) + fmt.Sprint(i)},
			known.Value{Name: fmt.Sprintf("b%d", i), Text: strings.Repeat("abcd", 3+i%200)})
	}
	odd := compile(tb, known.Options{MinLength: 4}, "a", `\\\\\\`, "b", "%%%%%%", "c", "abcdabcdabcd", "d", "25252525", "e", "pass\nword 1", "f", "u005cu005c", "g", "\\u00e4%25bc", "h", "ä%c3%a4\\b")
	many, _ := known.Compile(secretValues(1_000), known.Options{})
	same, _ := known.Compile(alike, known.Options{})
	return map[string]*known.Set{"odd": odd, "many": many, "alike": same}
}

// realTexts are nested as programs nest them. All of them must pass.
func realTexts(tb testing.TB) map[string]string {
	tb.Helper()
	r := rand.New(rand.NewPCG(5, 5))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	lines := strings.Join(auditLines(tb), "\n")
	applied := lines[:60_000]
	for range 3 {
		b, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{"last-applied": applied}}})
		if err != nil {
			tb.Fatal(err)
		}
		applied = string(b)
	}
	var pems strings.Builder
	for pems.Len() < 1<<20 {
		pems.WriteString("-----BEGIN CERTIFICATE-----\n" + columns(base64.StdEncoding.EncodeToString(random(1_100)), 64, "\n") + "\n-----END CERTIFICATE-----\n")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(lines))
	_, _ = z.Write([]byte(base64.StdEncoding.EncodeToString(random(700_000))))
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	twice := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(packed.Bytes())))
	text := func(n int) string { return strings.Repeat(lines, 1+n/len(lines))[:n] }
	quoted, err := json.Marshal(text(500_000))
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]string{
		"last-applied": applied, "certificates": pems.String(), "certificates in JSON": jsonString(pems.String(), true),
		"base64 of bytes": base64.StdEncoding.EncodeToString(random(780_000)), "base64 of text": base64.StdEncoding.EncodeToString([]byte(text(780_000))),
		"base64 of certificates": base64.StdEncoding.EncodeToString([]byte(pems.String())), "Helm release": twice[:min(len(twice), 1<<20)],
		"lines": text(1 << 20), "quoted lines": string(quoted), "hex": fmt.Sprintf("%x", random(500_000)),
		"base64 of base64 of text": base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(text(580_000))))),
		"base64 in lines":          columns(base64.StdEncoding.EncodeToString([]byte(text(700_000))), 76, "\n    "),
	}
}

// TestNestedTextsPass reads large texts as programs write them. None may be
// withheld for the work that it takes.
func TestNestedTextsPass(t *testing.T) {
	set := hostileSets(t)["many"]
	foreign := compile(t, known.Options{}, "a", "pässwörd-12", "b", "correct horse battery", "c", `s3cr"t/Word<`)
	for name, text := range realTexts(t) {
		if out, ok := set.Replace(text, nil); !ok || out != text {
			t.Errorf("%s: %d bytes become %d, %v", name, len(text), len(out), ok)
		}
		if out, ok := foreign.Replace(text, nil); !ok || out != text {
			t.Errorf("%s: %d bytes become %d, %v with values beyond ASCII", name, len(text), len(out), ok)
		}
	}
}

// TestWorkIsBounded reads texts made to cost much. On an idle machine none of
// them takes a twentieth of the time that fails the test.
func TestWorkIsBounded(t *testing.T) {
	const size, most = 1 << 19, 3 * time.Second
	set := hostileSets(t)["odd"]
	for name, text := range hostileTexts(size) {
		start := time.Now()
		out, ok := set.Replace(text, nil)
		if d := time.Since(start); d > most {
			t.Errorf("%s: %v", name, d)
		}
		if ok && set.Contains(out) {
			t.Errorf("%s: something is left", name)
		}
	}
	if _, ok := set.Replace(strings.Repeat("x", 5<<20), nil); ok {
		t.Error("a text that is too long passed")
	}
}

// BenchmarkHostile tells the most that a text can cost.
func BenchmarkHostile(b *testing.B) {
	for of, set := range hostileSets(b) {
		for name, text := range hostileTexts(1 << 20) {
			b.Run(of+"/"+strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					set.Replace(text, nil)
				}
			})
		}
	}
}

// TestSpareWorkIsShared reads many short texts, each of which takes more than
// its length entitles it to.
func TestSpareWorkIsShared(t *testing.T) {
	set := hostileSets(t)["odd"]
	text := hostileTexts(1 << 10)["random escapes"]
	spare := known.SpareWork
	for range 10_000 {
		before := spare
		if _, ok := set.ReplaceWithin(&spare, text, nil); !ok {
			if before > known.SpareWork/4 {
				t.Errorf("%d of %d are left", before, known.SpareWork)
			}
			return
		}
	}
	t.Error("the spare work is never used up")
}

// TestShortTextInLongRuns plants escaped values in base64 that holds more than
// text in ASCII.
func TestShortTextInLongRuns(t *testing.T) {
	set := compile(t, known.Options{}, "pw", `pa"ss\word`)
	escaped := jsonString(`pa"ss\word`, true)
	for name, text := range map[string]string{
		"words": strings.Repeat("Lorem ipsum ", 20) + escaped + strings.Repeat(" dolor sit amet", 20),
		"other": strings.Repeat("密码是秘密", 20) + escaped + strings.Repeat("密码是秘密", 20),
		"bytes": strings.Repeat("\x00\xff\x81\x02\xfe", 40) + " p=" + escaped + ";" + strings.Repeat("\x00\xff\x81\x02\xfe", 40),
	} {
		for align := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte("---"[:align] + text))
			if out, ok := set.Replace("{"+encoded+"}", nil); !ok || !strings.Contains(out, "[redacted:pw]") {
				t.Errorf("%s at %d: nothing was found", name, align)
			}
			hex := fmt.Sprintf("%x", text)
			if out, ok := set.Replace(hex, nil); !ok || !strings.Contains(out, "[redacted:pw]") {
				t.Errorf("%s in hex: nothing was found", name)
			}
		}
	}
}
