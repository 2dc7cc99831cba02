package fluentbit

import (
	"encoding/binary"
	"unicode/utf8"
)

// appendEscaped appends s as the inside of a JSON string. What is not UTF-8
// becomes U+FFFD, a byte at a time.
func appendEscaped(dst, s []byte) []byte {
	for {
		n := plain(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return dst
		}
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
	}
}

// plain returns how many bytes of s JSON takes as they are.
func plain(s []byte) int {
	i := 0
	for {
		for len(s)-i >= 8 && !special(binary.LittleEndian.Uint64(s[i:])) {
			i += 8
		}
		// The last eight bytes, of which the first have been looked at.
		if i == len(s) || i > len(s)-8 && len(s) >= 8 && !special(binary.LittleEndian.Uint64(s[len(s)-8:])) {
			return len(s)
		}
		switch c := s[i]; {
		case c < ' ' || c == '"' || c == '\\':
			return i
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && size == 1 {
				return i
			}
			i += size
		}
	}
}

// special reports whether one of eight bytes is a control character, a quote, a
// backslash or not ASCII. Each of the four terms sets the highest bit of such
// bytes; a byte behind one may be taken for another, which does no harm here.
func special(w uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, backslash := w^(ones*'"'), w^(ones*'\\')
	return (w|(w-ones*' ')|(quote-ones)|(backslash-ones))&highs != 0
}

func appendEscape(dst []byte, c byte) []byte {
	const hexDigits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if c >= utf8.RuneSelf {
		return append(dst, "\uFFFD"...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// piece returns how many bytes at the beginning of s, up to most, can be escaped
// by themselves: no character lies across the end.
func piece(s []byte, most int) int {
	if len(s) <= most {
		return len(s)
	}
	for n := most; n > most-utf8.UTFMax; n-- {
		if utf8.RuneStart(s[n]) {
			return n
		}
	}
	return most
}
