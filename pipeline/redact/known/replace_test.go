package known_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

func compile(tb testing.TB, o known.Options, nameText ...string) *known.Set {
	tb.Helper()
	var values []known.Value
	for i := 0; i < len(nameText); i += 2 {
		values = append(values, known.Value{Name: nameText[i], Text: nameText[i+1]})
	}
	set, skipped := known.Compile(values, o)
	if len(skipped) > 0 {
		tb.Fatal(skipped)
	}
	return set
}

// b64 is base64 of s behind n other bytes.
func b64(n int, s string) string {
	return base64.StdEncoding.EncodeToString([]byte("~~~~~~"[:n] + s + "~~"))
}

func TestReplace(t *testing.T) {
	pem := "-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\nggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END X-----\n"
	body := strings.TrimSpace(pem)
	set := compile(t, known.Options{},
		"pw", `s3cr"t/Wörd<`,
		"long", "abcdefghijkl",
		"part", "efghij",
		"pem", pem,
		"blank", "correct horse battery",
		"yaml", "efghijklmnop",
		"binary", "\xff\xfe\x00abcdef\x80\x81",
	)
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "an ordinary text, 100% of it\nC:\\new", "an ordinary text, 100% of it\nC:\\new"},
		{"raw", `x s3cr"t/Wörd< y`, "x [redacted:pw] y"},
		{"twice", "abcdefghijklabcdefghijkl", "[redacted:long][redacted:long]"},
		{"json", `{"a":"s3cr\"t/Wörd\u003c"}`, `{"a":"[redacted:pw]"}`},
		{"json twice", `{\"a\":\"s3cr\\\"t/Wörd\\u003c\"}`, `{\"a\":\"[redacted:pw]\"}`},
		{"json three times", `\\\"s3cr\\\\\\\"t/Wörd\\\\u003c\\\"`, `\\\"[redacted:pw]\\\"`},
		{"json slash", `"s3cr\"t\/W\u00f6rd<"`, `"[redacted:pw]"`},
		{"json upper", `"s3cr\u0022t\u002FW\u00F6rd\u003C"`, `"[redacted:pw]"`},
		{"bytes", `s3cr\x22t/W\xc3\xb6rd<`, "[redacted:pw]"},
		{"latin", `s3cr\x22t/W\xf6rd<`, "[redacted:pw]"},
		{"percent", "?p=s3cr%22t%2FW%C3%B6rd%3C&x", "?p=[redacted:pw]&x"},
		{"percent lower", "?p=s3cr%22t%2fW%c3%b6rd%3c&x", "?p=[redacted:pw]&x"},
		{"percent twice", "?p=s3cr%2522t%252FW%25C3%25B6rd%253C&x", "?p=[redacted:pw]&x"},
		{"over-encoded", "%61%62%63%64%65%66%67%68%69%6a%6b%6c", "[redacted:long]"},
		{"form", "a=correct+horse+battery", "a=[redacted:blank]"},
		{"hex", "0x" + hex.EncodeToString([]byte("abcdefghijkl")) + "00", "0x[redacted:long]00"},
		{"hex upper", "0x" + strings.ToUpper(hex.EncodeToString([]byte("abcdefghijkl"))), "0x[redacted:long]"},
		{"base64 0", b64(3, "abcdefghijkl"), b64(3, "")[:4] + "[redacted:long]" + "fn4="},
		{"base64 1", b64(1, "abcdefghijkl"), "f[redacted:long]5+"},
		{"base64 2", b64(2, "abcdefghijkl"), "fn[redacted:long]+fg=="},
		{"base64 twice", base64.StdEncoding.EncodeToString([]byte(b64(1, "abcdefghijkl"))), "Z[redacted:long]NSs="},
		{"split", "abcdef\n    ghijkl", "[redacted:long]"},
		{"continued", "abcdef\\\r\n\tghijkl", "[redacted:long]"},
		{"break written", `"abcdef\n  ghijkl"`, `"[redacted:long]"`},
		{"break written twice", `\"abcdef\\n  ghijkl\"`, `\"[redacted:long]\"`},
		{"not split", "abcdef ghijkl", "abcdef ghijkl"},
		{"nested", "x efghij x abcdefghijkl", "x [redacted:part] x [redacted:long]"},
		{"overlap", "abcdefghijklmnop", "[redacted:long]"},
		{"pem", "k: " + body + "\n", "k: [redacted:pem]\n"},
		{"pem indented", "k: |\n  " + strings.ReplaceAll(body, "\n", "\r\n  "), "k: |\n  [redacted:pem]"},
		{"pem in json", `"` + strings.ReplaceAll(body, "\n", `\n`) + `\n"`, `"[redacted:pem]\n"`},
		{"pem in a line", strings.ReplaceAll(body, "\n", " "), "[redacted:pem]"},
		{"folded", "correct horse\n  battery", "[redacted:blank]"},
		{"binary", "a\xff\xfe\x00abcdef\x80\x81b", "a[redacted:binary]b"},
		{"binary base64", b64(0, "\xff\xfe\x00abcdef\x80\x81"), "[redacted:binary]+fg=="},
		{"escape before", `C:\abcdefghijkl`, `C:[redacted:long]`},
		{"escape in JSON before", `C:\\abcdefghijkl`, `C:[redacted:long]`},
		{"percent before", "%4abcdefghijkl", "[redacted:long]"},
		{"marks", "[redacted] [withheld] [redacted:x] hmac-sha256:00112233445566778899aabbccddeeff", "[redacted] [withheld] [redacted:x] hmac-sha256:00112233445566778899aabbccddeeff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var names []string
			out, ok := set.Replace(c.text, func(name string) { names = append(names, name) })
			if !ok || out != c.want {
				t.Errorf("%q becomes %q (%v), want %q", c.text, out, ok, c.want)
			}
			if got := strings.Count(out, "[redacted:") - strings.Count(c.text, "[redacted:"); len(names) != got {
				t.Errorf("%d hits told, %d marks", len(names), got)
			}
			if changed := out != c.text; set.Contains(c.text) != changed {
				t.Errorf("Contains is %v", !changed)
			}
			if again, ok := set.Replace(out, nil); !ok || again != out {
				t.Errorf("again: %q", again)
			}
		})
	}
}

func TestJoinedByReplacement(t *testing.T) {
	set := compile(t, known.Options{}, "a", "inner-value", "b", "]tail-value")
	out, ok := set.Replace("inner-valuetail-value", nil)
	if !ok || set.Contains(out) || strings.Contains(out, "tail-value") {
		t.Errorf("%q %v", out, ok)
	}
}

func TestLongValues(t *testing.T) {
	var key strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&key, "%x%c", i*7919, "ghijkl\n"[i%7])
	}
	long := key.String()[:300_000]
	set := compile(t, known.Options{}, "long", long, "alike", strings.Repeat("a", 5_000), "period", strings.Repeat("xyz-", 1_000))
	for name, text := range map[string]string{
		"raw":    "<" + long + ">",
		"json":   `<` + strings.ReplaceAll(long, "\n", `\n`) + ">",
		"base64": "<" + b64(1, long) + ">",
		"twice":  "<" + b64(2, b64(1, long)) + ">",
		"hex":    "<" + hex.EncodeToString([]byte(long)) + ">",
		"lines":  "<" + columns(b64(0, long), 76, "\n  ") + ">",
		"alike":  "<" + strings.Repeat("a", 20_000) + ">",
		"period": "<" + strings.Repeat("xyz-", 5_000) + ">",
	} {
		out, ok := set.Replace(text, nil)
		if !ok || len(out) > 40 || !strings.HasPrefix(out, "<") || !strings.HasSuffix(out, ">") {
			t.Errorf("%s: %d bytes left, %v: %.60q", name, len(out), ok, out)
		}
	}
	// What is common to many keys is not one.
	if part := long[:len(long)-100]; set.Contains(part) {
		t.Error("a part is taken for the whole")
	}
	big, _ := known.Compile([]known.Value{{Name: "big", Text: strings.Repeat(long, 5)}}, known.Options{})
	if out, ok := big.Replace("<"+strings.Repeat(long, 5)+">", nil); !ok || !strings.HasPrefix(out, "<[redacted:big]") {
		t.Errorf("%v %.60q", ok, out)
	}
}

func TestOrdinaryTextsStay(t *testing.T) {
	set, _ := known.Compile(secretValues(1_000), known.Options{})
	texts := auditLines(t)
	for _, text := range append(texts, leaves(t, texts)...) {
		if out, ok := set.Replace(text, nil); !ok || out != text {
			t.Fatalf("changed: %.200q", out)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	set := compile(t, known.Options{}, "a", "abcdefghijkl", "b", "correct horse battery")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 200 {
				text := strings.Repeat("x", i) + `abc\u0064efgh\n  ijkl %41`
				if out, ok := set.Replace(text, nil); !ok || !strings.HasSuffix(out, "[redacted:a] %41") {
					t.Errorf("%q becomes %q", text, out)
				}
			}
		})
	}
	all.Wait()
}

func TestNoAllocation(t *testing.T) {
	set, _ := known.Compile(secretValues(1_000), known.Options{})
	if n := testing.AllocsPerRun(100, func() { set.Replace("kube-controller-manager/v1.36.0 (linux/amd64)", nil) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNilSet(t *testing.T) {
	var set *known.Set
	if out, ok := set.Replace("a text", nil); out != "a text" || !ok || set.Contains("a text") || set.Len() != 0 || set.Bytes() != 0 {
		t.Error("nothing is expected of a nil Set")
	}
}

func FuzzReplace(f *testing.F) {
	f.Add(`s3cr"t/Wörd<`, `{"a":"s3cr\"t/Wörd\u003c"}`)
	f.Add("abcdefghijkl", "abcdef\\\n  ghijkl")
	f.Add("correct horse", "a=correct+horse%0A")
	f.Add(`\\n%41xyz`, `%5C%5Cn%2541xyz`)
	f.Add("]value", "[redacted:a]value")
	f.Add("\xff\xfeab\x00c", `\xff\xfeab\0c`)
	f.Fuzz(func(t *testing.T, value, text string) {
		if len(value) > 1<<10 || len(text) > 1<<12 {
			return
		}
		set, _ := known.Compile([]known.Value{{Name: "a", Text: value}}, known.Options{MinLength: 4})
		if set.Len() == 0 {
			return
		}
		trimmed := strings.Trim(value, " \t\r\n")
		for _, s := range []string{text, text + trimmed, text + jsonString(trimmed, true) + text} {
			out, ok := set.Replace(s, nil)
			if !ok {
				continue
			}
			if strings.Contains(out, trimmed) {
				t.Errorf("%q is left in %q", trimmed, out)
			}
			if again, ok := set.Replace(out, nil); !ok || again != out {
				t.Errorf("%q becomes %q, and then %q", s, out, again)
			}
			if utf8.ValidString(s) && !utf8.ValidString(out) {
				t.Errorf("%q becomes %q, which is invalid", s, out)
			}
		}
	})
}
