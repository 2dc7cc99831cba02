package redact

import "strings"

// environ are names of environment variables that say that the value is a secret.
type environ struct {
	// names and except are globs in lower case.
	names, except []string
}

// newEnviron returns nil where there are no names.
func newEnviron(globs []string) *environ {
	if len(globs) == 0 {
		return nil
	}
	e := new(environ)
	for _, g := range globs {
		if except, ok := strings.CutPrefix(g, "!"); ok {
			e.except = append(e.except, strings.ToLower(except))
		} else {
			e.names = append(e.names, strings.ToLower(g))
		}
	}
	return e
}

// maxName bounds the names that are compared, in bytes. Of a longer one the end
// counts, which says what it is.
const maxName = 256

// look tells of a name whether it says secret, and whether it is excepted. A name in
// humps, or with dashes or dots, counts as the one that variables have, too:
// dbPasswd is DB_PASSWD.
func (e *environ) look(name string) (secret, excepted bool) {
	if e == nil || name == "" {
		return false, false
	}
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	var asIs [maxName]byte
	var apart [2 * maxName]byte
	a, n := 0, 0
	for i := range len(name) {
		c := name[i]
		upper := 'A' <= c && c <= 'Z'
		if upper && i > 0 && ('a' <= name[i-1] && name[i-1] <= 'z' || '0' <= name[i-1] && name[i-1] <= '9') {
			apart[n] = '_'
			n++
		}
		if upper {
			c |= 0x20
		}
		asIs[a] = c
		a++
		if c == '-' || c == '.' || c == '/' {
			c = '_'
		}
		apart[n] = c
		n++
	}
	matches := func(globs []string) bool {
		for _, g := range globs {
			if matchGlob(g, asIs[:a]) || matchGlob(g, apart[:n]) {
				return true
			}
		}
		return false
	}
	if !matches(e.names) {
		return false, len(e.except) > 0 && matches(e.except)
	}
	excepted = matches(e.except)
	return !excepted, excepted
}

// matchGlob reports whether name matches a glob with * and ?.
func matchGlob(glob string, name []byte) bool {
	g, i, star, from := 0, 0, -1, 0
	for i < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, from = g, i
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == name[i]):
			g++
			i++
		case star >= 0:
			from++
			g, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(glob[g:], "*") == ""
}

// variable reports whether the name of a variable, a parameter or a header says
// that its value is a secret.
func (s *structural) variable(name string) (secret bool, rule string) {
	secret, excepted := s.env.look(name)
	class := classify(name)
	switch {
	case excepted:
		return false, ""
	case class&(keyVanishing|keyVanishingTail|keySaying) != 0:
		return true, RuleField
	case secret && class&keyReference == 0:
		return true, RuleEnv
	default:
		return false, ""
	}
}

// isVariable reports whether name is one that variables have where nothing else
// tells that it is one: upper-case letters, digits and underscores.
func isVariable(name string) bool {
	letters := 0
	for i := range len(name) {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z':
			letters++
		case c == '_', '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return letters > 0
}
