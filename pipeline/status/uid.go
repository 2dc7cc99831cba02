package status

import (
	"encoding/hex"
	"unique"

	"github.com/fluent-live/live-status/pipeline/event"
)

// uid is an event.UID in a third of its memory. The API server gives UUIDs; an
// aggregated one may give others, which are kept as they are.
type uid struct {
	uuid [16]byte
	odd  unique.Handle[string]
}

const uuidLen = 36

// newUID returns the compact form; the empty UID is the zero value.
func newUID(s event.UID) (u uid) {
	if s == "" {
		return uid{}
	}
	if u.parse(s) && u != (uid{}) {
		return u
	}
	return uid{odd: unique.Make(string(s))}
}

// parse reads a UUID in lower case, which is how it is written again.
func (u *uid) parse(s event.UID) bool {
	if len(s) != uuidLen || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	n := 0
	for i := range uuidLen {
		var digit byte
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digit = c - '0'
		case 'a' <= c && c <= 'f':
			digit = c - 'a' + 10
		case c == '-' && (i == 8 || i == 13 || i == 18 || i == 23):
			continue
		default:
			return false
		}
		u.uuid[n/2] = u.uuid[n/2]<<4 | digit
		n++
	}
	return n == 2*len(u.uuid)
}

func (u uid) isZero() bool { return u == uid{} }

// UID returns the UID as it was told.
func (u uid) UID() event.UID {
	if u.odd != (unique.Handle[string]{}) {
		return event.UID(u.odd.Value())
	}
	if u.isZero() {
		return ""
	}
	var b [uuidLen]byte
	hex.Encode(b[0:8], u.uuid[0:4])
	hex.Encode(b[9:13], u.uuid[4:6])
	hex.Encode(b[14:18], u.uuid[6:8])
	hex.Encode(b[19:23], u.uuid[8:10])
	hex.Encode(b[24:], u.uuid[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return event.UID(b[:])
}
