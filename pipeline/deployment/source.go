package deployment

import "strings"

// withoutCredentials returns a repository's URL without what may stand before
// its host, and without its query, which some hosts take tokens in. git@host:path
// stays as it is: there is no room for a password.
func withoutCredentials(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	authority, _, _ := strings.Cut(rest, "/")
	switch at := strings.LastIndexByte(authority, '@'); {
	case at >= 0:
		rest = rest[at+1:]
	case !isHostPort(authority):
		// A password that was not percent-encoded may contain the slash at which
		// the authority seems to end.
		rest = rest[strings.LastIndexByte(rest, '@')+1:]
	}
	return scheme + "://" + rest
}

// isHostPort reports whether what follows the last colon can be a port.
func isHostPort(s string) bool {
	if strings.HasSuffix(s, "]") {
		return true
	}
	i := strings.LastIndexByte(s, ':')
	return i < 0 || strings.Trim(s[i+1:], "0123456789") == ""
}
