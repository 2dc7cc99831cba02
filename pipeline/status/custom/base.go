package custom

import (
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// What memory is charged as. A table has room for some fields from the first on.
const (
	bytesPerTable    = 2_560
	bytesPerFunction = 1 << 10
	bytesPerValue    = 16
)

// maxText is the longest text that a script can make. That of an object may be
// longer.
const maxText = 1 << 20

const (
	pi   = math.Pi
	huge = math.MaxFloat64
)

func doNothing(*lua.LState) int { return 0 }

// textOf is tostring, less addresses of memory, which are none of a message's
// business and new in each run.
func textOf(l *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber, lua.LBool, *lua.LNilType:
		return v.String()
	}
	if l.GetMetaField(v, "__tostring") != lua.LNil {
		return l.ToStringMeta(v).String()
	}
	return v.Type().String()
}

func toString(l *lua.LState) int {
	l.Push(lua.LString(textOf(l, l.CheckAny(1))))
	return 1
}

// setMetatable is for tables only. That of texts is every text's.
func setMetatable(l *lua.LState) int {
	t := l.CheckTable(1)
	l.CheckTypes(2, lua.LTNil, lua.LTTable)
	if mt, ok := t.Metatable.(*lua.LTable); ok && mt.RawGetString("__metatable") != lua.LNil {
		l.RaiseError("cannot change a protected metatable")
	}
	l.SetMetatable(t, l.Get(2))
	l.SetTop(1)
	return 1
}

func unpack(l *lua.LState) int {
	t := l.CheckTable(1)
	from, to := l.OptInt(2, 1), l.OptInt(3, t.Len())
	if from > to {
		return 0
	}
	if from < -maxStack || to-from >= maxStack {
		l.RaiseError("too many results to unpack")
	}
	n := to - from + 1
	budgetOf(l).take(l, n*bytesPerValue)
	for i := from; i <= to; i++ {
		l.Push(t.RawGetInt(i))
	}
	return n
}

// choose is select.
func choose(l *lua.LState) int {
	top := l.GetTop()
	if s, ok := l.Get(1).(lua.LString); ok && s == "#" {
		l.Push(lua.LNumber(top - 1))
		return 1
	}
	n := l.CheckInt(1)
	if n < 0 {
		n += top
	}
	if n < 1 {
		l.ArgError(1, "index out of range")
	}
	n = min(n, top)
	budgetOf(l).take(l, (top-n)*bytesPerValue)
	return top - n
}

// concat is a .. b .. c.
func concat(l *lua.LState) int {
	top := l.GetTop()
	right := l.Get(top)
	for i := top - 1; i >= 1; {
		left := l.Get(i)
		if !lua.LVCanConvToString(left) || !lua.LVCanConvToString(right) {
			right = concatMeta(l, left, right)
			i--
			continue
		}
		parts := []string{lua.LVAsString(right)}
		for ; i >= 1 && lua.LVCanConvToString(l.Get(i)); i-- {
			parts = append(parts, lua.LVAsString(l.Get(i)))
		}
		n := 0
		for _, p := range parts {
			n += len(p)
		}
		b := newText(l, n)
		for _, p := range slices.Backward(parts) {
			b = append(b, p...)
		}
		right = lua.LString(b)
	}
	l.Push(right)
	return 1
}

func concatMeta(l *lua.LState, left, right lua.LValue) lua.LValue {
	op := l.GetMetaField(left, "__concat")
	if op == lua.LNil {
		op = l.GetMetaField(right, "__concat")
	}
	if op.Type() != lua.LTFunction {
		l.RaiseError("attempt to concatenate %s and %s", left.Type(), right.Type())
	}
	l.Push(op)
	l.Push(left)
	l.Push(right)
	l.Call(2, 1)
	v := l.Get(-1)
	l.Pop(1)
	return v
}

// newText charges for a text and returns the room for it.
func newText(l *lua.LState, n int) []byte {
	if n > maxText {
		l.RaiseError("a text is longer than %d KiB", maxText>>10)
	}
	budgetOf(l).take(l, n+bytesPerValue)
	return make([]byte, 0, n)
}

// checkKey charges for the room that a key makes in a table that is not known.
func checkKey(l *lua.LState) int {
	key := l.Get(1)
	if n, ok := key.(lua.LNumber); ok && n > smallKey {
		takeRoom(l, 0, n)
	}
	l.Push(key)
	return 1
}

// takeRoom charges for the elements up to the n-th of a table that has so many.
func takeRoom(l *lua.LState, has int, n lua.LNumber) {
	if !(n > smallKey) {
		return
	}
	if n > maxBytes {
		// Whether or not the machine makes room for so many, no list is so long.
		l.RaiseError("a key is too large")
	}
	if more := int(n) - has; more > 1 {
		budgetOf(l).take(l, more*bytesPerValue)
	}
}

// set is t[k] = v.
func set(l *lua.LState) int {
	setWith(l, l.SetTable)
	return 0
}

func rawSet(l *lua.LState) int {
	l.CheckTable(1)
	l.CheckAny(2)
	l.CheckAny(3)
	setWith(l, func(obj, key, value lua.LValue) {
		if t, ok := obj.(*lua.LTable); ok {
			t.RawSet(key, value)
		}
	})
	return 0
}

func setWith(l *lua.LState, assign func(obj, key, value lua.LValue)) {
	obj, key, value := l.Get(1), l.Get(2), l.Get(3)
	if key == lua.LNil {
		l.RaiseError("a key is nil")
	}
	if n, ok := key.(lua.LNumber); ok && n > smallKey {
		has := 0
		// Assigning to a table may be assigning to the table behind it.
		if t, ok := obj.(*lua.LTable); ok && t.Metatable == lua.LNil {
			has = t.Len()
		}
		takeRoom(l, has, n)
	}
	budgetOf(l).take(l, 4*bytesPerValue)
	assign(obj, key, value)
}

// spread is ... where it stands for all of them.
func spread(l *lua.LState) int {
	n := l.GetTop()
	budgetOf(l).take(l, n*bytesPerValue)
	return n
}

// checkTable charges for a table.
func checkTable(l *lua.LState) int {
	budgetOf(l).take(l, bytesPerTable)
	l.SetTop(1)
	return 1
}

// checkFunction charges for a function.
func checkFunction(l *lua.LState) int {
	budgetOf(l).take(l, bytesPerFunction)
	return l.GetTop()
}
