package redact

import "strings"

// Many keys that say secret are written in many ways: apiKey, api_key and
// X-API-Key. Words are compared by their letters alone.

// wordTail returns how many bytes at the end of key are the word, lower-case
// ASCII letters, whatever the case and what separates its parts; 0 if it does not
// end so.
func wordTail(key, word string) int {
	i := len(key)
	for j := len(word) - 1; j >= 0; {
		if i == 0 {
			return 0
		}
		i--
		switch c := key[i]; {
		case isLetter(c) && c|0x20 == word[j]:
			j--
		case isSeparator(c) && i < len(key)-1:
		default:
			return 0
		}
	}
	return len(key) - i
}

func isSeparator(c byte) bool { return c == '_' || c == '-' || c == '.' || c == ' ' }

func tailed(key, word string, class keyClass) keyClass {
	if wordTail(key, word) > 0 {
		return class
	}
	return 0
}

// hump is tailed where the word has to begin as one: a hump or a separator
// stands before it.
func hump(key, word string, class keyClass) keyClass {
	n := wordTail(key, word)
	if n == 0 {
		return 0
	}
	i := len(key) - n
	if i == 0 || !isLetter(key[i-1]) || (key[i] < 'a' && key[i-1] >= 'a') {
		return class
	}
	return 0
}

// passKey classifies a key that ends with pass. By itself it may be what tests say.
func passKey(key string) keyClass {
	if len(key) == len("pass") {
		return whole(key, "pass", keyMaySay)
	}
	return hump(key, "pass", keySaying)
}

// sayingKey classifies a key that ends with key.
func sayingKey(key string) keyClass {
	if len(key) < len("apikey") {
		return 0
	}
	for _, w := range [...]string{"apikey", "accesskey", "accountkey"} {
		if wordTail(key, w) > 0 {
			return keySaying
		}
	}
	for _, w := range [...]string{"secretkey", "privatekey", "encryptionkey", "signingkey", "masterkey", "sharedkey"} {
		if n := wordTail(key, w); n > 0 {
			if hasSuffixFold(key[:len(key)-n], "existing") {
				return keyReference
			}
			return keyMaySay
		}
	}
	return 0
}

// secretKey classifies a key that ends with secret. Most are, in Kubernetes, those
// of the name of a Secret.
func secretKey(key string) keyClass {
	n := wordTail(key, "secret")
	switch {
	case n == 0:
		return 0
	case n == len(key):
		return keyMaySay
	}
	for _, w := range [...]string{"clientsecret", "consumersecret", "appsecret", "apisecret"} {
		if wordTail(key, w) > 0 {
			return keySaying
		}
	}
	for _, w := range [...]string{
		"sharedsecret", "webhooksecret", "hmacsecret", "jwtsecret", "signingsecret", "sessionsecret", "cookiesecret", "oauthsecret",
		"mastersecret", "authsecret", "adminsecret", "usersecret", "appkeysecret", "accesssecret",
	} {
		if wordTail(key, w) > 0 {
			return keyMaySay
		}
	}
	return tailed(key, "existingsecret", keyReference) | tailed(key, "pullsecret", keyReference)
}

// basicKey classifies a key that ends with auth.
func basicKey(key string) keyClass {
	if strings.EqualFold(key, "auth") || strings.EqualFold(key, "_auth") {
		return keyBasic
	}
	return 0
}

// says reports whether a string or a literal under a key of the class is a
// credential by what its key says. What else is in the object may tell that it is
// the name of one.
func (c keyClass) says(text string, beside keyClass) bool {
	switch {
	case c&(keySaying|keyMaySay|keyBasic) == 0 || isOrdinary(text):
		return false
	case beside&keyReference != 0 && isName(text, 1):
		return false
	case c&keySaying != 0:
		return !isPath(text)
	case c&keyMaySay != 0:
		return !isName(text, 2) && !isPath(text)
	default:
		return isBasic(text)
	}
}

// isOrdinary reports whether text is nothing that a credential could be: empty, a
// switch, a small number, a reference to what is told elsewhere, or a mark.
func isOrdinary(text string) bool {
	switch {
	case text == "" || isWholeMark(text):
		return true
	case len(text) < 4 && strings.Trim(text, "0123456789") == "":
		return true
	case len(text) <= len("false"):
		for _, w := range [...]string{"true", "false", "null", "none", "yes", "no", "on", "off"} {
			if strings.EqualFold(text, w) {
				return true
			}
		}
	}
	return isReference(text) || isLatency(text)
}

// maxLatency is the length of the longest time, in bytes.
const maxLatency = 32

// isLatency reports whether text is a time of less than a second, as Go writes it:
// API servers tell how long authorization took under that key.
func isLatency(text string) bool {
	if text[0] < '0' || text[0] > '9' || len(text) > maxLatency {
		return false
	}
	for _, unit := range [...]string{"ns", "µs", "ms"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			return strings.Trim(number, ".0123456789") == ""
		}
	}
	return false
}

// maxReference bounds the search for the end of a reference, in bytes.
const maxReference = 512

// isReference reports whether text is made of references alone: $(NAME), ${NAME},
// $NAME, or templates in double braces without any literal.
func isReference(text string) bool {
	if text == "" || len(text) > maxReference || (text[0] != '$' && text[0] != '{') {
		return false
	}
	for text != "" {
		n := reference(text)
		if n == 0 {
			return false
		}
		text = strings.TrimLeft(text[n:], ":/@-_.,")
	}
	return true
}

// reference returns the length of the reference that text begins with, or 0.
func reference(text string) int {
	for _, q := range [...]struct{ open, closing, within string }{
		{"$(", ")", ""}, {"${", "}", ""}, {"{{", "}}", " $|-"},
	} {
		inside, ok := strings.CutPrefix(text, q.open)
		if !ok {
			continue
		}
		n := strings.Index(inside, q.closing)
		if n <= 0 || strings.TrimFunc(inside[:n], func(r rune) bool { return isWordRune(r) || strings.ContainsRune(q.within, r) }) != "" {
			return 0
		}
		return len(q.open) + n + len(q.closing)
	}
	if text[0] != '$' {
		return 0
	}
	n := 1
	for n < len(text) && (isLetter(text[n]) || '0' <= text[n] && text[n] <= '9' || text[n] == '_') {
		n++
	}
	// Upper-case letters begin the name of a variable; a password may begin with $.
	if n < 3 || text[1] < 'A' || text[1] > 'Z' || strings.ToUpper(text[1:n]) != text[1:n] {
		return 0
	}
	return n
}

func isWordRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.'
}

// isName reports whether text is a name as people make them of at least so many
// words: letters of one case, short numbers, and what separates them. What is
// random has digits among its letters.
func isName(text string, least int) bool {
	if len(text) > maxKey {
		return false
	}
	words := 0
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '-' || r == '_' || r == '.' || r == '/' }) {
		digits := strings.TrimLeft(part, "abcdefghijklmnopqrstuvwxyz")
		if digits == part {
			digits = strings.TrimLeft(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		}
		if least == 1 && strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			digits = "" // What stands beside a reference may be in humps.
		}
		letters := len(part) - len(digits)
		if letters > 20 || len(digits) > 3 || (letters > 1 && len(digits) > 2) || strings.Trim(digits, "0123456789") != "" {
			return false
		}
		words++
	}
	return words >= least
}

// isPath reports whether text is the absolute path of a file, or the name of one
// that holds a key.
func isPath(text string) bool {
	if len(text) > maxKey || strings.ContainsAny(text, " \n=+") {
		return false
	}
	if text[0] == '/' || strings.HasPrefix(text, "./") {
		return isName(text, 2)
	}
	return strings.HasSuffix(text, ".pem") || strings.HasSuffix(text, ".key") || strings.HasSuffix(text, ".crt")
}
