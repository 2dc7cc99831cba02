package redact

import (
	"strings"
	"testing"
	"time"
)

func TestCommandLines(t *testing.T) {
	s := structuralOf(testSalt)
	for in, want := range map[string]string{
		"mysql -ps3cr3t db": "mysql -p[redacted] db",
		"mysql -p db":       "mysql -p db",
		"/usr/bin/mysqldump -u root '-ps3 cr3t' db":          "/usr/bin/mysqldump -u root '-p[redacted]' db",
		"mysql --password s3cr3t":                            "mysql --password [redacted]",
		"x --password=s3cr3t y":                              "x --password=[redacted] y",
		"x --password 's3 cr3t' y":                           "x --password '[redacted]' y",
		"PGPASSWORD=s3cr3t psql -p 5432":                     "PGPASSWORD=[redacted] psql -p 5432",
		"env DB_PWD=s3cr3t sudo mysql -ps3cr3t":              "env DB_PWD=[redacted] sudo mysql -p[redacted]",
		"curl -u jane:s3cr3t http://a -o b":                  "curl -u jane:[redacted] http://a -o b",
		"curl -ujane:s3cr3t http://a":                        "curl -ujane:[redacted] http://a",
		"curl --user jane:s3cr3t http://a":                   "curl --user jane:[redacted] http://a",
		"curl -u jane http://a":                              "curl -u jane http://a",
		"useradd -u 1000 --user jane:x":                      "useradd -u 1000 --user jane:x",
		"docker run -p 80:80 a; docker login -p s3cr3t b":    "docker run -p 80:80 a; docker login -p [redacted] b",
		"sshpass -ps3cr3t ssh -p 22 a":                       "sshpass -p[redacted] ssh -p 22 a",
		"redis-cli -a s3cr3t ping | cat":                     "redis-cli -a [redacted] ping | cat",
		"ldapsearch -x -w s3cr3t -b dc=a":                    "ldapsearch -x -w [redacted] -b dc=a",
		"a && (mysql -ps3cr3t)":                              "a && (mysql -p[redacted])",
		"sh -c \"mysql -ps3cr3t -e 'select 1'\"":             "sh -c \"mysql -p[redacted] -e 'select 1'\"",
		"mysql -p$PASSWORD":                                  "mysql -p$PASSWORD",
		"mysql -p\"$(cat /run/p)\" x":                        "mysql -p\"$(cat /run/p)\" x",
		"x --token-file /a --password-file b --secret web-a": "x --token-file /a --password-file b --secret web-a",
		"x --password --verbose":                             "x --password --verbose",
		"helm upgrade --set a=b,db.passwd=s3cr3t x":          "helm upgrade --set a=b,db.passwd=[redacted] x",
		"curl -d 'user=a&passwd=s3cr3t'":                     "curl -d 'user=a&passwd=[redacted]'",
		"keytool -storepass s3cr3t -list":                    "keytool -storepass [redacted] -list",
		"plain words, none of them a secret":                 "plain words, none of them a secret",
		"":                                                   "", "'": "'", `\`: `\`, "a='": "a='", "$(": "$(",
	} {
		out := s.commandLine(in, 0)
		if out != want {
			t.Errorf("%q becomes\n%q, want\n%q", in, out, want)
		}
		if again := s.commandLine(out, 0); again != out {
			t.Errorf("%q: redacted twice it is %q", in, again)
		}
	}
}

// TestHostileCommandLines guards against work that grows with the square of the
// input.
func TestHostileCommandLines(t *testing.T) {
	s := structuralOf(testSalt)
	for _, unit := range []string{"a=", "'", `"`, "$(", "--password=", "password=$", "-", "--a ", "mysql -p'", `"'`, "\\", strings.Repeat("p", 255) + "=1 ", "x:", "\n", "- ", "a: \n", "password:\n", "name: token\n", "password: |\n "} {
		v := strings.Repeat(unit, maxSize/2/len(unit))
		start := time.Now()
		s.commandLine(v, 0)
		s.settings(v)
		s.redact(place{kind: placeBody}, `{"args":["`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(v[:len(v)/4])+`"]}`)
		s.redact(place{kind: placeURI}, "/x/exec?command="+strings.ReplaceAll(v[:len(v)/4], "=", "%3D"))
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%.20q: %v", unit, d)
		}
	}
}

func TestNewWordsOfURIs(t *testing.T) {
	s := structuralOf(testSalt)
	for in, want := range map[string]string{
		"/x?client_secret=s3cr3t&a=b":                                 "/x?client_secret=[redacted]&a=b",
		"/x?api_key=s3cr3t":                                           "/x?api_key=[redacted]",
		"/x?secret=s3cr3t9":                                           "/x?secret=[redacted]",
		"/x?secret=web-tls":                                           "/x?secret=web-tls",
		"/x/exec?command=mysql&command=-ps3cr3t&command=db":           "/x/exec?command=mysql&command=[redacted]&command=db",
		"/x/exec?command=curl&command=-u&command=a%3As3cr3t":          "/x/exec?command=curl&command=-u&command=[redacted]",
		"/x/exec?command=x&command=--password&command=s3cr3t":         "/x/exec?command=x&command=--password&command=[redacted]",
		"/x/exec?command=x&command=--verbose&container=a":             "/x/exec?command=x&command=--verbose&container=a",
		"/x/exec?a=b&command=env&command=DB_PWD%3Ds3cr3t&command=run": "/x/exec?a=b&command=env&command=[redacted]&command=run",
	} {
		out, reason := s.redact(place{kind: placeURI}, in)
		if out != want || reason != "" {
			t.Errorf("%q becomes\n%q, want\n%q, %s", in, out, want, reason)
		}
		if again, _ := s.redact(place{kind: placeURI}, out); again != out {
			t.Errorf("%q: redacted twice it is %q", in, again)
		}
	}
}
