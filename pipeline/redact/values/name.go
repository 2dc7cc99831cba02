package values

import (
	"cmp"
	"strings"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// maxName bounds the name of a value in bytes: it stands in records in place of
// the value, however often.
const maxName = 253

// cleanName returns name as it may stand in a record: with nothing that needs an
// escape in JSON or a URL, or could end the mark it is part of.
func cleanName(name string) string {
	if len(name) > maxName {
		name = name[:maxName]
	}
	for i := range len(name) {
		if !isNameByte(name[i]) && name[i] != '/' {
			return strings.Map(func(r rune) rune {
				if r < 0x80 && (isNameByte(byte(r)) || r == '/') {
					return r
				}
				return '_'
			}, name)
		}
	}
	return name
}

func isNameByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
}

func compareValues(a, b known.Value) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Text, b.Text))
}
