package redact

import (
	"strings"
	"testing"
)

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
		if got := classify(key); got != want {
			t.Fatalf("%q: %b, want %b", key, got, want)
		}
	})
}
