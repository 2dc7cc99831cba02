package pattern

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// allowance lets secrets stay that all of its parts agree to; a part that is
// nil agrees to any.
type allowance struct {
	path  *pathGlob
	value *regexp.Regexp
	// ruleGlob names the rules, and rule has their ids.
	ruleGlob string
	rule     map[string]bool
	// where names the file and line.
	where string
}

// bindAllowances finds the rules that allowances name, once all are known.
func (s *Set) bindAllowances() error {
	for i := range s.allow {
		a := &s.allow[i]
		if a.ruleGlob == "" {
			continue
		}
		ids, err := s.matching(a.ruleGlob)
		if err != nil {
			return fmt.Errorf("%s: allow: %w", a.where, err)
		}
		a.rule = map[string]bool{}
		for _, id := range ids {
			a.rule[id] = true
		}
	}
	return nil
}

// pathGlob is a glob over JSON pointers: * is any part of a path segment, and
// ** any number of segments.
type pathGlob struct{ segments []string }

const anySegments = "**"

func newPathGlob(s string) (*pathGlob, error) {
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("a path begins with a slash, such as /audit/**/annotations/*")
	}
	g := &pathGlob{strings.Split(s[1:], "/")}
	for _, segment := range g.segments {
		if _, err := path.Match(segment, ""); err != nil {
			return nil, fmt.Errorf("a segment of the path is no glob")
		}
	}
	return g, nil
}

// matches compares segment by segment. Behind a ** it tries again from the
// next segment; only the last ** has to be tried, as with globs of one level.
func (g *pathGlob) matches(pointer string) bool {
	if !strings.HasPrefix(pointer, "/") {
		return false
	}
	names := strings.Split(pointer[1:], "/")
	i, j, star, resume := 0, 0, -1, 0
	for j < len(names) {
		switch {
		case i < len(g.segments) && g.segments[i] == anySegments:
			star, resume = i, j
			i++
		case i < len(g.segments) && segmentMatches(g.segments[i], names[j]):
			i++
			j++
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	for i < len(g.segments) && g.segments[i] == anySegments {
		i++
	}
	return i == len(g.segments)
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

func segmentMatches(glob, name string) bool {
	// A slash in a name is none of the path.
	name = strings.ReplaceAll(unescape.Replace(name), "/", "\x00")
	glob = strings.ReplaceAll(unescape.Replace(glob), "/", "\x00")
	ok, err := path.Match(glob, name)
	return ok && err == nil
}
