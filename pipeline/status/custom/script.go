package custom

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// maxScript is the longest script. It bounds how deep it can nest, too.
const maxScript = 128 << 10

// scriptName is what errors call a script, as in health.lua:3.
const scriptName = "health.lua"

// script is a compiled script. It is immutable.
type script struct {
	source string
	proto  *lua.FunctionProto
	// fields are the top-level fields of obj that it reads; nil where that cannot
	// be told.
	fields []string
	// libraries are those that it names; all where that cannot be told.
	libraries []string
	// closed are the names of libraries and functions that it names and does not
	// get.
	closed []string
}

// closedNames is what Lua scripts know and these do not get.
var closedNames = [...]string{
	"io", "debug", "coroutine", "channel", "package", "dofile", "loadfile", "load", "loadstring", "module", "newproxy",
	"getfenv", "setfenv", "collectgarbage",
}

// compile compiles a script. An error is for who wrote it.
func compile(source string) (s *script, err error) {
	defer func() {
		// The compiler panics over what it has no room for.
		if r := recover(); r != nil {
			s, err = nil, errors.New("cannot be compiled; make it simpler")
		}
	}()
	if len(source) > maxScript {
		return nil, fmt.Errorf("is longer than %d KiB", maxScript>>10)
	}
	chunk, err := parse.Parse(strings.NewReader(source), scriptName)
	if err != nil {
		return nil, syntaxError(err)
	}
	s = &script{source: source}
	s.inspect(chunk)
	s.proto, err = lua.Compile(guarded(chunk), scriptName)
	if err != nil {
		return nil, syntaxError(err)
	}
	return s, nil
}

// syntaxError is an error of the compiler in one line.
func syntaxError(err error) error {
	if e, ok := errors.AsType[*parse.Error](err); ok {
		switch {
		case e.Pos.Line == parse.EOF:
			return errors.New("ends too early, perhaps for want of an end")
		case e.Token != "":
			return fmt.Errorf("line %d, column %d, near %q: %s", e.Pos.Line, e.Pos.Column, shorten(e.Token), oneLine(e.Message))
		}
		return fmt.Errorf("line %d, column %d: %s", e.Pos.Line, e.Pos.Column, oneLine(e.Message))
	}
	if e, ok := errors.AsType[*lua.CompileError](err); ok {
		return fmt.Errorf("line %d: %s", e.Line, oneLine(e.Message))
	}
	return errors.New(oneLine(err.Error()))
}

func oneLine(s string) string { return shorten(strings.Join(strings.Fields(s), " ")) }

// inspect finds out what a script uses.
func (s *script) inspect(chunk []ast.Stmt) {
	names := map[string]bool{}
	fields := map[string]bool{}
	whole := false
	visit(chunk, func(e ast.Expr, parent ast.Expr) {
		name, ok := e.(*ast.IdentExpr)
		if !ok {
			return
		}
		names[name.Value] = true
		if name.Value != "obj" {
			return
		}
		get, ok := parent.(*ast.AttrGetExpr)
		if !ok || get.Object != e {
			whole = true
			return
		}
		key, ok := get.Key.(*ast.StringExpr)
		if !ok {
			whole = true
			return
		}
		fields[key.Value] = true
	})
	// Who gets hold of the table of globals can reach everything by any name.
	dynamic := names["_G"] || names["require"]
	for _, l := range [...]string{lua.StringLibName, lua.TabLibName, lua.MathLibName, lua.OsLibName} {
		if dynamic || names[l] {
			s.libraries = append(s.libraries, l)
		}
	}
	for _, n := range closedNames {
		if names[n] {
			s.closed = append(s.closed, n)
		}
	}
	if !whole && !dynamic {
		s.fields = make([]string, 0, len(fields))
		for f := range fields {
			s.fields = append(s.fields, f)
		}
		slices.Sort(s.fields)
	}
}

// visit calls f for every expression and the one it is part of. The names in
// declarations are no expressions.
func visit(stmts []ast.Stmt, f func(e, parent ast.Expr)) {
	v := visitor(f)
	v.block(stmts)
}

type visitor func(e, parent ast.Expr)

func (v visitor) block(stmts []ast.Stmt) {
	for _, s := range stmts {
		switch s := s.(type) {
		case *ast.AssignStmt:
			v.exprs(nil, s.Lhs...)
			v.exprs(nil, s.Rhs...)
		case *ast.LocalAssignStmt:
			v.exprs(nil, s.Exprs...)
		case *ast.FuncCallStmt:
			v.exprs(nil, s.Expr)
		case *ast.DoBlockStmt:
			v.block(s.Stmts)
		case *ast.WhileStmt:
			v.exprs(nil, s.Condition)
			v.block(s.Stmts)
		case *ast.RepeatStmt:
			v.exprs(nil, s.Condition)
			v.block(s.Stmts)
		case *ast.IfStmt:
			v.exprs(nil, s.Condition)
			v.block(s.Then)
			v.block(s.Else)
		case *ast.NumberForStmt:
			v.exprs(nil, s.Init, s.Limit, s.Step)
			v.block(s.Stmts)
		case *ast.GenericForStmt:
			v.exprs(nil, s.Exprs...)
			v.block(s.Stmts)
		case *ast.FuncDefStmt:
			v.exprs(nil, s.Name.Func, s.Name.Receiver)
			v.block(s.Func.Stmts)
		case *ast.ReturnStmt:
			v.exprs(nil, s.Exprs...)
		}
	}
}

func (v visitor) exprs(parent ast.Expr, exprs ...ast.Expr) {
	for _, e := range exprs {
		if e == nil {
			continue
		}
		v(e, parent)
		switch e := e.(type) {
		case *ast.AttrGetExpr:
			v.exprs(e, e.Object, e.Key)
		case *ast.TableExpr:
			for _, f := range e.Fields {
				v.exprs(e, f.Key, f.Value)
			}
		case *ast.FuncCallExpr:
			v.exprs(e, e.Func, e.Receiver)
			v.exprs(e, e.Args...)
		case *ast.LogicalOpExpr:
			v.exprs(e, e.Lhs, e.Rhs)
		case *ast.RelationalOpExpr:
			v.exprs(e, e.Lhs, e.Rhs)
		case *ast.StringConcatOpExpr:
			v.exprs(e, e.Lhs, e.Rhs)
		case *ast.ArithmeticOpExpr:
			v.exprs(e, e.Lhs, e.Rhs)
		case *ast.UnaryMinusOpExpr:
			v.exprs(e, e.Expr)
		case *ast.UnaryNotOpExpr:
			v.exprs(e, e.Expr)
		case *ast.UnaryLenOpExpr:
			v.exprs(e, e.Expr)
		case *ast.FunctionExpr:
			v.block(e.Stmts)
		}
	}
}
