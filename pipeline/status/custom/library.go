package custom

import (
	lua "github.com/yuin/gopher-lua"
)

// library are the functions that scripts get. It is a list of what is allowed, not
// of what is not: a function that the machine gains is not open by that. All runs
// share it, and none of them can reach the tables to change them.
type library struct {
	// globals and modules are metatables.
	globals *lua.LTable
	modules map[string]*lua.LTable
	guards  []*lua.LFunction
}

// Functions of the machine that can be used as they are: what they take and make is
// bounded by their arguments, or charged by the budget through what they call.
var (
	plainGlobals = [...]string{"assert", "error", "getmetatable", "next", "pcall", "rawequal", "rawget", "tonumber", "type", "xpcall"}
	plainStrings = [...]string{"char", "len", "sub"}
	plainTables  = [...]string{"getn", "maxn"}
	plainMaths   = [...]string{
		"abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "deg", "exp", "floor", "fmod", "frexp", "ldexp", "log",
		"log10", "max", "min", "mod", "modf", "pow", "rad", "sin", "sinh", "sqrt", "tan", "tanh",
	}
	plainOS = [...]string{"time"}
)

func newLibrary() *library {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	// The functions are taken out of tables that no script ever sees.
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenString, lua.OpenTable, lua.OpenMath, lua.OpenOs} {
		l.Push(l.NewFunction(open))
		l.Call(0, 0)
	}
	lib := &library{modules: map[string]*lua.LTable{}}
	globals := plain(l.G.Global, plainGlobals[:])
	globals["_VERSION"] = lua.LString(lua.LuaVersion)
	own(globals, map[string]lua.LGFunction{
		"ipairs": iterator(l, "ipairs", lua.LNumber(0)), "pairs": iterator(l, "pairs", lua.LNil),
		"print": doNothing, "rawset": rawSet, "require": lib.require, "select": choose, "setmetatable": setMetatable,
		"tostring": toString, "unpack": unpack,
	})
	lib.globals = behind(globals)

	texts := plain(module(l, lua.StringLibName), plainStrings[:])
	own(texts, stringFunctions())
	tables := plain(module(l, lua.TabLibName), plainTables[:])
	own(tables, tableFunctions())
	maths := plain(module(l, lua.MathLibName), plainMaths[:])
	maths["pi"], maths["huge"] = lua.LNumber(pi), lua.LNumber(huge)
	system := plain(module(l, lua.OsLibName), plainOS[:])
	own(system, map[string]lua.LGFunction{"date": date(l)})
	for name, values := range map[string]map[string]lua.LValue{
		lua.StringLibName: texts, lua.TabLibName: tables, lua.MathLibName: maths, lua.OsLibName: system,
	} {
		lib.modules[name] = behind(values)
	}
	// In the order of the names that the scripts know them by.
	for _, f := range [len(guards)]lua.LGFunction{concat, checkKey, set, spread, checkTable, checkFunction} {
		lib.guards = append(lib.guards, function(f))
	}
	return lib
}

func module(l *lua.LState, name string) *lua.LTable {
	t, ok := l.GetGlobal(name).(*lua.LTable)
	if !ok {
		return newTable()
	}
	return t
}

// function is a function of Go; it has no environment that a script could use.
func function(f lua.LGFunction) *lua.LFunction { return &lua.LFunction{IsG: true, GFunction: f} }

func own(values map[string]lua.LValue, functions map[string]lua.LGFunction) {
	for name, f := range functions {
		values[name] = function(f)
	}
}

// plain are functions as the machine has them.
func plain(from *lua.LTable, names []string) map[string]lua.LValue {
	values := map[string]lua.LValue{}
	for _, name := range names {
		if f, ok := from.RawGetString(name).(*lua.LFunction); ok && f.IsG {
			values[name] = function(f.GFunction)
		}
	}
	return values
}

// iterator is ipairs or pairs: it hands out a function, the table, and where to
// begin.
func iterator(l *lua.LState, name string, begin lua.LValue) lua.LGFunction {
	f, ok := l.GetGlobal(name).(*lua.LFunction)
	if !ok || len(f.Upvalues) != 1 {
		return nil
	}
	original, ok := f.Upvalues[0].Value().(*lua.LFunction)
	if !ok {
		return nil
	}
	next := function(original.GFunction)
	return func(l *lua.LState) int {
		t := l.CheckTable(1)
		l.Push(next)
		l.Push(t)
		l.Push(begin)
		return 3
	}
}

// date is os.date, with a charge for what it makes.
func date(l *lua.LState) lua.LGFunction {
	original, ok := module(l, lua.OsLibName).RawGetString("date").(*lua.LFunction)
	if !ok {
		return nil
	}
	return func(l *lua.LState) int {
		// The longest field is that of a whole time: some 30 characters for 2.
		budgetOf(l).take(l, bytesPerTable+32*len(l.OptString(1, "")))
		return original.GFunction(l)
	}
}

// open gives a machine the libraries that a script names. What the script sees are
// empty tables that it may fill, and behind them, out of its reach, those of the
// library.
func (lib *library) open(l *lua.LState, s *script) {
	globals := l.G.Global
	globals.RawSetString("_G", globals)
	globals.RawSetString("actionParams", l.CreateTable(0, 0))
	for _, name := range s.libraries {
		t := l.CreateTable(0, 0)
		t.Metatable = lib.modules[name]
		globals.RawSetString(name, t)
	}
	globals.Metatable = lib.globals
	// The methods of texts.
	l.SetMetatable(lua.LString(""), lib.modules[lua.StringLibName])
}

// require returns a library, which is open if the script names this function.
func (lib *library) require(l *lua.LState) int {
	name := l.CheckString(1)
	if _, ok := lib.modules[name]; !ok {
		l.RaiseError("there are no modules besides string, table, math and os")
	}
	l.Push(l.GetGlobal(name))
	return 1
}

// behind is the metatable of an empty table that makes the values look as if they
// were in it. Whoever asks for it gets false.
func behind(values map[string]lua.LValue) *lua.LTable {
	t := newTable()
	for name, v := range values {
		t.RawSetString(name, v)
	}
	mt := newTable()
	mt.RawSetString("__index", t)
	mt.RawSetString("__metatable", lua.LFalse)
	return mt
}

func newTable() *lua.LTable { return &lua.LTable{Metatable: lua.LNil} }
