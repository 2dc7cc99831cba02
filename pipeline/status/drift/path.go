package drift

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is told of a path, in bytes.
const (
	// maxPath is that of a path. A longer one is cut and ends in an ellipsis.
	maxPath = 512
	// maxKey is that of one key: a label's has at most 317.
	maxKey = 320
	// maxLabel is that of the value of a merge key: a name has at most 253.
	maxLabel = 253
)

const ellipsis = "…"

// path is the field at which a walk is, in the notation of event.FieldPath. It does
// not grow beyond what can be told, however deep the walk gets.
type path struct{ buf []byte }

// cut goes back to where the path was n bytes long.
func (p *path) cut(n int) { p.buf = p.buf[:n] }

// member goes to a member of an object; bracket says that its keys are no names of
// fields. It returns where to cut to come back.
func (p *path) member(name string, bracket bool) int {
	n := len(p.buf)
	switch {
	case n > maxPath:
	case bracket || !fieldName(name):
		p.buf = append(p.buf, '[')
		p.printable(name)
		p.buf = append(p.buf, ']')
	default:
		if n > 0 {
			p.buf = append(p.buf, '.')
		}
		p.buf = append(p.buf, name...)
	}
	return n
}

// element goes to an element of a list: by its keys, or its index if it has none
// that can be told.
func (p *path) element(index int, keys []string, of any) int {
	n := len(p.buf)
	if n > maxPath {
		return n
	}
	p.buf = append(p.buf, '[')
	if !p.label(keys, of) {
		p.buf = strconv.AppendInt(p.buf[:n+1], int64(index), 10)
	}
	p.buf = append(p.buf, ']')
	return n
}

// label appends the first key, and of others those that are not the default.
func (p *path) label(keys []string, of any) bool {
	m, _ := of.(map[string]any)
	for i, key := range keys {
		if mayBeSecret(key) {
			return false
		}
		v, ok := m[key]
		if i > 0 && (!ok || v == defaults[key]) {
			continue
		}
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = append(append(p.buf, key...), '=')
		switch v := v.(type) {
		case string:
			if v == "" || len(v) > maxLabel || strings.ContainsFunc(v, unspeakable) {
				return false
			}
			p.buf = append(append(append(p.buf, '"'), v...), '"')
		default:
			n, ok := numberOf(v)
			if !ok {
				return false
			}
			p.buf = n.append(p.buf)
		}
	}
	return len(keys) > 0
}

// mayBeSecret reports whether a value under a key is no name but what a name stands
// for. Definitions of custom resources choose the keys of lists.
func mayBeSecret(key string) bool {
	key = strings.ToLower(key)
	for _, word := range [...]string{"value", "password", "token", "secret", "data", "auth"} {
		if strings.HasSuffix(key, word) {
			return true
		}
	}
	return false
}

func unspeakable(r rune) bool {
	return r == '"' || r == '\\' || r == utf8.RuneError || !unicode.IsPrint(r)
}

// printable appends a key, shortened if need be.
func (p *path) printable(key string) {
	end := len(p.buf) + maxKey
	if len(key) > maxKey {
		end -= len(ellipsis)
	}
	for _, r := range key {
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		if len(p.buf)+utf8.RuneLen(r) > end {
			p.buf = append(p.buf, ellipsis...)
			return
		}
		p.buf = utf8.AppendRune(p.buf, r)
	}
}

// text returns the path, shortened if need be.
func (p *path) text() string {
	if len(p.buf) <= maxPath {
		return string(p.buf)
	}
	end := maxPath - len(ellipsis)
	for !utf8.RuneStart(p.buf[end]) {
		end--
	}
	return string(p.buf[:end]) + ellipsis
}

// fieldName reports whether a key looks like the name of a field.
func fieldName(key string) bool {
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return len(key) > 0 && len(key) <= maxKey
}

// clip returns a text that is cut to n bytes.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// hasKeys reports whether the members of an object of no known type are keys that
// users choose, which stand in brackets.
func hasKeys(trail []step) bool {
	switch last(trail) {
	case "labels", "annotations", "matchLabels", "nodeSelector", "data", "binaryData", "stringData",
		"limits", "requests", "capacity", "allocatable", "hard":
		return true
	}
	return false
}

// isQuantities reports whether the value at the end of a trail is a quantity, as it
// is in the resource requirements of custom resources.
func isQuantities(trail []step) bool {
	if len(trail) < 2 {
		return false
	}
	switch last(trail[:len(trail)-1]) {
	case "limits", "requests", "capacity", "hard":
		return true
	}
	return false
}

// last returns the name at the end of a trail; empty for an element of a list.
func last(trail []step) string {
	if len(trail) == 0 {
		return ""
	}
	return trail[len(trail)-1].name
}
