package redact

import (
	"strings"
	"testing"
)

// TestKeysThatSaySecret has keys in the ways in which they are written.
func TestKeysThatSaySecret(t *testing.T) {
	for class, keys := range map[keyClass][]string{
		keySaying: {
			"passwd", "dbPasswd", "MYSQL_PASSWD", "pwd", "db_pwd", "userPwd", "passphrase", "key-passphrase", "clientSecret", "client_secret",
			"client-secret", "OAUTH.CLIENT.SECRET", "apiKey", "api_key", "X-API-Key", "apikey", "accessKey", "secret_access_key", "accountKey",
			"connectionString", "DefaultConnection.connection_string",
		},
		keyMaySay:    {"secret", "Secret", "secretKey", "secret_key", "privateKey", "private-key", "webhookSecret", "jwt_secret", "credentials", "credential", "signingKey"},
		keyBasic:     {"auth", "_auth"},
		keyDocker:    {".dockerconfigjson", "dockerConfigJson", ".dockercfg"},
		keyEnv:       {"env", "envs", "environment", "extraEnv", "extraEnvVars", "variables"},
		keyCommand:   {"command", "args", "argv", "cmd", "entrypoint"},
		keyReference: {"secretName", "tlsSecretName", "existingSecret", "imagePullSecrets", "secretRef", "remoteRef", "auth.existingSecret"},
		0: {
			"tlsSecret", "passwordSecret", "secretKeyRef", "apiKeyRef", "monkey", "keys", "publicKey", "authMode", "cwd", "opwd", "environments", "secrets",
			"apiKeyName", "accessKeyId", "accessModes", "", "k", "key_", "passwordless", "credentialsRef", "argument", "oauth",
		},
	} {
		const classes = keySaying | keyMaySay | keyBasic | keyDocker | keyEnv | keyCommand | keyReference
		for _, key := range keys {
			if got := classify(key) & classes; got != class {
				t.Errorf("%q: %b, want %b", key, got, class)
			}
		}
	}
}

// TestValuesThatAreNone has what stands under keys that say secret, and is none.
func TestValuesThatAreNone(t *testing.T) {
	for text, ordinary := range map[string]bool{
		"": true, "true": true, "False": true, "null": true, "7": true, "100": true, "1000": false, "$(NAME)": true, "${NAME}": true, "$NAME": true,
		"{{ .Values.a }}": true, "$(USER):$(PASSWORD)": true, "${NAME:-s3cr3t}": false, "{{ \"s3cr3t\" }}": false, "s3cr3t$(NAME)": false, "$(NAME)s3cr3t": false,
		"$2a$10$abc": false, "$ecret": false, "$(": false, "${}": false, "{{}}": false, "[redacted]": true, "[redacted:a]": true, "[redacted]s3cr3t": false,
		"[withheld]": true, "89.158µs": true, "5.2ms": true, "12 ms": false, "5m": false, "hunter2": false,
	} {
		if got := isOrdinary(text); got != ordinary {
			t.Errorf("%q: %v", text, got)
		}
	}
	for text, name := range map[string]bool{
		"db-credentials": true, "web-tls": true, "shop/db": true, "db-v2": true, "web-01": true, "hunter2": false, "a8f3b2c9-x7d2f": false, "s3cr3t-value": false,
		"correctHorse-Battery": false, "x-" + "verylongrandomlettersmore": false,
	} {
		if got := isName(text, 2); got != name {
			t.Errorf("%q is a name: %v", text, got)
		}
	}
	for text, basic := range map[string]bool{
		"dTpzM2NyM3Q=": true, "dTpzM2NyM3Q": true, "none": false, "basic": false, "bm90aGluZw==": false, "": false, "OjpiAAAA": false,
	} {
		if got := isBasic(text); got != basic {
			t.Errorf("%q is a user and password: %v", text, got)
		}
	}
}

// FuzzClassify compares the quick look at a key with the slow one.
func FuzzClassify(f *testing.F) {
	words := map[string]keyClass{
		"kind": keyKind, "path": keyPath, "name": keyName, "key": keyName, "value": keyValue, "data": keyData, "stringData": keyStringData,
		"patch": keyEmbedded, "object": keyEmbedded, "oldObject": keyEmbedded, "requestObject": keyEmbedded, "responseObject": keyEmbedded,
		lastApplied: keyApplied, "message": keyMessage,
	}
	vanish := []string{"token", "authorization", "client-key-data", "password", bootstrapSecret}
	for word := range words {
		f.Add(word)
		f.Add(strings.ToUpper(word))
		f.Add("x" + word)
	}
	for _, word := range vanish {
		f.Add(word)
		f.Add("é" + strings.ToUpper(word))
		f.Add(strings.ReplaceAll(strings.ReplaceAll("x"+word, "s", "ſ"), "k", "\u212A"))
		f.Add(word[1:])
	}
	f.Fuzz(func(t *testing.T, key string) {
		var want keyClass
		for word, class := range words {
			if strings.EqualFold(key, word) {
				want |= class
			}
		}
		for _, word := range vanish {
			if tail := lastRunes(key, len(word)); strings.EqualFold(tail, word) {
				if len(tail) == len(key) {
					want |= keyVanishing
				} else {
					want |= keyVanishingTail
				}
			}
		}
		if got := classify(key) & (keySaying - 1); got != want {
			t.Fatalf("%q: %b, want %b", key, got, want)
		}
	})
}
