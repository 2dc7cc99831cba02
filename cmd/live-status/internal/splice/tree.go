package splice

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// value is JSON with its order kept.
type value struct {
	// kind is '{', '[' or '"', or 0 for numbers, true, false and null.
	kind byte
	// text is a decoded string, or a literal.
	text string
	keys []string
	kids []*value
}

var errNoJSON = errors.New("no JSON")

// parse reads JSON.
func parse(text string) (*value, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	return read(dec)
}

func read(dec *json.Decoder) (*value, error) {
	t, err := dec.Token()
	if err != nil {
		return nil, errNoJSON
	}
	switch t := t.(type) {
	case json.Delim:
		return readMany(dec, byte(t))
	case string:
		return &value{kind: '"', text: t}, nil
	case json.Number:
		return &value{text: t.String()}, nil
	case bool:
		if t {
			return &value{text: "true"}, nil
		}
		return &value{text: "false"}, nil
	default:
		return &value{text: "null"}, nil
	}
}

func readMany(dec *json.Decoder, kind byte) (*value, error) {
	v := &value{kind: kind}
	for dec.More() {
		if kind == '{' {
			t, err := dec.Token()
			key, ok := t.(string)
			if err != nil || !ok {
				return nil, errNoJSON
			}
			v.keys = append(v.keys, key)
		}
		kid, err := read(dec)
		if err != nil {
			return nil, err
		}
		v.kids = append(v.kids, kid)
	}
	if _, err := dec.Token(); err != nil {
		return nil, errNoJSON
	}
	return v, nil
}

// same reports whether two values have the same members, in the same order.
func (v *value) same(o *value) bool {
	if v.kind != o.kind || v.text != o.text || len(v.kids) != len(o.kids) {
		return false
	}
	for i := range v.kids {
		if v.kind == '{' && v.keys[i] != o.keys[i] || !v.kids[i].same(o.kids[i]) {
			return false
		}
	}
	return true
}

// quote writes s as a JSON string.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// A string can be encoded.
	_ = enc.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}
