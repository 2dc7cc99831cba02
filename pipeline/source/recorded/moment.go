package recorded

import (
	"bytes"
	"math"
	"time"
)

// moment is when something happened, in nanoseconds since 1970, or as near to that
// as these reach.
type moment int64

const (
	earliest moment = math.MinInt64
	latest   moment = math.MaxInt64
)

// momentOf reads an RFC 3339 time. Whole seconds stand for the end of their second:
// what wrote them did so at some time within, and what it speaks of came before.
func momentOf(text []byte) (moment, bool) {
	if len(text) == 0 {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil || t.Year() <= 1 {
		return 0, false
	}
	if bytes.IndexByte(text, '.') < 0 {
		t = t.Add(time.Second - 1)
	}
	// What time.Time.UnixNano can tell.
	switch year := t.UTC().Year(); {
	case year < 1679:
		return earliest + 1, true
	case year > 2261:
		return latest, true
	}
	return moment(t.UnixNano()), true
}

const (
	keyStage    = "stageTimestamp"
	keyReceived = "requestReceivedTimestamp"
)

// auditMoment returns when an audit event was made: at its stage or, if that is not
// told, at the receipt of the request. It looks from the end, since kube-apiserver
// writes the times behind the bodies; so it takes the end of one that was cut, too.
// It is false where there is neither.
func auditMoment(raw []byte) (moment, bool) {
	var received []byte
	b := backward{data: bytes.TrimRight(raw, " \t\r\n")}
	for name, value := b.member(); name != nil; name, value = b.member() {
		switch string(name) {
		case keyStage:
			if m, ok := momentOf(value); ok {
				return m, true
			}
		case keyReceived:
			if received == nil {
				received = value
			}
		}
	}
	return momentOf(received)
}

// backward looks at the members of an object from the last to the first. The object
// is JSON, or what it says is of no matter. It looks at each byte a constant number
// of times.
type backward struct {
	// data is what has not been looked at, depth in how many brackets its end is.
	data  []byte
	depth int
}

// member returns the name of the member before, and its value if that is a string,
// as they are written. The name is nil where there is none.
func (b *backward) member() (name, value []byte) {
	colon := false
	for i := len(b.data) - 1; i >= 0; i-- {
		switch c := b.data[i]; c {
		case '}', ']':
			if b.depth++; b.depth == 2 {
				value, colon = nil, false
			}
		case '{', '[':
			b.depth--
			if b.depth <= 0 {
				b.data = nil
				return nil, nil
			}
		case ',':
			if b.depth == 1 {
				value, colon = nil, false
			}
		case ':':
			colon = b.depth == 1
		case '"':
			open := opening(b.data[:i])
			if open < 0 {
				b.data = nil
				return nil, nil
			}
			text := b.data[open+1 : i]
			i = open
			switch {
			case b.depth != 1:
			case colon:
				b.data = b.data[:open]
				return text, value
			default:
				value = text
			}
		}
	}
	b.data = nil
	return nil, nil
}

// opening returns where the string begins that ends behind b, or -1. Within it a
// quote has an odd number of backslashes before it.
func opening(b []byte) int {
	for {
		at := bytes.LastIndexByte(b, '"')
		before := at
		for before > 0 && b[before-1] == '\\' {
			before--
		}
		if at < 0 || (at-before)%2 == 0 {
			return at
		}
		b = b[:before]
	}
}
