package custom

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// Limits of the object that a script gets. Tables take some ten times the memory
// of the JSON they are made of; these hold the largest objects of a cluster.
const (
	maxValues = 100_000
	maxDepth  = 1_000
)

var (
	errValues = fmt.Errorf("the object has more than %d values", maxValues)
	errDepth  = errors.New("the object nests too deep")
)

// converter makes Lua values of an object.
type converter struct {
	l      *lua.LState
	values int
	keys   []string
	err    error
}

// object converts an object, or only those of its fields that are read.
func (c *converter) object(obj map[string]any, fields []string) lua.LValue {
	if fields == nil {
		return c.value(obj, 0)
	}
	t := c.l.CreateTable(0, len(fields))
	for _, f := range fields {
		if v, ok := obj[f]; ok {
			if lv := c.value(v, 1); lv != lua.LNil {
				t.RawSetString(f, lv)
			}
		}
	}
	return t
}

func (c *converter) value(v any, depth int) lua.LValue {
	if c.values++; c.values > maxValues || depth > maxDepth {
		if c.err == nil {
			if c.err = errValues; depth > maxDepth {
				c.err = errDepth
			}
		}
		return lua.LNil
	}
	switch v := v.(type) {
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case int:
		return lua.LNumber(v)
	case int32:
		return lua.LNumber(v)
	case json.Number:
		return lua.LString(v)
	case map[string]any:
		return c.mapping(v, depth)
	case []any:
		t := c.l.CreateTable(len(v), 0)
		for _, item := range v {
			t.Append(c.value(item, depth+1))
			if c.err != nil {
				break
			}
		}
		return t
	}
	return lua.LNil
}

// mapping converts a map in the order of its keys, since a script sees them in the
// order in which they are set: with the same object it says the same each time.
func (c *converter) mapping(m map[string]any, depth int) lua.LValue {
	t := c.l.CreateTable(0, len(m))
	start := len(c.keys)
	for key := range m {
		c.keys = append(c.keys, key)
	}
	end := len(c.keys)
	slices.Sort(c.keys[start:end])
	for i := start; i < end && c.err == nil; i++ {
		if v := c.value(m[c.keys[i]], depth+1); v != lua.LNil {
			t.RawSetString(c.keys[i], v)
		}
	}
	c.keys = c.keys[:start]
	return t
}
