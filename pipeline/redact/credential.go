package redact

import "strings"

// redactCredentials replaces the credentials in v: those of headers, of keys
// that hold nothing else, and the passwords of URLs. It returns v if there are
// none.
func redactCredentials(v string) string {
	var out []byte
	done := 0
	for i := 0; i < len(v); {
		start, end := credential(v, i)
		if end <= start {
			i++
			continue
		}
		out = append(append(out, v[done:start]...), MarkRedacted...)
		done, i = end, end
	}
	if done == 0 {
		return v
	}
	return string(append(out, v[done:]...))
}

// credential returns where the credential lies whose announcement, such as the
// name of a header, begins at i. The range is empty if there is none.
func credential(v string, i int) (start, end int) {
	switch v[i] {
	case ':':
		if j := afterScheme(v, i); j > 0 {
			return urlPassword(v, j)
		}
	case 'a', 'A':
		if hasPrefixFold(v[i:], "authorization") {
			return headerValue(v, i+len("authorization"))
		}
	case 'b', 'B':
		if hasPrefixFold(v[i:], "bearer") && (i == 0 || !isLetter(v[i-1])) {
			return bearerToken(v, i+len("bearer"))
		}
	case 'c', 'C':
		if hasPrefixFold(v[i:], "client-key-data") {
			return keyValue(v, i+len("client-key-data"), false)
		}
	case 'p', 'P':
		if hasPrefixFold(v[i:], "password") {
			return keyValue(v, i+len("password"), true)
		}
	case 't', 'T':
		if hasPrefixFold(v[i:], bootstrapSecret) {
			return keyValue(v, i+len(bootstrapSecret), false)
		}
		if hasPrefixFold(v[i:], "token") {
			return keyValue(v, i+len("token"), true)
		}
	}
	return 0, 0
}

// headerValue finds what follows the name of an Authorization header that ends
// at i: the credentials behind a well-known scheme, or else all of the value.
func headerValue(v string, i int) (start, end int) {
	if !isKey(v[i:]) {
		return 0, 0
	}
	i = skipQuotes(v, i) + 1
	quoted := i
	i = skipQuotes(v, i)
	// Go prints a header as a list: Authorization:[Bearer abc].
	if i < len(v) && v[i] == '[' && !isMark(v[i:]) {
		i = skipQuotes(v, i+1)
	}
	if i >= len(v) || isMark(v[i:]) {
		return 0, 0
	}
	for _, scheme := range [...]string{"bearer", "basic", "token", "negotiate"} {
		if !hasPrefixFold(v[i:], scheme) {
			continue
		}
		j := i + len(scheme)
		for j < len(v) && (v[j] == ' ' || v[j] == '\t') {
			j++
		}
		if j > i+len(scheme) {
			if isMark(v[j:]) {
				return 0, 0
			}
			return j, endOfWord(v, j)
		}
	}
	return i, endOfValue(v, quoted, i)
}

// keyValue finds the value of a key that ends at i. With quotes set both have
// to be quoted, as in JSON: the words alone are too common.
func keyValue(v string, i int, quotes bool) (start, end int) {
	if !isKey(v[i:]) {
		return 0, 0
	}
	colon := skipQuotes(v, i)
	start = skipQuotes(v, colon+1)
	if start >= len(v) || isMark(v[start:]) {
		return 0, 0
	}
	if quotes && (!hasQuote(v[i:colon]) || !hasQuote(v[colon+1:start])) {
		return 0, 0
	}
	return start, endOfValue(v, colon+1, start)
}

func hasQuote(s string) bool { return strings.ContainsAny(s, "\"'`") }

// isMark reports whether s begins with what replaces a redacted value.
func isMark(s string) bool {
	return strings.HasPrefix(s, MarkRedacted) || strings.HasPrefix(s, MarkWithheld) || isHash(s)
}

func isHash(s string) bool {
	const size = len(MarkHash) + 32
	if len(s) < size || !strings.HasPrefix(s, MarkHash) {
		return false
	}
	for i := len(MarkHash); i < size; i++ {
		if _, ok := hexDigit(s[i]); !ok {
			return false
		}
	}
	return len(s) == size || s[size] == '"' || s[size] == '\\'
}

// bearerToken finds the token that follows the word bearer, which ends at i. A
// word of prose is none.
func bearerToken(v string, i int) (start, end int) {
	start = i
	for start < len(v) && (v[start] == ' ' || v[start] == '\t') {
		start++
	}
	if start == i {
		return 0, 0
	}
	digit := false
	for end = start; end < len(v) && isToken68(v[end]); end++ {
		digit = digit || '0' <= v[end] && v[end] <= '9'
	}
	if strings.HasPrefix(v[start:], "eyJ") || (digit && end-start >= 16) {
		return start, end
	}
	return 0, 0
}

// isToken68 reports whether c may stand in a token, RFC 9110 section 11.2.
func isToken68(c byte) bool {
	return isLetter(c) || '0' <= c && c <= '9' || strings.IndexByte("-._~+/=", c) >= 0
}

// endOfWord returns where a run without white space and quotes ends.
func endOfWord(v string, i int) int {
	for i < len(v) {
		switch v[i] {
		case ' ', '\t', '\r', '\n', '"', '\'', '`':
			return i
		case '\\':
			if i+1 < len(v) && strings.IndexByte(`"'nrt\`, v[i+1]) >= 0 {
				return i
			}
		}
		i++
	}
	return i
}

// endOfValue returns where the value ends that begins at start, with the
// quotes before it from open on: at the same quotes, or else at the end of the
// line.
func endOfValue(v string, open, start int) int {
	quote := strings.TrimLeft(v[open:start], " \t\r\n[")
	if quote != "" && hasQuote(quote) {
		for i := start; i < len(v); i++ {
			if strings.HasPrefix(v[i:], quote) && v[i-1] != '\\' {
				return i
			}
		}
		return len(v)
	}
	if j := strings.IndexAny(v[start:], "\r\n"); j >= 0 {
		return start + j
	}
	return len(v)
}

// maxAuthority bounds the search for the end of a URL's password, in bytes.
const maxAuthority = 1024

// afterScheme returns the index behind the :// that begins at the colon at i,
// be its slashes escaped as in some JSON or not, and 0 if there is none.
func afterScheme(v string, i int) int {
	for _, s := range [...]string{"://", `:\/\/`} {
		if strings.HasPrefix(v[i:], s) {
			return i + len(s)
		}
	}
	return 0
}

// urlPassword finds the password in the authority of a URL, which begins at i.
func urlPassword(v string, i int) (start, end int) {
	rest := v[i:min(len(v), i+maxAuthority)]
	if strings.IndexByte(rest, '@') < 0 {
		return 0, 0
	}
	rest = rest[:endOfWord(rest, 0)]
	authority := rest
	if j := strings.IndexAny(rest, "/?#"); j >= 0 {
		authority = rest[:j]
	}
	colon := strings.IndexByte(authority, ':')
	if colon < 0 {
		return 0, 0
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 && !isPort(authority[colon+1:]) {
		// The password holds a slash or the like that should be escaped.
		at = strings.LastIndexByte(rest, '@')
	}
	if at <= colon+1 || rest[colon+1:at] == MarkRedacted {
		return 0, 0
	}
	return i + colon + 1, i + at
}

func isPort(s string) bool {
	s = strings.TrimSuffix(s, `\`)
	return s != "" && strings.Trim(s, "0123456789") == ""
}
