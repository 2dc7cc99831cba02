package custom

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringFunctions are those of string that are not the machine's.
func stringFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"byte": bytesOf, "find": find, "format": format, "gfind": matches, "gmatch": matches, "gsub": substitute,
		"lower": lower, "match": match, "rep": repeated, "reverse": reversed, "upper": upper,
	}
}

// position is an index of Lua, from 1 on or negative from the end, as one of Go.
func position(i, length int) int {
	if i < 0 {
		i += length + 1
	}
	return min(max(i-1, 0), length)
}

func bytesOf(l *lua.LState) int {
	s := l.CheckString(1)
	i := l.OptInt(2, 1)
	from := position(i, len(s))
	to := l.OptInt(3, i)
	if to < 0 {
		to += len(s) + 1
	}
	to = min(to, len(s))
	if to-from > maxStack {
		l.RaiseError("too many results of byte")
	}
	if from >= to {
		return 0
	}
	budgetOf(l).take(l, (to-from)*bytesPerValue)
	for _, c := range []byte(s[from:to]) {
		l.Push(lua.LNumber(c))
	}
	return to - from
}

func find(l *lua.LState) int {
	s, pattern := l.CheckString(1), l.CheckString(2)
	from := position(l.OptInt(3, 1), len(s))
	if lua.LVAsBool(l.Get(4)) || !strings.ContainsAny(pattern, "^$*+?.([%-") {
		b := budgetOf(l)
		b.work(l, (len(s)-from)/256)
		at := strings.Index(s[from:], pattern)
		if at < 0 {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(lua.LNumber(from + at + 1))
		l.Push(lua.LNumber(from + at + len(pattern)))
		return 2
	}
	search := newSearch(l, s, pattern)
	start, end, ok := search.next(from)
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	results := search.results(start, end, false)
	l.Push(lua.LNumber(start + 1))
	l.Push(lua.LNumber(end))
	push(l, results)
	return 2 + len(results)
}

func push(l *lua.LState, values []lua.LValue) {
	for _, v := range values {
		l.Push(v)
	}
}

func match(l *lua.LState) int {
	s, pattern := l.CheckString(1), l.CheckString(2)
	search := newSearch(l, s, pattern)
	start, end, ok := search.next(position(l.OptInt(3, 1), len(s)))
	if !ok {
		l.Push(lua.LNil)
		return 1
	}
	results := search.results(start, end, true)
	push(l, results)
	return len(results)
}

// matches is gmatch.
func matches(l *lua.LState) int {
	search := newSearch(l, l.CheckString(1), l.CheckString(2))
	from := 0
	budgetOf(l).take(l, bytesPerFunction)
	l.Push(l.NewFunction(func(l *lua.LState) int {
		if from > len(search.text) || from > 0 && search.anchored() {
			return 0
		}
		start, end, ok := search.next(from)
		if !ok {
			from = len(search.text) + 1
			return 0
		}
		from = max(end, start+1)
		results := search.results(start, end, true)
		push(l, results)
		return len(results)
	}))
	return 1
}

// substitute is gsub.
func substitute(l *lua.LState) int {
	s, pattern := l.CheckString(1), l.CheckString(2)
	replacement := l.CheckAny(3)
	limit := l.OptInt(4, math.MaxInt)
	search := newSearch(l, s, pattern)
	var out []byte
	done, n := 0, 0
	for from := 0; n < limit && from <= len(s); {
		start, end, ok := search.next(from)
		if !ok {
			break
		}
		n++
		value := replace(l, search, replacement, start, end)
		budgetOf(l).take(l, start-done+len(value))
		if len(out)+start-done+len(value) > maxText {
			l.RaiseError("a text is longer than %d KiB", maxText>>10)
		}
		out = append(append(out, s[done:start]...), value...)
		done = end
		if from = max(end, start+1); search.anchored() {
			break
		}
	}
	if n == 0 {
		l.Push(lua.LString(s))
	} else {
		budgetOf(l).take(l, len(s)-done)
		l.Push(lua.LString(append(out, s[done:]...)))
	}
	l.Push(lua.LNumber(n))
	return 2
}

// replace returns what a match is replaced by.
func replace(l *lua.LState, s *search, by lua.LValue, start, end int) string {
	var v lua.LValue
	switch by := by.(type) {
	case lua.LString:
		return expand(l, s, string(by), start, end)
	case lua.LNumber:
		return by.String()
	case *lua.LTable:
		v = l.GetTable(by, s.results(start, end, true)[0])
	case *lua.LFunction:
		// The function may search, too, but not with this search.
		results := s.results(start, end, true)
		l.Push(by)
		push(l, results)
		l.Call(len(results), 1)
		v = l.Get(-1)
		l.Pop(1)
	default:
		l.RaiseError("gsub takes a text, a table or a function to replace by, not %s", by.Type())
	}
	switch v := v.(type) {
	case lua.LString, lua.LNumber:
		return lua.LVAsString(v)
	default:
		if lua.LVAsBool(v) {
			l.RaiseError("gsub cannot replace by %s", v.Type())
		}
	}
	return s.text[start:end]
}

// expand replaces %0 to %9 in a replacement.
func expand(l *lua.LState, s *search, by string, start, end int) string {
	if !strings.Contains(by, "%") {
		return by
	}
	var out strings.Builder
	for i := 0; i < len(by); i++ {
		c := by[i]
		if c != '%' || i+1 == len(by) {
			out.WriteByte(c)
			continue
		}
		i++
		switch c = by[i]; {
		case c == '0' || c == '1' && len(s.captures) == 0:
			budgetOf(l).take(l, end-start)
			out.WriteString(s.text[start:end])
		case '1' <= c && c <= '9':
			n := int(c - '1')
			if n >= len(s.captures) {
				l.RaiseError("a replacement refers to a capture that the pattern does not have")
			}
			v := lua.LVAsString(s.result(n))
			budgetOf(l).take(l, len(v))
			out.WriteString(v)
		case c == '%':
			out.WriteByte('%')
		default:
			out.WriteByte('%')
			out.WriteByte(c)
		}
		if out.Len() > maxText {
			l.RaiseError("a text is longer than %d KiB", maxText>>10)
		}
	}
	return out.String()
}

func lower(l *lua.LState) int {
	s := l.CheckString(1)
	budgetOf(l).take(l, 2*len(s))
	l.Push(lua.LString(strings.ToLower(s)))
	return 1
}

func upper(l *lua.LState) int {
	s := l.CheckString(1)
	budgetOf(l).take(l, 2*len(s))
	l.Push(lua.LString(strings.ToUpper(s)))
	return 1
}

func repeated(l *lua.LState) int {
	s, n := l.CheckString(1), l.CheckInt(2)
	if n <= 0 || s == "" {
		l.Push(lua.LString(""))
		return 1
	}
	if n > maxText/len(s) {
		l.RaiseError("a text is longer than %d KiB", maxText>>10)
	}
	budgetOf(l).take(l, n*len(s))
	l.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

func reversed(l *lua.LState) int {
	s := l.CheckString(1)
	budgetOf(l).take(l, len(s))
	out := make([]byte, len(s))
	for i := range len(s) {
		out[len(s)-1-i] = s[i]
	}
	l.Push(lua.LString(out))
	return 1
}

// format is string.format of Lua 5.1: widths and precisions have at most two
// digits.
func format(l *lua.LState) int {
	f := l.CheckString(1)
	b := budgetOf(l)
	b.take(l, len(f))
	var out []byte
	arg := 1
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			out = append(out, f[i])
			continue
		}
		if i+1 < len(f) && f[i+1] == '%' {
			out = append(out, '%')
			i++
			continue
		}
		end := directiveEnd(f, i+1)
		if end == len(f) {
			l.RaiseError("a format ends with an unfinished %%")
		}
		arg++
		s := directive(l, f[i+1:end], f[end], arg)
		b.take(l, len(s))
		if out = append(out, s...); len(out) > maxText {
			l.RaiseError("a text is longer than %d KiB", maxText>>10)
		}
		i = end
	}
	l.Push(lua.LString(out))
	return 1
}

// directiveEnd returns where the letter of a directive is that begins at i.
func directiveEnd(f string, i int) int {
	for i < len(f) && strings.IndexByte("-+ #0", f[i]) >= 0 {
		i++
	}
	for i < len(f) && (digit(f[i]) || f[i] == '.') {
		i++
	}
	return i
}

// quoted is a text as Lua reads it.
func quoted(s string) string {
	return `"` + strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\n", "\\\n", "\r", "\\r", "\x00", "\\000").Replace(s) + `"`
}

// small reports whether what stands between the flags of a directive and its letter
// are a width and a precision of at most two digits each.
func small(modifiers string) bool {
	width, precision, _ := strings.Cut(strings.TrimLeft(modifiers, "-+ #0"), ".")
	for _, n := range [...]string{width, precision} {
		if n == "" {
			continue
		}
		if _, err := strconv.ParseUint(n, 10, 8); err != nil || len(n) > 2 {
			return false
		}
	}
	return len(modifiers) <= 16
}
