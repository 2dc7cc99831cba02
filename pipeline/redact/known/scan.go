package known

// signs are what a text was found to have in it by one look at each byte. Those
// of runs are told too often, never too seldom.
type signs uint64

// The lower bits are states of three automata, each of which goes on to the
// next bit with a byte that fits and begins anew with any: textBits characters
// of base64 that can hold text in ASCII, hexBits digits that can hold text, and
// longBits digits of any kind.
const (
	textBits = block
	hexBits  = 2 * minHexText
	longBits = 2 * minHex

	signBegin = 1 | 1<<textBits | 1<<(textBits+hexBits)

	// signText is base64 that can hold text in ASCII.
	signText signs = 1 << (textBits - 1)
	// signHex is hex that can.
	signHex signs = 1 << (textBits + hexBits - 1)
	// signLongHex is hex so long that it can hold other text.
	signLongHex signs = 1 << (textBits + hexBits + longBits - 1)
	// signSpecial and signBreak are bytes of those classes.
	signSpecial signs = 1 << 60
	signBreak   signs = 1 << 61
	// signUpper is set if so many letters are upper-case that a run may be
	// base64 of any text.
	signUpper signs = 1 << 62
	// upper counts them.
	upper = 63
)

// steps has for each byte the states that it can lead to, and its signs.
var steps = func() (t [256]signs) {
	for i := range t {
		c := byte(i)
		if sextet := sextets[c]; sextet != noDigit {
			// The bits of a character of ASCII that each of four has of it.
			fits := [4]bool{classes[c]&classLetter != 0, sextet&15 != 1 && sextet&15 < 8, sextet&2 == 0, true}
			for bit := range textBits {
				if fits[bit%4] {
					t[i] |= 1 << bit
				}
			}
		}
		if nibble := nibbles[c]; nibble != noDigit {
			for bit := range hexBits {
				if bit%2 == 1 || (nibble != 1 && nibble < 8) {
					t[i] |= 1 << (textBits + bit)
				}
			}
			t[i] |= (1<<longBits - 1) << (textBits + hexBits)
		}
		switch {
		case classes[c]&classSpecial != 0:
			t[i] |= signSpecial
		case classes[c]&classBreak != 0:
			t[i] |= signBreak
		case 'A' <= c && c <= 'Z':
			t[i] |= 1 << upper
		}
	}
	return t
}()

// look returns the signs of s. All is found out in one pass, since that costs
// most of the time that is spent on ordinary texts.
func look(s string) signs {
	var state, seen, uppers signs
	for i := range len(s) {
		step := steps[s[i]]
		state = (state<<1 | signBegin) & step
		seen |= state | step&(signSpecial|signBreak)
		uppers += step >> upper
	}
	if uppers >= 2*block/6 {
		seen |= signUpper
	}
	return seen & (signText | signHex | signLongHex | signSpecial | signBreak | signUpper)
}
