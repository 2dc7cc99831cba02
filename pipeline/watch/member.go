package watch

import "bytes"

// member returns the value of an object's first member of that name, nil where
// there is none. An object that is cut off is read as far as it goes, and of a
// value that is, whole is false.
//
// Like scanner it knows no depth: what an object says of itself must be found
// whatever else it holds.
func member(object []byte, name string) (value []byte, whole bool) {
	rest := blank(object)
	if len(rest) == 0 || rest[0] != '{' {
		return nil, false
	}
	rest = rest[1:]
	for {
		rest = blank(rest)
		if len(rest) > 0 && rest[0] == ',' {
			rest = blank(rest[1:])
		}
		if len(rest) == 0 || rest[0] != '"' {
			return nil, false
		}
		var key, v extent
		n := key.within(rest)
		found := bytes.Equal(rest[1:max(n-1, 1)], []byte(name))
		rest = blank(rest[n:])
		if len(rest) == 0 || rest[0] != ':' {
			return nil, false
		}
		rest = blank(rest[1:])
		n = v.within(rest)
		if found {
			return rest[:n], v.ended && v.depth == 0
		}
		if n == 0 || v.depth < 0 {
			return nil, false
		}
		rest = rest[n:]
	}
}

// text returns a member that is a string without escapes, empty where it is not
// there.
func text(object []byte, name string) string {
	value, whole := member(object, name)
	if !whole || len(value) < 2 || value[0] != '"' {
		return ""
	}
	return string(value[1 : len(value)-1])
}

func blank(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
