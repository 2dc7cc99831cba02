package drift

import "bytes"

// secretValue is the value of a Secret under a key. It is told by its hash only.
type secretValue struct {
	key   string
	value []byte
}

// secretData compares the data of a Secret. What stringData says takes precedence
// over data; the server keeps only the latter.
func (w *walk) secretData(desired, live map[string]any, from string) {
	given, ok := desired[from].(map[string]any)
	if !ok {
		if desired[from] != nil {
			w.mistyped(false)
		}
		return
	}
	plain, _ := desired["stringData"].(map[string]any)
	has, _ := live["data"].(map[string]any)
	// Drifts are those of data, which is what the object has.
	w.back(0)
	w.member("data", false)
	for key, v := range given {
		var want []byte
		var ok bool
		switch {
		case v == nil:
			continue
		case from == "stringData":
			var s string
			s, ok = v.(string)
			want = []byte(s)
		case plain[key] != nil:
			continue
		default:
			want, ok = decodeOctets(v)
		}
		in := w.member(key, true)
		l, here := has[key]
		got, decoded := decodeOctets(l)
		switch {
		case !ok:
			w.mistyped(false)
		case !here:
			w.drift(secretValue{key, want}, nil, false)
		case !decoded && l != nil:
			w.mistyped(true)
		case !bytes.Equal(got, want):
			w.drift(secretValue{key, want}, secretValue{key, got}, true)
		}
		w.back(in)
	}
}
