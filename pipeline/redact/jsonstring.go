package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// byteClass tells bytes that matter apart from those that do not.
type byteClass uint8

const (
	// byteStop ends a run within a JSON string: the quote, the backslash and
	// control characters.
	byteStop byteClass = 1 << iota
	// byteEscape is the backslash, which may hide any other.
	byteEscape
	// byteJSON opens an object or an array.
	byteJSON
	// byteColon is the colon or equals sign, without which nothing is a key.
	byteColon
	// byteSpace separates words.
	byteSpace
	// byteFold begins the two letters beyond ASCII that fold to an s and a k.
	byteFold
	// byteHigh is not ASCII.
	byteHigh
)

// byteClasses has the classes of all bytes.
var byteClasses = func() (of [256]byteClass) {
	for c := range ' ' {
		of[c] = byteStop
	}
	for c := 0x80; c < len(of); c++ {
		of[c] = byteHigh
	}
	of['"'], of['\\'] = byteStop, byteStop|byteEscape
	of['{'], of['['] = byteJSON, byteJSON
	of[':'], of['='] = byteColon, byteColon
	of[' '] = byteSpace
	of[0xC5], of[0xE2] = byteFold|byteHigh, byteFold|byteHigh
	return of
}()

// isHarmless reports whether the text of a string, written with the bytes of
// the classes given, needs no search: what is searched for contains one of
// these bytes.
func isHarmless(text string, bytes byteClass) bool {
	switch bytes &^ byteHigh {
	case 0:
		return len(text) != bootstrapID+1+bootstrapValue || text[bootstrapID] != '.'
	case byteSpace:
		// What has no colon may announce a token.
		return !announces(text)
	default:
		return false
	}
}

// escapeLen returns the length of the escape sequence that s begins with, 0 if
// it is none.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(s); ok {
			return 6
		}
	}
	return 0
}

// hex4 decodes the \uXXXX that s begins with.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for i := 2; i < 6; i++ {
		d, ok := hexDigit(s[i])
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// unescape decodes the inside of a string whose escapes are known to be valid.
func unescape(b *strings.Builder, s string) {
	for i := 0; i < len(s); {
		run := i
		for run < len(s) && s[run] < utf8.RuneSelf && s[run] != '\\' {
			run++
		}
		if run > i {
			b.WriteString(s[i:run])
			i = run
			continue
		}
		if s[i] != '\\' {
			r, n := utf8.DecodeRuneInString(s[i:])
			b.WriteRune(r)
			i += n
			continue
		}
		if s[i+1] != 'u' {
			b.WriteByte(simpleEscape(s[i+1]))
			i += 2
			continue
		}
		r, _ := hex4(s[i:])
		i += 6
		if utf16.IsSurrogate(r) {
			low, ok := hex4(s[i:])
			if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
				i += 6
			}
		}
		b.WriteRune(r)
	}
}

func simpleEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // quote, backslash and slash
}
