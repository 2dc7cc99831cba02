package plant

import (
	"html"
	"regexp"
	"strconv"
	"strings"
)

var (
	decimals = regexp.MustCompile(`\d{1,3}(?:(?:, ?| )\d{1,3}){5,}`)
	hexes    = regexp.MustCompile(`(?:0x)?[0-9a-fA-F]{2}(?:(?:, ?|[ :])(?:0x[0-9a-fA-F]{1,2}|[0-9a-fA-F]{2})){5,}`)
	braces   = regexp.MustCompile(`\\u\{[0-9a-fA-F]{1,6}\}`)
)

// unlisted reads each list of bytes.
func unlisted(s string) []string {
	var out []string
	for _, run := range runs(s, len("1 2 3 4 5 6"), isListed) {
		if !strings.ContainsAny(run, " ,:") {
			continue
		}
		for base, lists := range map[int]*regexp.Regexp{10: decimals, 16: hexes} {
			for _, list := range lists.FindAllString(run, -1) {
				out = append(out, numbers(list, base))
			}
		}
	}
	return out
}

func isListed(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		return true
	default:
		return c == ' ' || c == ',' || c == ':' || c == 'x'
	}
}

func numbers(list string, base int) string {
	var b []byte
	for _, number := range strings.FieldsFunc(list, func(c rune) bool { return c == ' ' || c == ',' || c == ':' }) {
		if n, err := strconv.ParseUint(strings.TrimPrefix(number, "0x"), base, 8); err == nil {
			b = append(b, byte(n))
		}
	}
	return string(b)
}

// unmarked undoes entities, and signs that are quoted in others.
func unmarked(s string) []string {
	var out []string
	add := func(d string) {
		if d != s {
			out = append(out, d)
		}
	}
	add(html.UnescapeString(s))
	for _, quoted := range []string{"''", `'\''`, `'"'"'`} {
		add(strings.ReplaceAll(s, quoted, "'"))
	}
	switch {
	case !strings.Contains(s, `""`):
	case strings.Contains(s, `"":`): // JSON in CSV.
		add(strings.ReplaceAll(s, `""`, `"`))
	default:
		add(undoubled(s))
	}
	if strings.Contains(s, `\u{`) {
		add(braces.ReplaceAllStringFunc(s, unbraced))
	}
	return out
}

// undoubled makes one quotation mark of two, unless they are an empty string.
func undoubled(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '"' && i > 0 && i+1 < len(s) && s[i+1] == '"' && strings.IndexByte(":,[{=( ", s[i-1]) < 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unbraced(e string) string {
	n, err := strconv.ParseUint(e[len(`\u{`):len(e)-1], 16, 32)
	if err != nil {
		return e
	}
	return string(rune(n))
}
