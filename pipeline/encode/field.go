package encode

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// strings writes a map ordered by key, or nothing if it is empty.
func (e *encoder) strings(w writer, key string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	w.key(key)
	w.openMap(len(m))
	for _, k := range sortedKeys(e, m) {
		text(w, valid(k), m[k])
	}
	w.closeMap()
}

// sortedKeys returns the keys of m in order, in a slice that is good until the
// next call.
func sortedKeys[K ~string, V any](e *encoder, m map[K]V) []string {
	e.keys = e.keys[:0]
	for k := range m {
		e.keys = append(e.keys, string(k))
	}
	slices.Sort(e.keys)
	return e.keys
}

func text(w writer, key, s string) {
	w.key(key)
	w.str(valid(s))
}

func optional(w writer, key, s string) {
	if s != "" {
		text(w, key, s)
	}
}

func number(w writer, key string, n int64) {
	w.key(key)
	w.integer(n)
}

// positive writes a count that only some have.
func positive(w writer, key string, n int64) {
	if n > 0 {
		number(w, key, n)
	}
}

// flag writes what is true of some only.
func flag(w writer, key string, set bool) {
	if set {
		w.key(key)
		w.boolean(true)
	}
}

func seconds(w writer, key string, d time.Duration) {
	w.key(key)
	w.float(d.Seconds())
}

// texts writes a list, or nothing if it is empty.
func texts[S ~string](w writer, key string, list []S) {
	if len(list) == 0 {
		return
	}
	w.key(key)
	w.openArray(len(list))
	for _, s := range list {
		w.str(valid(string(s)))
	}
	w.closeArray()
}

func instant(w writer, key string, t time.Time) {
	w.key(key)
	w.time(t)
}

func optionalInstant(w writer, key string, t time.Time) {
	if !t.IsZero() {
		instant(w, key, t)
	}
}

// valid returns s with each run of bytes that is not UTF-8 replaced by U+FFFD.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
