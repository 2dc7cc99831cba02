package known

// class is what a byte can be part of.
type class uint8

const (
	classBase64 class = 1 << iota
	classHex
	// classSpecial begins what a view undoes.
	classSpecial
	classBreak
	classBlank
	// classLetter is what a group of four of base64 begins with that holds text
	// in ASCII: what the sextets of tabs, line breaks and 0x20 to 0x7f are.
	classLetter
)

var classes = func() (t [256]class) {
	for c := range 256 {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			t[c] = classBase64 | classHex
		case 'g' <= c && c <= 'z', 'G' <= c && c <= 'Z', c == '+', c == '/', c == '-', c == '_':
			t[c] = classBase64
		case c == '\\', c == '%':
			t[c] = classSpecial
		case c == '\n', c == '\r':
			t[c] = classBreak | classBlank
		case c == ' ', c == '\t':
			t[c] = classBlank
		}
		switch {
		case c == 'C', c == 'D', 'I' <= c && c <= 'Z', 'a' <= c && c <= 'f':
			t[c] |= classLetter
		}
	}
	return t
}()

// noDigit is what sextets and nibbles have for bytes that are none.
const noDigit = 0xff

// sextets are the values of the characters of base64, both alphabets in one.
var sextets = func() (t [256]byte) {
	for c := range t {
		t[c] = noDigit
	}
	for i := range 64 {
		t[base64Std[i]], t[base64URL[i]] = byte(i), byte(i)
	}
	return t
}()

var nibbles = func() (t [256]byte) {
	for c := range t {
		t[c] = noDigit
	}
	for i := range 16 {
		t[hexLower[i]], t[hexUpper[i]] = byte(i), byte(i)
	}
	return t
}()
