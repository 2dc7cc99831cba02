package known

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// secretWords are what keys of secrets have in them, in lower case and without
// separators.
var secretWords = [...]string{
	"password", "passwd", "passphrase", "pwd", "secret", "token", "privatekey",
	"apikey", "accesskey", "credential", "clientkey",
}

// documentSecrets returns the strings in a JSON document that stand under keys
// which name secrets.
func documentSecrets(text string) []string {
	if text == "" || (text[0] != '{' && text[0] != '[') {
		return nil
	}
	var root any
	// What is no JSON is a value like others.
	if json.Unmarshal([]byte(text), &root) != nil {
		return nil
	}
	d := document{}
	d.walk(root, false)
	return d.secrets
}

type document struct{ secrets []string }

func (d *document) walk(node any, isSecret bool) {
	switch n := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(n)) {
			member := n[key]
			d.walk(member, namesSecret(key))
			if auth, ok := member.(string); ok && strings.EqualFold(key, "auth") {
				d.basic(auth)
			}
		}
	case []any:
		for _, element := range n {
			d.walk(element, isSecret)
		}
	case string:
		if isSecret {
			d.secrets = append(d.secrets, n)
		}
	}
}

// basic adds the password in what Docker calls auth: a name, a colon and the
// password in base64.
func (d *document) basic(auth string) {
	raw, err := base64.StdEncoding.DecodeString(auth)
	if err != nil {
		return
	}
	if _, password, ok := strings.Cut(string(raw), ":"); ok {
		d.secrets = append(d.secrets, password)
	}
}

// namesSecret reports whether what stands under key is a secret. A key's ID is
// none.
func namesSecret(key string) bool {
	key = strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(key))
	if strings.HasSuffix(key, "id") || strings.HasSuffix(key, "uri") || strings.HasSuffix(key, "url") {
		return false
	}
	if key == "auth" || key == "key" {
		return true
	}
	for _, w := range secretWords {
		if strings.Contains(key, w) {
			return true
		}
	}
	return false
}
