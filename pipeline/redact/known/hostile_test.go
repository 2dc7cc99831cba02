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
