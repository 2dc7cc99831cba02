package known

import (
	"strconv"
	"strings"
)

// maxName is the length of the longest name in a mark, in bytes.
const maxName = 128

// named returns how the value i is called in texts: by name, made safe, or by
// its number if the name would tell a value.
func (s *Set) named(i int, name string) value {
	for _, n := range [...]string{safeName(name), "value-" + strconv.Itoa(i+1)} {
		mark := "[redacted:" + n + "]"
		// What precedes a name in the mark makes it no value.
		if n != "" && !s.Contains(n) && !s.Contains(mark) {
			return value{n, mark}
		}
	}
	return value{"value", "[redacted]"}
}

// safeName replaces what could be part of an escape, of markup or of a longer
// text.
func safeName(s string) string {
	out := []byte(s[:min(len(s), maxName)])
	for i, c := range out {
		if !isAlphanumeric(c) && strings.IndexByte("._/-", c) < 0 {
			out[i] = '_'
		}
	}
	return string(out)
}
