package redact

import (
	"strings"
	"unicode/utf8"
)

// bootstrapSecret is the secret half of a bootstrap token, under this key in
// the data of its Secret.
const bootstrapSecret = "token-secret"

// keyClass says what the key of a member can mean, to save looking twice.
type keyClass uint32

const (
	keyKind keyClass = 1 << iota
	keyPath
	// keyName names what stands under keyValue.
	keyName
	keyValue
	keyData
	// keyStringData is a field of Secrets alone.
	keyStringData
	// keyEmbedded holds an object of its own, or a patch of one, whatever kind
	// it stands in: audit events and admission reviews quote what was asked
	// for, at times without its kind.
	keyEmbedded
	// keyMessage is a text for people, whatever it looks like.
	keyMessage
	keyApplied
	// keyVanishing is that of a credential that is of no use to anyone, not
	// even as a hash.
	keyVanishing
	// keyVanishingTail ends as such a key does.
	keyVanishingTail
	// keySaying says that a string or number under it is a credential.
	keySaying
	// keyMaySay is that of a credential, or of the name of something that holds
	// one: the value tells.
	keyMaySay
	// keyBasic holds the user and password of a registry, in base64.
	keyBasic
	// keyDocker holds the configuration of a client of registries.
	keyDocker
	// keyEnv holds environment variables.
	keyEnv
	// keyCommand holds the words of a command.
	keyCommand
	// keyReference holds the name of a Secret, or what to take from one.
	keyReference
	// keyRequest holds the object that a request was for.
	keyRequest
)

// classify compares as lenient decoders would, whatever the case. The last two
// letters, which fold to nothing beyond ASCII, tell most keys from those that
// are looked for.
func classify(key string) keyClass {
	if len(key) < len("pw") {
		return 0
	}
	switch uint16(key[len(key)-2]|0x20)<<8 | uint16(key[len(key)-1]|0x20) {
	case 'n'<<8 | 'd':
		return whole(key, "kind", keyKind) | whole(key, "command", keyCommand)
	case 't'<<8 | 'h':
		return whole(key, "path", keyPath) | basicKey(key)
	case 'm'<<8 | 'e':
		return whole(key, "name", keyName) | tailed(key, "secretname", keyReference)
	case 'e'<<8 | 'y':
		return whole(key, "key", keyName) | sayingKey(key)
	case 'u'<<8 | 'e':
		return whole(key, "value", keyValue)
	case 't'<<8 | 'a':
		return whole(key, "data", keyData) | whole(key, "stringData", keyStringData) | vanishing(key, "client-key-data")
	case 'g'<<8 | 'e':
		return whole(key, "message", keyMessage)
	case 'c'<<8 | 'h':
		return whole(key, "patch", keyEmbedded)
	case 'c'<<8 | 't':
		return whole(key, "object", keyEmbedded) | whole(key, "oldObject", keyEmbedded) |
			whole(key, "requestObject", keyEmbedded) | whole(key, "responseObject", keyEmbedded)
	case 'o'<<8 | 'n':
		if len(key) > 2 && key[len(key)-3]|0x20 == 's' {
			return tailed(key, "dockerconfigjson", keyDocker)
		}
		return whole(key, lastApplied, keyApplied) | vanishing(key, "authorization")
	case 'e'<<8 | 'n':
		return vanishing(key, "token")
	case 'r'<<8 | 'd':
		return vanishing(key, "password")
	case 'e'<<8 | 't':
		return vanishing(key, bootstrapSecret) | secretKey(key)
	case 'w'<<8 | 'd':
		return tailed(key, "passwd", keySaying) | hump(key, "pwd", keySaying)
	case 's'<<8 | 's':
		return passKey(key)
	case 'p'<<8 | 'w':
		return hump(key, "pw", keySaying)
	case 's'<<8 | 'e':
		return tailed(key, "passphrase", keySaying)
	case 'n'<<8 | 'g':
		return tailed(key, "connectionstring", keySaying)
	case 'l'<<8 | 's', 'a'<<8 | 'l':
		return tailed(key, "credentials", keyMaySay) | tailed(key, "credential", keyMaySay)
	case 'f'<<8 | 'g':
		return tailed(key, "dockercfg", keyDocker)
	case 'e'<<8 | 'f':
		return whole(key, "objectRef", keyRequest) | tailed(key, "secretref", keyReference) | whole(key, "remoteRef", keyReference)
	case 't'<<8 | 's':
		return tailed(key, "pullsecrets", keyReference)
	case 'n'<<8 | 'v':
		return whole(key, "env", keyEnv) | whole(key, "extraEnv", keyEnv)
	case 'v'<<8 | 's':
		return whole(key, "envs", keyEnv) | whole(key, "extraEnvs", keyEnv)
	case 'r'<<8 | 's':
		return tailed(key, "envvars", keyEnv)
	case 'n'<<8 | 't':
		return whole(key, "environment", keyEnv) | whole(key, "entrypoint", keyCommand)
	case 'e'<<8 | 's':
		return whole(key, "variables", keyEnv) | tailed(key, "environmentvariables", keyEnv)
	case 'g'<<8 | 's':
		return whole(key, "args", keyCommand)
	case 'g'<<8 | 'v':
		return whole(key, "argv", keyCommand)
	case 'm'<<8 | 'd':
		return whole(key, "cmd", keyCommand)
	}
	return 0
}

func whole(key, word string, class keyClass) keyClass {
	if strings.EqualFold(key, word) {
		return class
	}
	return 0
}

func vanishing(key, word string) keyClass {
	if i := len(key) - len(word); i >= 0 && hasPrefixFold(key[i:], word) {
		if i == 0 {
			return keyVanishing
		}
		return keyVanishingTail
	}
	if isASCII(key) {
		return 0
	}
	switch tail := lastRunes(key, len(word)); {
	case !strings.EqualFold(tail, word):
		return 0
	case len(tail) == len(key):
		return keyVanishing
	default:
		return keyVanishingTail
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// namesSecret reports whether key, by itself, is that of a credential.
func namesSecret(key string) bool {
	return classify(key)&(keyVanishing|keyVanishingTail|keySaying) != 0
}

// vanishes reports whether the value of the kind and text of a node is a
// credential because of its key. Under access_token there is a token, but
// under automountServiceAccountToken a switch.
func (c keyClass) vanishes(kind byte, text string) bool {
	return c&keyVanishing != 0 || (c&keyVanishingTail != 0 && isVanishable(kind, text))
}

// isVanishable reports whether a value can be a credential or a list of such.
func isVanishable(kind byte, text string) bool {
	switch kind {
	case '{':
		return false
	case 0:
		return text != "true" && text != "false" && text != "null"
	case '"':
		return text == "" || !isLatency(text)
	default:
		return true
	}
}

// lastRunes returns the last n characters of s, or s if it has fewer. Letters
// that fold to ASCII may take several bytes.
func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}
