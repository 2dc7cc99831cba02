package known

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mode says which escapes are undone.
type mode uint8

const (
	modeBackslash mode = 1 << iota
	modePercent
	// modeLetters undoes \n and the like, which a text may hold by chance, as
	// in C:\new.
	modeLetters
	// modeCollapse undoes backslashes and percent signs, however deep they are
	// escaped, at once.
	modeCollapse
	// modePlus makes spaces of plus signs, as in HTML forms.
	modePlus

	modeAll = modeBackslash | modePercent | modeLetters
)

// maxEscape is the length of the longest escape, two of \u1234, unless it is
// collapsed.
const maxEscape = 12

// escape is one that was read.
type escape struct {
	// length is 0 if there is none.
	length int
	out    [utf8.UTFMax]byte
	size   int
	// cut is set if a line break or the end of the text cuts one off.
	cut bool
	// letter is set if modeLetters made a difference.
	letter bool
}

func (e *escape) is(length int, out ...byte) {
	e.length, e.size = length, copy(e.out[:], out)
}

func (e *escape) isRune(length int, r rune) {
	e.length, e.size = length, utf8.EncodeRune(e.out[:], r)
}

// read reads the escape that begins at i.
func (e *escape) read(s string, i int, m mode) {
	*e = escape{}
	if s[i] == '+' {
		e.is(1, ' ')
		return
	}
	if s[i] == '%' {
		if m&modePercent != 0 {
			e.percent(s, i, m)
		}
		return
	}
	if m&modeBackslash == 0 {
		return
	}
	run := 1
	if m&modeCollapse != 0 {
		for i+run < len(s) && s[i+run] == '\\' {
			run++
		}
	}
	if i+run == len(s) {
		if run > 1 {
			e.is(run, '\\')
		}
		return
	}
	e.backslash(s, i+run, m)
	switch {
	case e.length > 0:
		e.length += run
	case run > 1:
		e.is(run, '\\')
	}
}

// percent reads one that begins with a percent sign: %41, or %u0041 as old
// browsers write.
func (e *escape) percent(s string, i int, m mode) {
	p := i + 1
	if m&modeCollapse != 0 {
		for strings.HasPrefix(s[p:], "25") {
			p += 2
		}
		// What is left of %2525 is %25.
		if p > i+1 && hexValue(s, p, 2) < 0 {
			e.is(p-i, '%')
			return
		}
	}
	if c := hexValue(s, p, 2); c >= 0 {
		e.is(p+2-i, byte(c))
		return
	}
	if p < len(s) && (s[p] == 'u' || s[p] == 'U') {
		if r := hexValue(s, p+1, 4); r >= 0 && utf8.ValidRune(r) {
			e.isRune(p+5-i, r)
			return
		}
	}
	e.cut = cutOff(s, p, 2)
}

// backslash reads one from the byte behind the backslash on.
func (e *escape) backslash(s string, i int, m mode) {
	switch c := s[i]; c {
	case 'u':
		e.unicode(s, i)
	case 'U':
		if r := hexValue(s, i+1, 8); r >= 0 && utf8.ValidRune(r) {
			e.isRune(9, r)
		} else {
			e.cut = cutOff(s, i+1, 8)
		}
	case 'x':
		e.hex(s, i)
	case 'a', 'b', 'e', 'f', 'n', 'r', 't', 'v':
		e.letter = true
		if m&modeLetters != 0 {
			e.is(1, control(c))
		}
	case '\n', '\r':
		// A line that goes on. The break itself is left to whoever joins lines.
		e.is(1, c)
		e.cut = true
	default:
		// The second of two may be what makes a line go on.
		e.cut = c == '\\' && cutOff(s, i+1, 1)
		switch {
		case '0' <= c && c <= '7':
			e.octal(s, i, m)
		case c < utf8.RuneSelf && c > ' ' && !isAlphanumeric(c), c == ' ':
			e.is(1, c)
		}
	}
}

func (e *escape) unicode(s string, i int) {
	r := hexValue(s, i+1, 4)
	switch {
	case r < 0 && i+1 < len(s) && s[i+1] == '{':
		e.braced(s, i)
	case r < 0:
		e.cut = cutOff(s, i+1, 4)
	case !utf16.IsSurrogate(r):
		e.isRune(5, r)
	default:
		if i+6 < len(s) && s[i+5] == '\\' && s[i+6] == 'u' {
			if r = utf16.DecodeRune(r, hexValue(s, i+7, 4)); r != utf8.RuneError {
				e.isRune(11, r)
				return
			}
		}
		e.cut = cutOff(s, i+5, 6)
	}
}

// braced reads \u{70}, as JavaScript and Rust write it.
func (e *escape) braced(s string, i int) {
	n := strings.IndexByte(s[i:min(len(s), i+9)], '}')
	if r := hexValue(s, i+2, n-2); n > 2 && utf8.ValidRune(r) {
		e.isRune(n+1, r)
	}
	e.cut = e.length == 0 && cutOff(s, i+2, 7)
}

// hex reads \xNN: a byte of UTF-8, as in Go and C, if those next to it make it
// one, or else a character, as in JavaScript and YAML.
func (e *escape) hex(s string, i int) {
	c := hexValue(s, i+1, 2)
	if c < 0 {
		e.cut = cutOff(s, i+1, 2)
		return
	}
	if c < utf8.RuneSelf {
		e.is(3, byte(c))
		return
	}
	raw := [utf8.UTFMax]byte{byte(c)}
	n, j := 1, i+3
	for ; n < len(raw) && j+4 <= len(s) && s[j] == '\\' && s[j+1] == 'x'; j += 4 {
		next := hexValue(s, j+2, 2)
		if next < 0 {
			break
		}
		raw[n] = byte(next)
		n++
	}
	if r, size := utf8.DecodeRune(raw[:n]); r != utf8.RuneError || size > 1 {
		e.is(4*size-1, raw[:size]...)
		return
	}
	e.isRune(3, c)
	e.cut = cutOff(s, j, 1)
}

// octal reads \NNN, and \0.
func (e *escape) octal(s string, i int, m mode) {
	n, value := 0, 0
	for ; n < 3 && i+n < len(s) && '0' <= s[i+n] && s[i+n] <= '7'; n++ {
		value = value*8 + int(s[i+n]-'0')
	}
	e.cut = n < 3 && cutOff(s, i+n, 1)
	switch {
	case n == 3 && value < 256:
		e.is(3, byte(value))
	case s[i] == '0' && m&modeLetters != 0:
		e.is(1, 0)
	}
}

func control(c byte) byte {
	const letters, controls = "abefnrtv", "\a\b\x1b\f\n\r\t\v"
	return controls[strings.IndexByte(letters, c)]
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// hexValue returns the value of n hex digits at i, or -1.
func hexValue(s string, i, n int) rune {
	if i < 0 || i+n > len(s) {
		return -1
	}
	v := rune(0)
	for ; n > 0; n-- {
		d := nibbles[s[i]]
		if d == noDigit || v > 0xfffffff>>4 {
			return -1
		}
		v = v<<4 | rune(d)
		i++
	}
	return v
}

// cutOff reports whether a line break stands within the n bytes from i.
func cutOff(s string, i, n int) bool {
	if i >= len(s) {
		return false
	}
	return strings.ContainsAny(s[i:min(len(s), i+n)], "\r\n")
}

// undone says what became of the escapes of a text.
type undone struct {
	changed bool
	// cut is set if an escape is broken by a line break.
	cut bool
	// letters is set if there are escapes that modeLetters undoes.
	letters bool
	// backslash and percent say which kinds there are.
	backslash, percent bool
}

// unescape makes v the text of its source without its escapes.
func (v *view) unescape(m mode) (u undone) {
	s := v.source.text()
	done := 0
	next := nextSpecial
	if m&modePlus != 0 {
		next = nextSpecialOrPlus
	}
	var e escape
	for i := next(s, 0); i < len(s); i = next(s, i) {
		e.read(s, i, m)
		u.cut = u.cut || e.cut
		u.letters = u.letters || e.letter
		if e.length == 0 {
			i++
			continue
		}
		if s[i] == '%' {
			u.percent = true
		} else {
			u.backslash = true
		}
		v.buf = append(v.buf, s[done:i]...)
		pos := len(v.buf)
		v.buf = append(v.buf, e.out[:e.size]...)
		v.emit(eventEscape, pos, i, i+e.length)
		i += e.length
		done = i
	}
	if done == 0 {
		return u
	}
	u.changed = true
	v.buf = append(v.buf, s[done:]...)
	return u
}

func nextSpecial(s string, i int) int {
	for i < len(s) && classes[s[i]]&classSpecial == 0 {
		i++
	}
	return i
}

func nextSpecialOrPlus(s string, i int) int {
	for i < len(s) && s[i] != '+' && classes[s[i]]&classSpecial == 0 {
		i++
	}
	return i
}
