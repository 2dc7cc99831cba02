package redact

import "strings"

// markNamed begins a mark that names the known value or the rule of a pattern by
// which something was replaced.
const markNamed = "[redacted:"

// maxMarkName bounds the name in a mark, in bytes.
const maxMarkName = 256

// isMark reports whether s begins with what replaces a redacted value.
func isMark(s string) bool { return markLen(s) > 0 }

// isWholeMark reports whether s is nothing else.
func isWholeMark(s string) bool { return s != "" && markLen(s) == len(s) }

// markLen returns the length of the mark that s begins with, 0 if it is none.
func markLen(s string) int {
	switch {
	case s == "" || (s[0] != '[' && s[0] != MarkHash[0]):
		return 0
	case strings.HasPrefix(s, MarkRedacted):
		return len(MarkRedacted)
	case strings.HasPrefix(s, MarkWithheld):
		return len(MarkWithheld)
	case strings.HasPrefix(s, markNamed):
		name := s[len(markNamed):min(len(s), len(markNamed)+maxMarkName)]
		end := strings.IndexAny(name, "[]\"'\\\r\n\t ")
		if end <= 0 || name[end] != ']' {
			return 0
		}
		return len(markNamed) + end + 1
	case isHash(s):
		return hashLen
	default:
		return 0
	}
}

// hashLen is the length of the hash of a value, with its mark.
const hashLen = len(MarkHash) + 32

// isHash reports whether s begins with the hash of a value, and nothing that
// could be part of it follows.
func isHash(s string) bool {
	if len(s) < hashLen || !strings.HasPrefix(s, MarkHash) {
		return false
	}
	for i := len(MarkHash); i < hashLen; i++ {
		if _, ok := hexDigit(s[i]); !ok {
			return false
		}
	}
	return len(s) == hashLen || s[hashLen] == '"' || s[hashLen] == '\\'
}
