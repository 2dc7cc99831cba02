package encode_test

import (
	"encoding/json"
	"testing"

	"github.com/fluent-live/live-status/pipeline/encode"
)

// FuzzAppendOTLPAsJSON reads any bytes: what it makes of them is JSON.
func FuzzAppendOTLPAsJSON(f *testing.F) {
	whole, err := encode.AppendOTLP(nil, redacted(correlated()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("\x2a\x06\x32\x04\x0a\x02\x12\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := encode.AppendOTLPAsJSON([]byte("kept"), data)
		if string(got[:4]) != "kept" || (err != nil && len(got) != 4) {
			t.Fatalf("%q, %v", got, err)
		}
		if err == nil && !json.Valid(got[4:]) {
			t.Fatalf("not JSON: %q", got[4:])
		}
	})
}
