package drift

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// scalarOf reports whether v can be the value of a field of a type.
func scalarOf(t shape, v any) bool {
	_, isText := v.(string)
	switch t {
	case text, instant, duration, octets:
		return isText
	case boolean:
		_, ok := v.(bool)
		return ok
	case integer, number:
		_, ok := numberOf(v)
		return ok
	case quantity, intOrString:
		if isText {
			return true
		}
		_, ok := numberOf(v)
		return ok
	case anything, structure, dictionary, list:
	}
	return false
}

// equalScalars reports whether two values of a field are the same, and whether they
// can be its values at all.
func equalScalars(t shape, a, b any) (equal, ok bool) {
	if !scalarOf(t, a) || !scalarOf(t, b) {
		return false, false
	}
	switch t {
	case text, boolean:
		return a == b, true
	case integer, number, intOrString:
		return equalPlain(a, b), true
	case quantity:
		return equalQuantities(a, b), true
	case instant:
		return equalTimes(a, b), true
	case duration:
		return equalDurations(a, b), true
	case octets:
		x, okX := decodeOctets(a)
		y, okY := decodeOctets(b)
		return okX && okY && bytes.Equal(x, y) || a == b, true
	case anything, structure, dictionary, list:
	}
	return false, false
}

// equalAny compares scalars of no known type.
func equalAny(a, b any, quantities bool) bool {
	return equalPlain(a, b) || quantities && equalQuantities(a, b)
}

// equalPlain compares scalars; numbers by their value.
func equalPlain(a, b any) bool {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return ok && x == y
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case nil:
		return b == nil
	}
	x, okX := numberOf(a)
	y, okY := numberOf(b)
	return okX && okY && x == y
}

// num is a number: an integer wherever it is one.
type num struct {
	integer int64
	float   float64
	isFloat bool
}

func (n num) append(buf []byte) []byte {
	if n.isFloat {
		return strconv.AppendFloat(buf, n.float, 'g', -1, 64)
	}
	return strconv.AppendInt(buf, n.integer, 10)
}

// numberOf returns a number in whichever form a decoder leaves it.
func numberOf(v any) (num, bool) {
	switch v := v.(type) {
	case int64:
		return num{integer: v}, true
	case float64:
		return floatOf(v), true
	case int:
		return num{integer: int64(v)}, true
	case int32:
		return num{integer: int64(v)}, true
	case uint64:
		if v <= math.MaxInt64 {
			return num{integer: int64(v)}, true
		}
		return floatOf(float64(v)), true
	case float32:
		return floatOf(float64(v)), true
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return num{integer: i}, true
		}
		f, err := v.Float64()
		return floatOf(f), err == nil
	}
	return num{}, false
}

func floatOf(f float64) num {
	// Beyond 2^53 a float tells no integer apart from the next.
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return num{integer: int64(f)}
	}
	return num{float: f, isFloat: true}
}

// maxQuantity is how long a quantity may be. The API has no limit, but what it takes
// to compare two grows with their exponents.
const maxQuantity = 40

func equalQuantities(a, b any) bool {
	if equalPlain(a, b) {
		return true
	}
	x, okX := parseQuantity(a)
	y, okY := parseQuantity(b)
	return okX && okY && x.Cmp(y) == 0
}

func parseQuantity(v any) (resource.Quantity, bool) {
	s, ok := v.(string)
	if !ok {
		n, ok := numberOf(v)
		if !ok {
			return resource.Quantity{}, false
		}
		s = string(n.append(nil))
	}
	if len(s) == 0 || len(s) > maxQuantity || hugeExponent(s) {
		return resource.Quantity{}, false
	}
	q, err := resource.ParseQuantity(s)
	return q, err == nil
}

// hugeExponent reports whether a quantity has an exponent of more than two
// digits. A lone E is the suffix of 10^18.
func hugeExponent(s string) bool {
	at := strings.IndexAny(s, "eE")
	if at < 0 {
		return false
	}
	return len(strings.TrimLeft(s[at+1:], "+-0")) > 2
}

func equalTimes(a, b any) bool {
	if a == b {
		return true
	}
	x, _ := a.(string)
	y, _ := b.(string)
	s, errS := time.Parse(time.RFC3339Nano, x)
	t, errT := time.Parse(time.RFC3339Nano, y)
	// Times are stored with a resolution of microseconds at best.
	return errS == nil && errT == nil && s.Truncate(time.Microsecond).Equal(t.Truncate(time.Microsecond))
}

func equalDurations(a, b any) bool {
	x, _ := a.(string)
	y, _ := b.(string)
	if x == y {
		return true
	}
	s, errS := time.ParseDuration(x)
	t, errT := time.ParseDuration(y)
	return errS == nil && errT == nil && s == t
}

// decodeOctets decodes base64, which may be broken into lines.
func decodeOctets(v any) ([]byte, bool) {
	s, ok := v.(string)
	if !ok {
		return nil, false
	}
	if strings.ContainsAny(s, " \t") {
		s = strings.Join(strings.Fields(s), "")
	}
	b, err := base64.StdEncoding.DecodeString(s)
	return b, err == nil
}

// zero reports whether there is nothing in a value: what clients in Go leave out.
func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case map[string]any:
		for _, member := range v {
			if !zero(member) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	n, ok := numberOf(v)
	return ok && n == num{}
}
