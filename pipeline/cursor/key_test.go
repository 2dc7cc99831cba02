package cursor

import (
	"encoding/hex"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
)

// originalKey is the way back from a stored key.
func originalKey(stored any) string {
	switch k := stored.(type) {
	case string:
		return k
	case []byte:
		h := hex.EncodeToString(k[:16])
		return string(k[16:]) + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	default:
		panic("a key is a text or a blob")
	}
}

func TestStoredKey(t *testing.T) {
	const uuid = "0f8fad5b-d9cb-469f-a165-70867728950e"
	for key, short := range map[event.SeenKey]bool{
		"": false, uuid: true, "c/" + uuid: true, uuid + "/c": false, event.SeenKey(uuid[1:]): false,
		"0F8fad5b-d9cb-469f-a165-70867728950e": false,
		"0f8fad5b-d9cb-469f-a165-7086772895-e": false,
		"0f8fad5b0d9cb-469f-a165-70867728950e": false,
		"0f8fad5b-d9cb-469f-a165-70867728950g": false,
		"0f8fad5bd-9cb-469f-a165-70867728950e": false,
	} {
		stored := storedKey(key)
		if _, blob := stored.([]byte); blob != short {
			t.Errorf("%q is stored as %T", key, stored)
		}
		if back := originalKey(stored); back != string(key) {
			t.Errorf("%q comes back as %q", key, back)
		}
	}
}
