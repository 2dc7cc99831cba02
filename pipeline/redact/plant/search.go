package plant

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

func utf16s(s string) []uint16 { return utf16.Encode([]rune(s)) }

// depth is how many notations within each other are undone.
const depth = 4

// Occurs tells in which notation a value occurs in a text, and "" where it does
// not. It decodes the text in every way, again and again, and looks for the
// value in what that yields: it does not know how redaction searches.
func Occurs(text, value string) string {
	bare := strings.TrimSpace(value)
	return occurs(text, bare, blank(bare), depth, map[string]bool{})
}

func occurs(text, value, blanked string, left int, seen map[string]bool) string {
	if len(text) < 4 || seen[text] {
		return ""
	}
	seen[text] = true
	if strings.Contains(text, value) {
		return "as it is"
	}
	if strings.Contains(blank(text), blanked) {
		return "over lines"
	}
	if left == 0 {
		return ""
	}
	for _, way := range []struct {
		name   string
		decode func(string) []string
	}{
		{"escaped", unescaped},
		{"percent-encoded", unpercent},
		{"hexadecimal", unhex},
		{"base64", unbase64},
		{"compressed", unzipped},
		{"listed", unlisted},
		{"marked up", unmarked},
	} {
		for _, decoded := range way.decode(text) {
			if at := occurs(decoded, value, blanked, left-1, seen); at != "" {
				return way.name + ", " + at
			}
		}
	}
	return ""
}

// blank leaves out white space, and what a shell continues a line with.
func blank(s string) string {
	s = strings.ReplaceAll(s, "\\\n", "")
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, s)
}

// unescaped undoes one level of backslashes.
func unescaped(s string) []string {
	if !strings.Contains(s, `\`) {
		return nil
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		switch c := s[i+1]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'u':
			if i+6 <= len(s) {
				if n, err := strconv.ParseUint(s[i+2:i+6], 16, 32); err == nil {
					i += 6
					r := rune(n)
					if utf16.IsSurrogate(r) && i+6 <= len(s) && s[i:i+2] == `\u` {
						if low, err := strconv.ParseUint(s[i+2:i+6], 16, 32); err == nil {
							r = utf16.DecodeRune(r, rune(low))
							i += 6
						}
					}
					b.WriteRune(r)
					continue
				}
			}
			b.WriteString(`\u`)
		case '\n':
		default:
			b.WriteByte(c)
		}
		i += 2
	}
	return []string{b.String()}
}

func unpercent(s string) []string {
	if !strings.ContainsAny(s, "%+") {
		return nil
	}
	var out []string
	// Percent signs that begin nothing would fail all of it.
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("%25")
			continue
		}
		b.WriteByte(s[i])
	}
	for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
		if d, err := decode(b.String()); err == nil && d != s {
			out = append(out, d)
		}
	}
	return out
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

// unhex decodes each run of hexadecimal digits, from its first and its second.
func unhex(s string) []string {
	var out []string
	for _, run := range runs(s, 8, isHex) {
		for from := range 2 {
			part := run[from : len(run)-(len(run)-from)%2]
			if b, err := hex.DecodeString(part); err == nil {
				out = append(out, string(b))
			}
		}
	}
	return out
}

// unbase64 decodes each run of base64 from its first four characters, also
// where it goes on in the next line.
func unbase64(s string) []string {
	var out []string
	texts := []string{s}
	if joined := blank(s); joined != s {
		texts = append(texts, joined)
	}
	for _, text := range texts {
		for _, run := range runs(text, 6, isBase64) {
			run = strings.NewReplacer("-", "+", "_", "/").Replace(run)
			for from := range min(4, len(run)) {
				part := run[from:]
				if len(part)%4 == 1 {
					part = part[:len(part)-1]
				}
				if b, err := base64.RawStdEncoding.DecodeString(part); err == nil {
					out = append(out, string(b))
				}
			}
		}
	}
	return out
}

// unzipped undoes the compression of what begins with the mark of gzip.
func unzipped(s string) []string {
	i := strings.Index(s, "\x1f\x8b\x08")
	if i < 0 {
		return nil
	}
	z, err := gzip.NewReader(strings.NewReader(s[i:]))
	if err != nil {
		return nil
	}
	// What can be read before it is cut off counts.
	b, _ := io.ReadAll(io.LimitReader(z, 1<<20))
	return []string{string(b)}
}

// runs returns the runs of at least a number of bytes of a kind.
func runs(s string, least int, of func(byte) bool) []string {
	var out []string
	start := -1
	for i := 0; i <= len(s); i++ {
		switch in := i < len(s) && of(s[i]); {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			if i-start >= least {
				out = append(out, s[start:i])
			}
			start = -1
		}
	}
	return out
}
