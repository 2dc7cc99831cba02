package custom

import (
	"errors"
	"fmt"
	"strings"
)

// maxKind is the longest name of a kind with its group, or a pattern for them.
const maxKind = 320

// pattern is a kind, or a pattern of kinds, as group/Kind; of the core group just
// Kind. In it * stands for any characters and ? for one.
type pattern struct {
	text string
	// folded is set where neither stands for a slash, as in names of folders.
	folded bool
}

// newPattern checks a pattern.
func newPattern(text string, folded bool) (pattern, error) {
	switch {
	case text == "" || strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/"):
		return pattern{}, errors.New("names no kind")
	case len(text) > maxKind:
		return pattern{}, errors.New("is too long for a kind")
	case strings.Count(text, "/") > 1:
		return pattern{}, errors.New("has more than one slash")
	}
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '/', c == '*', c == '?':
		default:
			return pattern{}, errors.New("has characters that no kind has; the wildcards are * and ?")
		}
	}
	return pattern{text: text, folded: folded}, nil
}

// parseKind reads a kind in the notation of kubectl: Pod, Certificate.cert-manager.io,
// *.example.com for all kinds of a group, Kind.*.example.com for one kind of
// several groups.
func parseKind(s string) (pattern, error) {
	kind, group, _ := strings.Cut(s, ".")
	text := kind
	if group != "" {
		text = group + "/" + kind
	}
	if kind == "" || strings.HasSuffix(s, ".") || strings.Contains(s, "/") {
		return pattern{}, errors.New("names no kind")
	}
	p, err := newPattern(text, true)
	if err != nil {
		return pattern{}, err
	}
	return p, nil
}

// wild reports whether this is a pattern rather than a kind.
func (p pattern) wild() bool { return strings.ContainsAny(p.text, "*?") }

// String returns the notation of kubectl.
func (p pattern) String() string {
	group, kind, ok := strings.Cut(p.text, "/")
	if !ok {
		return p.text
	}
	return fmt.Sprintf("%s.%s", kind, group)
}

// matches reports whether a kind, as group/Kind, matches. It takes time linear in
// the product of the lengths, which are bounded.
func (p pattern) matches(key string) bool {
	if !p.folded {
		return glob(p.text, key)
	}
	group, kind, ok := strings.Cut(p.text, "/")
	keyGroup, keyKind, keyOK := strings.Cut(key, "/")
	return ok == keyOK && glob(group, keyGroup) && glob(kind, keyKind)
}

// glob reports whether a text matches a pattern of *, ? and characters that stand
// for themselves.
func glob(pattern, text string) bool {
	// Only the last star ever has to be tried again.
	star, retry := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			retry++
			p, t = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
