package redact

import "strings"

// argv reads the words of a command one after the other, and tells which are
// credentials: values of flags and variables that say secret, and those of the
// short flags of well-known programs.
type argv struct {
	// flags are those of the program, nil for one that is not known.
	flags *programFlags
	// begun is set behind the name of the program.
	begun bool
	// login is set where one has the flag for a command alone, and that came.
	login bool
	next  expectation
}

// expectation is what the next word is to be.
type expectation uint8

const (
	expectAny expectation = iota
	expectSecret
	// expectMaybe is a secret unless it looks like a name.
	expectMaybe
	// expectUser is a name, a colon and a password.
	expectUser
)

// programFlags are the short flags of a program that take credentials.
type programFlags struct {
	// secret takes one, user a name with one.
	secret, user string
	// attached is set where the flag alone asks for it.
	attached bool
	// login is set where it does so only behind that word.
	login bool
}

var programs = map[string]*programFlags{
	"mysql": {secret: "p", attached: true}, "mariadb": {secret: "p", attached: true},
	"sshpass": {secret: "p"}, "mongo": {secret: "p"}, "cqlsh": {secret: "p"}, "rabbitmqadmin": {secret: "p"}, "influx": {secret: "p"},
	"redis-cli": {secret: "a"}, "valkey-cli": {secret: "a"}, "ldap": {secret: "w"},
	"sqlcmd": {secret: "P"}, "bcp": {secret: "P"}, "isql": {secret: "P"}, "unzip": {secret: "P"},
	"curl": {user: "uU"}, "http": {user: "a"}, "https": {user: "a"},
	"docker": {secret: "p", login: true}, "podman": {secret: "p", login: true}, "nerdctl": {secret: "p", login: true},
	"helm": {secret: "p", login: true}, "oc": {secret: "p", login: true}, "az": {secret: "p", login: true}, "skopeo": {secret: "p", login: true},
}

// families are programs with many names that begin alike.
var families = [...]string{"mysql", "mariadb", "mongo", "ldap"}

// program returns what is known of the program of which the path is given.
func program(path string) *programFlags {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if p := programs[name]; p != nil {
		return p
	}
	for _, f := range families {
		if strings.HasPrefix(name, f) {
			return programs[f]
		}
	}
	return nil
}

// read returns where in the word the credential lies that it ends with, or has
// in it; the range is empty if there is none.
func (a *argv) read(s *structural, word string) (start, end int) {
	expect := a.next
	a.next = expectAny
	if expect != expectAny && !isFlag(word) {
		return expected(expect, word)
	}
	if len(word) > 1 && word[0] == '-' {
		return a.flag(s, word)
	}
	start, end = s.assignment(word)
	switch {
	case start < end, a.begun && !a.login && word != "login":
		return start, end
	case a.begun:
		a.login = true
	case !isWrapper(word) && strings.IndexByte(word, '=') < 0:
		a.begun, a.flags = true, program(word)
	}
	return start, end
}

// isFlag reports whether the word is a long flag, and so not the value of the one
// before.
func isFlag(word string) bool {
	name, ok := strings.CutPrefix(word, "--")
	return ok && name != "" && isLetter(name[0]) && !strings.ContainsAny(name, " \t\n")
}

// isWrapper reports whether the word is the name of a program that runs the one
// that follows.
func isWrapper(word string) bool {
	switch word[strings.LastIndexByte(word, '/')+1:] {
	case "env", "sudo", "exec", "nohup", "time", "sh", "bash", "ash", "dash", "zsh", "export", "set", "do", "then", "else", "if", "!", "tini", "dumb-init":
		return true
	}
	return false
}

// expected finds the credential in a word that is to be one.
func expected(e expectation, word string) (start, end int) {
	switch e {
	case expectUser:
		// The password is behind the first colon.
		if i := strings.IndexByte(word, ':'); i >= 0 && !isOrdinary(unquoted(word[i+1:])) {
			return i + 1, len(word)
		}
	case expectMaybe:
		if isName(word, 2) || isPath(word) {
			return 0, 0
		}
		return expected(expectSecret, word)
	case expectSecret:
		if plain := unquoted(word); !isOrdinary(plain) && !isSubstitution(plain) {
			return 0, len(word)
		}
	case expectAny:
	}
	return 0, 0
}

// isSubstitution reports whether a shell reads the word from elsewhere.
func isSubstitution(word string) bool {
	return strings.HasPrefix(word, "$(cat ") || strings.HasPrefix(word, "$(<") || word == "$(cat" || word == "`cat"
}

func unquoted(word string) string { return strings.Trim(word, "\"'") }

// flag reads a word that begins with a dash.
func (a *argv) flag(s *structural, word string) (start, end int) {
	name := strings.TrimLeft(word, "-")
	at := len(word) - len(name)
	if i := strings.IndexByte(name, '='); i >= 0 {
		value := at + i + 1
		if e := a.takes(name[:i]); e != expectAny && value < len(word) {
			from, to := expected(e, word[value:])
			return value + from, value + to
		}
		from, to := s.assignment(word[value:])
		return value + from, value + to
	}
	if a.next = a.takes(name); a.next != expectAny || at > 1 || a.flags == nil || len(name) < 1 {
		return 0, 0
	}
	secret := strings.IndexByte(a.flags.secret, name[0]) >= 0 && (!a.flags.login || a.login)
	user := strings.IndexByte(a.flags.user, name[0]) >= 0
	switch {
	case !secret && !user:
	case len(name) == 1 && user:
		a.next = expectUser
	case len(name) == 1:
		if !a.flags.attached {
			a.next = expectSecret
		}
	case secret:
		from, to := expected(expectSecret, name[1:])
		return at + 1 + from, at + 1 + to
	default:
		from, to := expected(expectUser, name[1:])
		return at + 1 + from, at + 1 + to
	}
	return 0, 0
}

// takes returns what the flag of that name is followed by.
func (a *argv) takes(name string) expectation {
	if len(name) < len("pass") {
		return expectAny
	}
	switch class := classify(name); {
	case class&(keyVanishing|keyVanishingTail|keySaying) != 0:
		return expectSecret
	case class&keyMaySay != 0:
		return expectMaybe
	}
	switch name {
	case "pass", "storepass", "keypass", "srcstorepass", "deststorepass", "passin", "passout", "pw", "pwd":
		return expectSecret
	case "user", "proxy-user":
		if a.flags != nil && a.flags.user != "" {
			return expectUser
		}
	}
	return expectAny
}

// assignment finds the first value in a word that is assigned to a name that says
// secret. Where it ends is not known: all that follows is taken for it.
func (s *structural) assignment(word string) (start, end int) {
	name := 0
	// The quotes at the end are looked for once, not for each name.
	last := len(strings.TrimRight(word, "\"'"))
	for i := range len(word) {
		switch word[i] {
		case '=':
			key := strings.Trim(word[name:i], "\"'`[]")
			name = i + 1
			value := strings.TrimLeft(word[i+1:max(i+1, last)], "\"'")
			if key == "" || isOrdinary(value) || isMark(value) || isSubstitution(value) {
				continue
			}
			if secret, _ := s.variable(key); secret {
				return i + 1, len(word)
			}
			if classify(key)&keyMaySay != 0 && !isName(value, 2) {
				return i + 1, len(word)
			}
		case ' ', '\t', '\n', ',', ';', '&', '?', '#', '"', '\'', '{':
			name = i + 1
		}
	}
	return 0, 0
}
