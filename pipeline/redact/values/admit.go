package values

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// What is taken of one Secret at most.
const (
	minClusterLength = 8
	maxSecretValues  = 64
	maxSecretBytes   = 256 << 10
)

// The types of Secrets of which not every key holds something sensitive, and the
// keys that do. Of Helm's releases the structural layer knows more.
var sensitiveKeys = map[string][]string{
	"helm.sh/release.v1":                  {},
	"kubernetes.io/service-account-token": {"token"},
	"kubernetes.io/tls":                   {"tls.key"},
	"bootstrap.kubernetes.io/token":       {"token-secret"},
}

// content is what a Secret holds.
type content struct {
	key  SecretKey
	kind string
	data map[string][]byte
}

// admit returns the values of a Secret that are looked for everywhere, and how
// many more there would be but for the limits.
//
// Whoever may write a Secret anywhere chooses them. A value that is an ordinary
// word would take that word out of all records, and hide what its author does.
// So values are left out that are short, that are public by their type or key,
// or that look like a name, an address or a word of Kubernetes. A key that says
// that it holds a credential admits names, too, save those that Kubernetes has
// for itself: passwords look like anything.
func admit(s content, least int) (values []known.Value, beyond int) {
	keys := make([]string, 0, len(s.data))
	only, typed := sensitiveKeys[s.kind]
	for key := range s.data {
		if !typed || slices.Contains(only, key) {
			keys = append(keys, key)
		}
	}
	// What the limits leave out should be what matters least.
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(compareBools(namesCredential(b), namesCredential(a)), cmp.Compare(a, b))
	})
	size := 0
	add := func(key, text string) {
		if len(values) == maxSecretValues || size+len(text) > maxSecretBytes {
			beyond++
			return
		}
		size += len(text)
		values = append(values, known.Value{Name: cleanName(s.key.Namespace + "/" + s.key.Name + "/" + key), Text: text})
	}
	for _, key := range keys {
		text := strings.TrimSpace(string(s.data[key]))
		if inner, ok := documentCredentials(text); ok {
			for _, text := range inner {
				if len(text) >= least && !isOrdinary(text, true) {
					add(key, text)
				}
			}
			continue
		}
		if len(text) < least || text == s.key.Name || text == s.key.Namespace {
			continue
		}
		if credential := namesCredential(key); !isPublicKey(key, text) && !isOrdinary(text, credential) {
			add(key, text)
		}
	}
	return values, beyond
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// ordinaryKeys end keys whose values are not sensitive by themselves, after a
// sign or where a word begins: db-user, DB_USER, dbUser.
var ordinaryKeys = map[string]bool{
	"namespace": true, "username": true, "user": true, "host": true, "hostname": true, "port": true,
	"database": true, "dbname": true, "crt": true, "cert": true, "cacert": true, "bundle": true, "pub": true,
	"region": true, "email": true,
}

// isPublicKey reports whether what stands under key is not sensitive by itself.
// A user name that is none, but a URL with a password, say, is.
func isPublicKey(key, text string) bool {
	words := keyWords(key)
	if len(words) == 0 || !ordinaryKeys[words[len(words)-1]] {
		return false
	}
	return !strings.Contains(text, "PRIVATE KEY") && !strings.Contains(text, "://")
}

// credentialWords are whole words of keys that hold a credential, credentialParts
// say so within words, too.
var (
	credentialWords = map[string]bool{
		"auth": true, "authorization": true, "cookie": true, "dsn": true, "hmac": true, "jwt": true, "key": true,
		"pass": true, "passphrase": true, "pin": true, "psk": true, "pw": true, "pwd": true, "salt": true,
	}
	credentialParts = []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "privatekey", "accesskey"}
)

// namesCredential reports whether a key says that it holds a credential.
func namesCredential(key string) bool {
	lower := strings.ToLower(key)
	for _, p := range credentialParts {
		if strings.Contains(lower, p) {
			return true
		}
	}
	return slices.ContainsFunc(keyWords(key), func(w string) bool { return credentialWords[w] })
}

// keyWords divides a key at signs, and where a capital follows a small letter.
func keyWords(key string) []string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if i > 0 && 'A' <= c && c <= 'Z' && 'a' <= key[i-1] && key[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		if c == '-' || c == '_' || c == '.' || c == '/' {
			c = ' '
		}
		b.WriteByte(c)
	}
	return strings.Fields(strings.ToLower(b.String()))
}
