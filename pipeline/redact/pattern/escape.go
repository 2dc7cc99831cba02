package pattern

import "strings"

// unescaped returns a text in which escapes are decoded: those of URLs (%2F),
// and of the strings of JSON that stand for a character of ASCII beside quotes
// and backslashes, which rules know. A credential looks the same in it,
// however the text around it was made. It returns false if there are none.
func unescaped(text string) (string, bool) {
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); {
		if kinds[text[i]]&escapes == 0 {
			i++
			continue
		}
		c, n := escapeAt(text, i)
		if n > 1 {
			if done == 0 {
				out.Grow(len(text))
			}
			out.WriteString(text[done:i])
			out.WriteByte(c)
			done = i + n
		}
		i += n
	}
	if done == 0 {
		return "", false
	}
	out.WriteString(text[done:])
	return out.String(), true
}

// origins returns where each byte of the unescaped text begins in the text,
// and at the end the length of that.
func origins(text string) []int32 {
	start := make([]int32, 0, len(text)+1)
	for i := 0; i < len(text); {
		start = append(start, int32(i))
		_, n := escapeAt(text, i)
		i += n
	}
	return append(start, int32(len(text)))
}

// escapeAt decodes what stands at i, and returns how many bytes it takes.
func escapeAt(text string, i int) (c byte, size int) {
	c = text[i]
	if (c != '%' && c != '\\') || i+1 >= len(text) {
		return c, 1
	}
	next := text[i+1]
	switch {
	case c == '%':
		if i+2 < len(text) && isHex(next) && isHex(text[i+2]) {
			return nibble(next)<<4 | nibble(text[i+2]), 3
		}
	case next == '/':
		return '/', 2
	case next == 'n':
		return '\n', 2
	case next == 'r':
		return '\r', 2
	case next == 't':
		return '\t', 2
	case next == 'u' && strings.HasPrefix(text[i+2:], "00") && i+6 <= len(text) && isHex(text[i+4]) && isHex(text[i+5]):
		if d := nibble(text[i+4])<<4 | nibble(text[i+5]); d < 0x80 && d != '"' && d != '\\' {
			return d, 6
		}
	}
	return c, 1
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower[c] - 'a' + 10
}
