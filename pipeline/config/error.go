package config

import (
	"fmt"
	"strconv"
	"strings"
)

// maxShown bounds how much of a value an error repeats, in bytes.
const maxShown = 120

// KeyError is a mistake in one option. It is one line.
type KeyError struct {
	Key string
	// Value is what the user wrote, or the part of it that is wrong. It is
	// empty when it must not be shown.
	Value string
	// Problem says what is wrong with it.
	Problem string
	// Hint is the way out.
	Hint string
	// Meant is set where Key itself is unknown: the keys that it resembles.
	// Value is then empty, since it may be anything, a secret too.
	Meant []string
}

// Error names the key, the value and the way out.
func (e *KeyError) Error() string {
	if len(e.Meant) > 0 {
		quoted := make([]string, len(e.Meant))
		for i, k := range e.Meant {
			quoted[i] = strconv.Quote(k)
		}
		return fmt.Sprintf("unknown key %q: did you mean %s?", e.Key, strings.Join(quoted, " or "))
	}
	var b strings.Builder
	b.WriteString(e.Key)
	if e.Value != "" {
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(shorten(e.Value)))
	}
	b.WriteString(": ")
	b.WriteString(e.Problem)
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "..."
}
