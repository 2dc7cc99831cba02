package values

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// documentCredentials returns the strings of a JSON object or list that stand
// under keys which name a credential, such as those of the access to registries.
// It is not ok if text is something else. The document as a whole is not looked
// for: it is written anew by whoever passes it on.
func documentCredentials(text string) (inner []string, ok bool) {
	if text == "" || text[0] != '{' && text[0] != '[' || len(text) > maxSecretBytes {
		return nil, false
	}
	var root any
	if json.Unmarshal([]byte(text), &root) != nil {
		return nil, false
	}
	found := make(map[string]bool)
	walkDocument(root, "", func(key, text string) {
		if !namesCredential(key) {
			return
		}
		found[text] = true
		if !strings.EqualFold(key, "auth") {
			return
		}
		// A user name, a colon and a password in base64.
		if pair, err := base64.StdEncoding.DecodeString(text); err == nil {
			if _, password, ok := strings.Cut(string(pair), ":"); ok {
				found[password] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(found)), true
}

// walkDocument calls visit for each string with the key it stands under, however
// many lists it stands in.
func walkDocument(node any, key string, visit func(key, text string)) {
	switch n := node.(type) {
	case map[string]any:
		for k, member := range n {
			walkDocument(member, k, visit)
		}
	case []any:
		for _, element := range n {
			walkDocument(element, key, visit)
		}
	case string:
		visit(key, n)
	}
}
