package redact

import (
	"regexp"
	"strings"
	"testing"
)

func TestNamesOfVariables(t *testing.T) {
	s := structuralOf(testSalt)
	for name, secret := range map[string]bool{
		"DB_PASSWORD": true, "db_passwd": true, "dbPasswd": true, "db-passwd": true, "orders.dsn": true, "MY_SECRET_KEY": true, "sessionSecretBase": true,
		"DB_PASSWORD_FILE": false, "TOKEN_TTL": false, "tokenTtl": false, "secretName": false, "existingSecret": false, "imagePullSecrets": false,
		"MODE": false, "": false, "PATH": false, "apiKey": true, strings.Repeat("x", 400) + "_SECRET": true,
	} {
		if got, _ := s.variable(name); got != secret {
			t.Errorf("%q says secret: %v", name, got)
		}
	}
	off := newStructural(&Options{}, newHasher(testSalt), s.trees, s.x, nil)
	for name, secret := range map[string]bool{"DB_PASSWORD": true, "ORDERS_DSN": false, "MY_SECRET_KEY": false} {
		if got, _ := off.variable(name); got != secret {
			t.Errorf("without names %q says secret: %v", name, got)
		}
	}
	excepting := newStructural(&Options{}, newHasher(testSalt), s.trees, s.x, newEnviron([]string{"!PUBLIC_*"}))
	if got, _ := excepting.variable("PUBLIC_TOKEN"); got {
		t.Error("an excepted name says secret")
	}
}

// FuzzGlob compares globs with the expressions that they stand for.
func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"*a*b", "xaxb"}, {"?", ""}, {"a*", "a"}, {"*_pwd", "db_pwd"}, {"***", ""}, {"a?c*e", "abcde"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, glob, name string) {
		if len(glob) > 20 || len(name) > 100 {
			t.Skip("too large to be of use")
		}
		var b strings.Builder
		b.WriteString(`(?s)^`)
		for i := range len(glob) {
			switch glob[i] {
			case '*':
				b.WriteString(`.*`)
			case '?':
				b.WriteString(`.`)
			default:
				if glob[i] >= 0x80 || i < len(name) && name[i] >= 0x80 {
					t.Skip("names are ASCII")
				}
				b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
			}
		}
		if !isASCII(name) {
			t.Skip("names are ASCII")
		}
		if got, want := matchGlob(glob, []byte(name)), regexp.MustCompile(b.String()+`$`).MatchString(name); got != want {
			t.Errorf("%q matches %q: %v", glob, name, got)
		}
	})
}
