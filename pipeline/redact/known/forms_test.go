package known_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// writer is a way in which programs write a string down.
type writer struct {
	name  string
	write func(r *rand.Rand, s string) string
}

// writers are all forms that are to be found. They are written with the
// packages that programs use, and nothing of the package under test.
var writers = []writer{
	{"raw", func(_ *rand.Rand, s string) string { return s }},
	{"json", func(_ *rand.Rand, s string) string { return jsonString(s, true) }},
	{"json-plain", func(_ *rand.Rand, s string) string { return jsonString(s, false) }},
	{"json-ascii", func(r *rand.Rand, s string) string { return escapeRunes(s, r.IntN(2) == 0, false) }},
	{"json-all", func(r *rand.Rand, s string) string { return escapeRunes(s, r.IntN(2) == 0, true) }},
	{"json-slash", func(_ *rand.Rand, s string) string {
		return strings.ReplaceAll(jsonString(s, false), "/", `\/`)
	}},
	{"go-bytes", func(_ *rand.Rand, s string) string { return eachByte(s, `\x%02x`) }},
	{"octal", func(_ *rand.Rand, s string) string { return eachByte(s, `\%03o`) }},
	{"path", func(_ *rand.Rand, s string) string { return url.PathEscape(s) }},
	{"query", func(_ *rand.Rand, s string) string { return url.QueryEscape(s) }},
	{"percent-upper", func(_ *rand.Rand, s string) string { return eachByte(s, "%%%02X") }},
	{"percent-lower", func(_ *rand.Rand, s string) string { return eachByte(s, "%%%02x") }},
	{"hex", func(r *rand.Rand, s string) string { return hex.EncodeToString([]byte(around(r, s))) }},
	{"hex-upper", func(_ *rand.Rand, s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }},
	{"base64", func(r *rand.Rand, s string) string { return base64.StdEncoding.EncodeToString([]byte(around(r, s))) }},
	{"base64-raw", func(r *rand.Rand, s string) string {
		return base64.RawStdEncoding.EncodeToString([]byte(around(r, s)))
	}},
	{"base64-url", func(r *rand.Rand, s string) string { return base64.URLEncoding.EncodeToString([]byte(around(r, s))) }},
	{"base64-64", func(_ *rand.Rand, s string) string {
		return columns(base64.StdEncoding.EncodeToString([]byte(s)), 64, "\n")
	}},
	{"base64-76", func(_ *rand.Rand, s string) string {
		return columns(base64.StdEncoding.EncodeToString([]byte(s)), 76, "\r\n    ")
	}},
	{"lines", func(r *rand.Rand, s string) string { return columns(s, 3+r.IntN(20), "\n\t  ") }},
	{"continued", func(r *rand.Rand, s string) string { return columns(s, 3+r.IntN(20), "\\\n    ") }},
}

// innermost are forms that are to be found within the others unless those
// break them into lines, but not around them.
var innermost = []writer{
	{"bytes", func(_ *rand.Rand, s string) string { return fmt.Sprintf("%v", []byte(s)) }},
	{"bytes-json", func(_ *rand.Rand, s string) string { return listed(s, "%d", ",") }},
	{"bytes-comma", func(_ *rand.Rand, s string) string { return listed(s, "%d", ", ") }},
	{"hex-colon", func(_ *rand.Rand, s string) string { return listed(s, "%02x", ":") }},
	{"hex-colon-upper", func(_ *rand.Rand, s string) string { return listed(s, "%02X", ":") }},
	{"hex-space", func(_ *rand.Rand, s string) string { return fmt.Sprintf("% x", s) }},
	{"hex-space-upper", func(_ *rand.Rand, s string) string { return fmt.Sprintf("% X", s) }},
	{"hex-go", func(_ *rand.Rand, s string) string { return fmt.Sprintf("%#v", []byte(s)) }},
	{"hex-go-upper", func(_ *rand.Rand, s string) string { return listed(s, "0x%02X", ", ") }},
	{"yaml", func(_ *rand.Rand, s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }},
	{"shell", func(_ *rand.Rand, s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }},
	{"shell-double", func(_ *rand.Rand, s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }},
	{"csv", func(_ *rand.Rand, s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }},
	{"html", func(_ *rand.Rand, s string) string { return html.EscapeString(s) }},
	{"html-names", func(_ *rand.Rand, s string) string {
		return strings.ReplaceAll(html.EscapeString(s), "&#34;", "&quot;")
	}},
	{"html-xml", func(_ *rand.Rand, s string) string {
		return strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(html.EscapeString(s))
	}},
	{"html-python", func(_ *rand.Rand, s string) string {
		return strings.NewReplacer("&#34;", "&quot;", "&#39;", "&#x27;").Replace(html.EscapeString(s))
	}},
	{"html-text", func(_ *rand.Rand, s string) string {
		return strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(html.EscapeString(s))
	}},
	{"braces", func(_ *rand.Rand, s string) string {
		var out strings.Builder
		for _, c := range s {
			fmt.Fprintf(&out, `\u{%x}`, c)
		}
		return out.String()
	}},
}

// listed writes the bytes of s one by one.
func listed(s, format, separator string) string {
	parts := make([]string, len(s))
	for i := range parts {
		parts[i] = fmt.Sprintf(format, s[i])
	}
	return strings.Join(parts, separator)
}

// around puts s at any alignment.
func around(r *rand.Rand, s string) string {
	const text = "user: jürgen, 42\n"
	return text[r.IntN(6):][:r.IntN(8)] + s + text[12:][:r.IntN(4)]
}

func jsonString(s string, html bool) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(html)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(out.String(), "\"\n")[1:]
}

func escapeRunes(s string, upper, all bool) string {
	format := `\u%04x`
	if upper {
		format = `\u%04X`
	}
	var out strings.Builder
	for _, r := range s {
		if !all && r < 0x80 && r >= ' ' && r != '"' && r != '\\' {
			out.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, format, u)
		}
	}
	return out.String()
}

func eachByte(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}

// columns breaks s between characters.
func columns(s string, width int, end string) string {
	var out strings.Builder
	n := 0
	for _, r := range s {
		if n == width {
			out.WriteString(end)
			n = 0
		}
		out.WriteRune(r)
		n++
	}
	return out.String()
}

// readings returns what a reader may make of text who knows all the forms,
// undone up to depth times.
func readings(text string, depth int, out map[string]bool) {
	if out[text] || len(out) > 4000 {
		return
	}
	out[text] = true
	if depth == 0 {
		return
	}
	for _, s := range []string{
		html.UnescapeString(text), strings.ReplaceAll(text, "''", "'"), unlisted(text),
		unquoted(text), withoutLines(text, "\n"), withoutLines(text, "\\\n"),
		unpercented(text, url.PathUnescape), unpercented(text, url.QueryUnescape),
	} {
		readings(s, depth-1, out)
	}
	for _, run := range strings.FieldsFunc(text, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", r)
	}) {
		for i := range min(4, len(run)) {
			s := strings.NewReplacer("-", "+", "_", "/").Replace(run[i:])
			if b, err := base64.RawStdEncoding.DecodeString(s[:len(s)-btoi(len(s)%4 == 1)]); err == nil && len(b) > 5 {
				readings(string(b), depth-1, out)
			}
			if b, err := hex.DecodeString(run[i : len(run)-(len(run)-i)%2]); err == nil && len(b) > 5 {
				readings(string(b), depth-1, out)
			}
		}
	}
}

// inList finds the bytes in a list.
var inList = regexp.MustCompile(`(?:0x)?\b[0-9a-fA-F]{1,3}(?:(?:, |[ ,:])(?:0x)?[0-9a-fA-F]{1,3}\b){3,}`)

// unlisted reads lists of bytes, in base 16 if a number in it is not in base 10.
func unlisted(s string) string {
	return inList.ReplaceAllStringFunc(s, func(list string) string {
		base := 10
		if strings.ContainsAny(list, ":xabcdefABCDEF") {
			base = 16
		}
		var out []byte
		for _, n := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" ,:", r) }) {
			c, err := strconv.ParseUint(strings.TrimPrefix(n, "0x"), base, 8)
			if err != nil {
				return list
			}
			out = append(out, byte(c))
		}
		return string(out)
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// unquoted undoes escapes as encoding/json does, and those of bytes.
func unquoted(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		n := 2
		var b []byte
		switch {
		case s[i+1] == 'x' && i+4 <= len(s):
			if c, err := hex.DecodeString(s[i+2 : i+4]); err == nil {
				b, n = c, 4
			}
		case i+4 <= len(s) && strings.Trim(s[i+1:i+4], "01234567") == "":
			b, n = []byte{(s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0')}, 4
		case s[i+1] == 'u':
			if n = 6; i+12 <= len(s) && s[i+6] == '\\' && s[i+7] == 'u' && strings.ContainsAny(s[i+2:i+3], "dD") {
				n = 12
			}
		}
		var text string
		switch {
		case b != nil:
			out = append(out, b...)
		case i+n <= len(s) && json.Unmarshal([]byte(`"`+s[i:i+n]+`"`), &text) == nil:
			out = append(out, text...)
		default:
			out, n = append(out, s[i]), 1
		}
		i += n - 1
	}
	return string(out)
}

// withoutLines joins lines that end in end.
func withoutLines(s, end string) string {
	parts := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), end)
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.TrimLeft(parts[i], " \t")
	}
	return strings.Join(parts, "")
}

// unpercented decodes what can be decoded.
func unpercented(s string, decode func(string) (string, error)) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		n := 1
		if s[i] == '%' && i+3 <= len(s) {
			n = 3
		}
		c, err := decode(s[i : i+n])
		if err != nil {
			c, n = s[i:i+1], 1
		}
		out.WriteString(c)
		i += n - 1
	}
	return out.String()
}
