package custom

import (
	"sort"

	lua "github.com/yuin/gopher-lua"
)

// tableFunctions are those of table that are not the machine's.
func tableFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{"concat": join, "insert": insert, "remove": remove, "sort": sortTable}
}

func insert(l *lua.LState) int {
	t := l.CheckTable(1)
	b := budgetOf(l)
	switch l.GetTop() {
	case 2:
		b.take(l, 2*bytesPerValue)
		t.Append(l.Get(2))
	case 3:
		has := t.Len()
		pos := l.CheckNumber(2)
		takeRoom(l, has, pos)
		b.take(l, 2*bytesPerValue)
		b.work(l, has/64)
		t.Insert(int(pos), l.Get(3))
	default:
		l.RaiseError("wrong number of arguments to insert")
	}
	return 0
}

func remove(l *lua.LState) int {
	t := l.CheckTable(1)
	budgetOf(l).work(l, t.Len()/64)
	l.Push(t.Remove(l.OptInt(2, -1)))
	return 1
}

// join is table.concat.
func join(l *lua.LState) int {
	t := l.CheckTable(1)
	separator := l.OptString(2, "")
	from, to := max(l.OptInt(3, 1), 1), min(l.OptInt(4, t.Len()), t.Len())
	b := budgetOf(l)
	b.work(l, max(to-from, 0)/8)
	n := 0
	for i := from; i <= to && n <= maxText; i++ {
		v := t.RawGetInt(i)
		if !lua.LVCanConvToString(v) {
			l.RaiseError("invalid value (%s) at index %d in table for concat", v.Type(), i)
		}
		n += len(lua.LVAsString(v))
		if i > from {
			n += len(separator)
		}
	}
	out := newText(l, n)
	for i := from; i <= to; i++ {
		if i > from {
			out = append(out, separator...)
		}
		out = append(out, lua.LVAsString(t.RawGetInt(i))...)
	}
	l.Push(lua.LString(out))
	return 1
}

// sorter sorts the elements of a table.
type sorter struct {
	l      *lua.LState
	b      *budget
	less   *lua.LFunction
	values []lua.LValue
}

func (s *sorter) Len() int      { return len(s.values) }
func (s *sorter) Swap(i, j int) { s.values[i], s.values[j] = s.values[j], s.values[i] }

func (s *sorter) Less(i, j int) bool {
	x, y := s.values[i], s.values[j]
	steps := 2
	if t, ok := x.(lua.LString); ok {
		steps += len(t) / 256
	}
	s.b.work(s.l, steps)
	if s.less == nil {
		return s.l.LessThan(x, y)
	}
	s.l.Push(s.less)
	s.l.Push(x)
	s.l.Push(y)
	s.l.Call(2, 1)
	v := lua.LVAsBool(s.l.Get(-1))
	s.l.Pop(1)
	return v
}

func sortTable(l *lua.LState) int {
	t := l.CheckTable(1)
	s := &sorter{l: l, b: budgetOf(l)}
	if l.GetTop() > 1 {
		s.less = l.CheckFunction(2)
	}
	n := t.Len()
	s.b.take(l, n*bytesPerValue)
	for i := 1; i <= n; i++ {
		v := t.RawGetInt(i)
		if v == lua.LNil {
			l.RaiseError("cannot sort a list with nil in it")
		}
		s.values = append(s.values, v)
	}
	sort.Sort(s)
	for i, v := range s.values {
		t.RawSetInt(i+1, v)
	}
	return 0
}
