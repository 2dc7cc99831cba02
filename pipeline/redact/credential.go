package redact

import "strings"

// redactCredentials replaces the credentials in v: those of headers, of keys
// that hold nothing else, and the passwords of URLs. It returns v if there are
// none.
func redactCredentials(v string) string {
	var out []byte
	done := 0
	var w word
	for i := 0; i < len(v); {
		start, end := credential(v, i, &w)
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
// name of a header, begins at i. The range is empty if there is none. The word
// of the last call speeds up the next.
func credential(v string, i int, w *word) (start, end int) {
	switch v[i] {
	case ':':
		if j := afterScheme(v, i); j > 0 {
			return urlPassword(v, j, w)
		}
	case 'a', 'A':
		if hasPrefixFold(v[i:], "authorization") {
			return headerValue(v, i+len("authorization"))
		}
	case 'b', 'B':
		if hasPrefixFold(v[i:], "bearer") && (i == 0 || !isLetter(v[i-1])) {
			return bearerToken(v, i+len("bearer"))
		}
		if hasPrefixFold(v[i:], "basic ") && (i == 0 || !isLetter(v[i-1])) {
			return basicCredential(v, i+len("basic"))
		}
	case '.':
		if isBootstrap(v, i) {
			return i + 1, i + 1 + bootstrapValue
		}
	case 'c', 'C':
		if hasPrefixFold(v[i:], "client-key-data") {
			return valueOf(v, i, i+len("client-key-data"), false)
		}
	case 'p', 'P':
		if hasPrefixFold(v[i:], "password") {
			return valueOf(v, i, i+len("password"), true)
		}
	case 't', 'T':
		if hasPrefixFold(v[i:], bootstrapSecret) {
			return valueOf(v, i, i+len(bootstrapSecret), false)
		}
		if hasPrefixFold(v[i:], "token") {
			return valueOf(v, i, i+len("token"), true)
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
		if j == i+len(scheme) {
			continue
		}
		if !hasQuote(v[quoted:i]) {
			j = skipOpening(v, j)
		}
		if isMark(v[j:]) {
			return 0, 0
		}
		if end = endOfWord(v, j); scheme == "token" || isParameter(v, j, end) {
			// There may be more of them: Token token="abc", nonce="def".
			end = endOfValue(v, quoted, j)
		}
		return j, end
	}
	return i, endOfValue(v, quoted, i)
}

// isParameter reports whether the word from start to end is the name of a
// parameter and its equals sign, with a quoted value behind it. What ends so,
// but is of a length as base64 has, may as well be a padded credential before
// the closing quote of something else.
func isParameter(v string, start, end int) bool {
	if end == len(v) || end == start || v[end-1] != '=' || !isOpening(v[end]) {
		return false
	}
	value := skipOpening(v, end)
	return (end-start)%4 != 0 || (value < len(v) && isToken68(v[value]))
}

func isOpening(c byte) bool { return c == '\\' || hasQuote(string(c)) }

// skipOpening returns the index of the first byte of v from i that is neither
// a quote nor its escape.
func skipOpening(v string, i int) int {
	for i < len(v) && isOpening(v[i]) {
		i++
	}
	return i
}

// valueOf finds the value of a key of which the last word lies between from
// and i. With quotes set both have to be quoted, as in JSON, or the key has to
// begin a line, as in YAML and in files of variables: the words alone are too
// common.
func valueOf(v string, from, i int, quotes bool) (start, end int) {
	if !isKey(v[i:]) {
		return 0, 0
	}
	colon := skipQuotes(v, i)
	start = skipQuotes(v, colon+1)
	if start >= len(v) || isMark(v[start:]) {
		return 0, 0
	}
	if quotes && (!hasQuote(v[i:colon]) || !hasQuote(v[colon+1:start])) {
		if !assigns(v, i, colon, start) || !beginsLine(v, from) {
			return 0, 0
		}
		if v[start] == '|' || v[start] == '>' {
			// What follows, indented, is the value.
			return start, len(v)
		}
	}
	end = endOfValue(v, colon+1, start)
	if quotes && start < end && isReference(strings.TrimSpace(v[start:end])) {
		return 0, 0
	}
	return start, end
}

// assigns reports whether the colon or equals sign stands, in one line, between
// a key that ends at i and a value that begins at start. Behind the colon of a
// mapping there is white space; in a:b there is none.
func assigns(v string, i, colon, start int) bool {
	if strings.ContainsAny(v[i:start], "\r\n") {
		return false
	}
	return v[colon] == '=' || v[colon+1] == ' ' || v[colon+1] == '\t'
}

// maxKey bounds the search for the beginning of a line before a key.
const maxKey = 256

// beginsLine reports whether the key of which the last word begins at i is the
// first of its line, such as access_token, --token or export DB_PASSWORD.
func beginsLine(v string, i int) bool {
	low := max(0, i-maxKey)
	for i > low && isKeyByte(v[i-1]) {
		i--
	}
	for i > low && (v[i-1] == '"' || v[i-1] == '\'') {
		i--
	}
	i = low + len(strings.TrimRight(v[low:i], " \t-"))
	i = low + len(strings.TrimRight(strings.TrimSuffix(v[low:i], "export"), " \t"))
	return i == 0 || v[i-1] == '\n' || v[i-1] == '\r' || v[i-1] == '\\'
}

func isKeyByte(c byte) bool { return keyBytes[c] }

// keyBytes are those of keys without quotes.
var keyBytes = func() (of [256]bool) {
	for c := range of {
		of[c] = isLetter(byte(c)) || '0' <= c && c <= '9' || strings.IndexByte("_.-/", byte(c)) >= 0
	}
	return of
}()

func hasQuote(s string) bool { return strings.ContainsAny(s, "\"'`") }

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

// maxQuote bounds the quotes with their escapes around a value, in bytes: they
// are compared at every byte of it.
const maxQuote = 64

// endOfValue returns where the value ends that begins at start, with the
// quotes before it from open on: at the same quotes, or else at the end of the
// line. Behind too many quotes all is taken for the value.
func endOfValue(v string, open, start int) int {
	quote := strings.TrimLeft(v[open:start], " \t\r\n[")
	if hasQuote(quote) {
		if len(quote) > maxQuote {
			return len(v)
		}
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

// word is a run without white space and quotes in which a URL was met. It may
// hold many, and is searched once for all of them.
type word struct {
	// end is where it ends, 0 before the first.
	end int
	// at is where its last @ stands, negative if it has none.
	at int
}

// urlPassword finds the password in the authority of a URL, which begins at i,
// or the whole user information where that is a token and no name.
func urlPassword(v string, i int, w *word) (start, end int) {
	if i >= w.end {
		w.end = endOfWord(v, i)
		w.at = i + strings.LastIndexByte(v[i:w.end], '@')
		if w.at < i {
			w.at = -1
		}
	}
	if w.at < i {
		return 0, 0
	}
	authority := v[i:w.end]
	if j := strings.IndexAny(authority, "/?#"); j >= 0 {
		authority = authority[:j]
	}
	at := strings.LastIndexByte(authority, '@')
	info := authority
	if at >= 0 {
		info = authority[:at]
	}
	colon := strings.IndexByte(info, ':')
	switch {
	case at < 0 && (colon < 0 || isPort(info[colon+1:])):
		return 0, 0
	case at < 0:
		// The password holds a slash or the like that should be escaped.
		at = w.at - i
	case info == "git":
		// The name that everyone has on servers of repositories.
		return 0, 0
	case colon < 0, colon == at-1, info[colon+1:] == "x-oauth-basic":
		colon = -1
	}
	if at == colon+1 || v[i+colon+1:i+at] == MarkRedacted {
		return 0, 0
	}
	return i + colon + 1, i + at
}

func isPort(s string) bool {
	s = strings.TrimSuffix(s, `\`)
	return s != "" && strings.Trim(s, "0123456789") == ""
}
