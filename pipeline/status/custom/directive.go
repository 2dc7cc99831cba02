package custom

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// directive formats an argument by flags, width, precision and the letter.
func directive(l *lua.LState, modifiers string, letter byte, arg int) string {
	if !small(modifiers) {
		l.RaiseError("a format has a width or precision that is too large")
	}
	if arg > l.GetTop() {
		l.RaiseError("a format has more directives than there are arguments")
	}
	switch letter {
	case 'd', 'i':
		return fmt.Sprintf("%"+modifiers+"d", int64(l.CheckNumber(arg)))
	case 'o', 'x', 'X', 'c':
		return fmt.Sprintf("%"+modifiers+string(letter), int64(l.CheckNumber(arg)))
	case 'u':
		return fmt.Sprintf("%"+modifiers+"d", uint64(max(l.CheckNumber(arg), 0)))
	case 'e', 'E', 'f', 'g', 'G':
		return fmt.Sprintf("%"+modifiers+string(letter), float64(l.CheckNumber(arg)))
	case 's':
		s := textOf(l, l.Get(arg))
		budgetOf(l).take(l, len(s))
		return fmt.Sprintf("%"+modifiers+"s", s)
	case 'q':
		s := l.CheckString(arg)
		budgetOf(l).take(l, 4*len(s))
		return quoted(s)
	}
	l.RaiseError("a format has a directive that there is not")
	return ""
}
