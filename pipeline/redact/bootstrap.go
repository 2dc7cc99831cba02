package redact

import "strings"

// The lengths of the two halves of a bootstrap token, abcdef.0123456789abcdef. The
// first is public.
const (
	bootstrapID    = 6
	bootstrapValue = 16
)

// isBootstrap reports whether a bootstrap token has its dot at i.
func isBootstrap(v string, i int) bool {
	start, end := i-bootstrapID, i+1+bootstrapValue
	if start < 0 || end > len(v) || (start > 0 && isNamePart(v[start-1])) || (end < len(v) && isNamePart(v[end])) {
		return false
	}
	hex := true
	for j := start; j < end; j++ {
		if j == i {
			continue
		}
		c := v[j]
		if !isLowerAlnum(c) {
			return false
		}
		hex = hex && (j < i || c <= 'f')
	}
	// The names of events end with a time in hexadecimal.
	return !hex || v[i+1] != '1'
}

func isLowerAlnum(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// isNamePart reports whether c goes on what is then more than a token. A dot may
// end a sentence, but for what is before it.
func isNamePart(c byte) bool {
	return isLowerAlnum(c) || c == '-' || c == '_' || 'A' <= c && c <= 'Z'
}

// announces reports whether a text without colons may hold a credential: one
// that a scheme of HTTP announces, or a bootstrap token.
func announces(v string) bool {
	for i := range len(v) {
		switch v[i] {
		case 'b', 'B':
			if hasPrefixFold(v[i:], "bearer") || hasPrefixFold(v[i:], "basic ") {
				return true
			}
		case '.':
			if isBootstrap(v, i) {
				return true
			}
		}
	}
	return false
}

// basicCredential finds the user and password that follow the word basic, which
// ends at i.
func basicCredential(v string, i int) (start, end int) {
	start = i + len(v[i:]) - len(strings.TrimLeft(v[i:], " \t"))
	if start == i {
		return 0, 0
	}
	for end = start; end < len(v) && isToken68(v[end]); end++ {
		if end-start > maxBasic {
			return start, len(v)
		}
	}
	if isBasic(v[start:end]) {
		return start, end
	}
	return 0, 0
}
