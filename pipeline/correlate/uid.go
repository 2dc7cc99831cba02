package correlate

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
	if len(s) != uuidLen {
		return false
	}
	n := 0
	for i := range uuidLen {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
			continue
		}
		var digit byte
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digit = c - '0'
		case 'a' <= c && c <= 'f':
			digit = c - 'a' + 10
		default:
			return false
		}
		u.uuid[n/2] = u.uuid[n/2]<<4 | digit
		n++
	}
	return true
}

func (u uid) isZero() bool { return u == uid{} }

// fromServer reports whether the UID is of the form that the API server gives.
// Others are the word of who wrote the reference: kubelets write a node's name
// or the hash of a static pod there.
func (u uid) fromServer() bool { return u.uuid != [16]byte{} }

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
