package redact

import (
	"strings"
	"unicode/utf8"
)

// bootstrapSecret is the secret half of a bootstrap token, under this key in
// the data of its Secret.
const bootstrapSecret = "token-secret"

// vanishing are the keys of credentials that are of no use to anyone, not even
// as a hash, and the endings of such keys.
var vanishing = [...]string{"token", "authorization", "client-key-data", "password", bootstrapSecret}

// vanishes reports whether the value of the kind and text of a node is a
// credential because of its key.
func vanishes(key string, kind byte, text string) bool {
	for _, word := range vanishing {
		tail := lastRunes(key, len(word))
		if strings.EqualFold(tail, word) {
			// Under access_token there is a token, but under
			// automountServiceAccountToken a switch.
			return len(tail) == len(key) || isVanishable(kind, text)
		}
	}
	return false
}

// isVanishable reports whether a value can be a credential or a list of such.
func isVanishable(kind byte, text string) bool {
	switch kind {
	case '{':
		return false
	case 0:
		return text != "true" && text != "false" && text != "null"
	default:
		return true
	}
}

// namesCredential reports whether n is a pair of name and value, such as a
// header or a variable, of which the name is that of a credential.
func namesCredential(n *node) bool {
	for i := range n.kids {
		kid := &n.kids[i]
		if kid.kind == '"' && (strings.EqualFold(kid.key, "name") || strings.EqualFold(kid.key, "key")) &&
			vanishes(kid.text, '"', "") {
			return true
		}
	}
	return false
}

// lastRunes returns the last n characters of s, or s if it has fewer. Letters
// that fold to ASCII may take several bytes.
func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}
