package known

import (
	"slices"
	"strconv"
	"strings"
)

const (
	// minListed and maxListed bound the length of the values that are looked for
	// as lists of their bytes. Of shorter ones the lists are met by chance; for
	// longer ones they take long to make wherever an anchor is found.
	minListed = 6
	maxListed = 512
	// listAnchor is the length of an anchor in a list: half a dozen bytes of the
	// value, since the rest is compared where that was found.
	listAnchor = 24
	// costListed is what it costs to make and compare a byte of a list.
	costListed = 4
)

// listing is a way to write the bytes of a text one by one.
type listing struct {
	// digits are those of a number in base 16; without them it is in base 10.
	digits            string
	prefix, separator string
	// short is set if a number has no leading zero.
	short bool
}

// listings are the notations of encListed: byte slices
// as Go and JSON print them, and hex as Go, openssl and C do.
var listings = [...]listing{
	{"", "", " ", false},
	{"", "", ",", false},
	{"", "", ", ", false},
	{hexLower, "", ":", false},
	{hexUpper, "", ":", false},
	{hexLower, "", " ", false},
	{hexUpper, "", " ", false},
	{hexLower, "0x", ", ", false},
	{hexUpper, "0x", ", ", false},
	{hexLower, "0x", ", ", true},
}

func (l *listing) write(dst []byte, text string) []byte {
	for i := range len(text) {
		if i > 0 {
			dst = append(dst, l.separator...)
		}
		dst = append(dst, l.prefix...)
		switch c := text[i]; {
		case l.digits == "":
			dst = strconv.AppendUint(dst, uint64(c), 10)
		case l.short && c < 16:
			dst = append(dst, l.digits[c])
		default:
			dst = append(dst, l.digits[c>>4], l.digits[c&15])
		}
	}
	return dst
}

// listed returns f in one of the listings, written down.
func (f *form) listed(l *listing) form {
	return form{text: string(l.write(nil, f.text)), value: f.value, enc: encList}
}

// extendListed is extend for a form in any of the listings. Which of them was
// found is told by what stands there: a form for each would take its room.
func (f *form) extendListed(text string, start, end int) (from, to, work int, ok bool) {
	var buf [listAnchor]byte
	for n := range listings {
		list := f.listed(&listings[n])
		work += costListed * len(list.text)
		if !strings.HasPrefix(text[start:end], string(list.pattern(buf[:0]))) {
			continue
		}
		var more int
		from, to, more, ok = list.extend(text, start, end)
		if work += more; ok {
			break
		}
	}
	return from, to, work, ok
}

// lists adds a text as lists of its bytes.
func (b *builder) lists(i int32, text string) {
	if len(text) < minListed || len(text) > maxListed {
		return
	}
	f := form{text: text, value: i, enc: encListed, blanks: true}
	// Most lists have blanks in them.
	b.set.plain = true
	b.set.forms = append(b.set.forms, f)
	owner := int32(len(b.set.forms) - 1)
	for n := range listings {
		list := f.listed(&listings[n])
		b.buf = list.pattern(b.buf[:0])
		// Anchors in upper and lower case may be the same.
		if found := [2]int32{b.pattern(), owner}; !slices.Contains(b.found[max(0, len(b.found)-len(listings)):], found) {
			b.found = append(b.found, found)
		}
	}
}
