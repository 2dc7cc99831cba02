package cursor

import (
	"encoding/hex"

	"github.com/fluent-live/live-status/pipeline/event"
)

const uuidLen = 36

// storedKey returns the form in which a key is stored: keys that end in a
// UUID, as the UIDs of Kubernetes objects do, as a blob of the UUID's 16 bytes
// followed by whatever stood before it, all others as text. It saves a third
// of the file. No two keys have the same form: SQLite never takes a blob for
// a text, and only UUIDs in lower case, as they are always written, are
// shortened.
func storedKey(k event.SeenKey) any {
	at := len(k) - uuidLen
	if at < 0 {
		return string(k)
	}
	u := k[at:]
	if u[8] != '-' || u[13] != '-' || u[18] != '-' || u[23] != '-' {
		return string(k)
	}
	// 32 digits in the order of the text, without the dashes.
	var digits [32]byte
	n := 0
	for i := range len(u) {
		switch ch := u[i]; {
		case '0' <= ch && ch <= '9', 'a' <= ch && ch <= 'f':
			if n == len(digits) {
				return string(k)
			}
			digits[n] = ch
			n++
		case ch == '-' && (i == 8 || i == 13 || i == 18 || i == 23):
		default:
			return string(k)
		}
	}
	b := make([]byte, hex.DecodedLen(len(digits)), hex.DecodedLen(len(digits))+at)
	if _, err := hex.Decode(b, digits[:]); err != nil {
		return string(k)
	}
	return append(b, k[:at]...)
}
