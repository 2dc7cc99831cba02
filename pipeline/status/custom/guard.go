package custom

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// The library functions that a script calls without knowing. Their names cannot
// be written in Lua, so no script can call, replace or hide them: they are local
// variables around it.
const (
	guardConcat = "(concat)"
	guardKey    = "(key)"
	guardSet    = "(set)"
	guardSpread = "(spread)"
	guardTable  = "(table)"
	guardMake   = "(make)"
)

// guards are the names in the order in which the script is given the functions.
var guards = [...]string{guardConcat, guardKey, guardSet, guardSpread, guardTable, guardMake}

// maxOperands is how many texts are joined by one call; the machine has a limit
// on arguments.
const maxOperands = 32

// smallKey is the largest number that may be a key of a table without a charge:
// any table has room for it.
const smallKey = 32

// guarded returns a script with calls of the guards in place of each instruction
// that the machine would give an unbounded amount of memory: a .. b doubles a text,
// t[n] = v makes room for n elements, ... and a call's results may be thousands,
// and each table costs more than an instruction should.
//
// The result is the body of a function that gets the guards as its arguments and
// returns what the script returns.
func guarded(chunk []ast.Stmt) []ast.Stmt {
	chunk = guarder{}.block(chunk)
	body := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true}, Stmts: chunk}
	last := 1
	if len(chunk) > 0 {
		last = max(chunk[len(chunk)-1].LastLine(), chunk[len(chunk)-1].Line())
	}
	body.SetLine(1)
	body.SetLastLine(last)
	locals := &ast.LocalAssignStmt{Names: guards[:], Exprs: []ast.Expr{at(&ast.Comma3Expr{}, 1)}}
	locals.SetLine(1)
	locals.SetLastLine(1)
	result := &ast.ReturnStmt{Exprs: []ast.Expr{at(&ast.FuncCallExpr{Func: body}, 1)}}
	result.SetLine(last)
	result.SetLastLine(last)
	return []ast.Stmt{locals, result}
}

// guarder rewrites a script in place.
type guarder struct{}

func at[E ast.Expr](e E, line int) E {
	e.SetLine(line)
	e.SetLastLine(line)
	return e
}

// call is a call of a guard.
func call(name string, line int, args ...ast.Expr) *ast.FuncCallExpr {
	return at(&ast.FuncCallExpr{Func: at(&ast.IdentExpr{Value: name}, line), Args: args}, line)
}

// block returns the statements with a charge before each that makes a function. A
// local function may call itself, which it could not as an argument of the guard.
func (g guarder) block(stmts []ast.Stmt) []ast.Stmt {
	out := make([]ast.Stmt, 0, len(stmts))
	for _, s := range stmts {
		if makesFunction(s) {
			charge := &ast.FuncCallStmt{Expr: call(guardMake, s.Line())}
			charge.SetLine(s.Line())
			charge.SetLastLine(s.Line())
			out = append(out, charge)
		}
		out = append(out, g.statement(s))
	}
	return out
}

func makesFunction(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.FuncDefStmt:
		return true
	case *ast.LocalAssignStmt:
		if len(s.Names) == 1 && len(s.Exprs) == 1 {
			_, ok := s.Exprs[0].(*ast.FunctionExpr)
			return ok
		}
	}
	return false
}

func (g guarder) statement(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.AssignStmt:
		return g.assignment(s)
	case *ast.LocalAssignStmt:
		if makesFunction(s) {
			if f, ok := s.Exprs[0].(*ast.FunctionExpr); ok {
				f.Stmts = g.block(f.Stmts)
			}
			return s
		}
		g.list(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = g.callee(s.Expr)
	case *ast.DoBlockStmt:
		s.Stmts = g.block(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = g.expr(s.Condition)
		s.Stmts = g.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = g.expr(s.Condition)
		s.Stmts = g.block(s.Stmts)
	case *ast.IfStmt:
		s.Condition = g.expr(s.Condition)
		s.Then = g.block(s.Then)
		s.Else = g.block(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit = g.expr(s.Init), g.expr(s.Limit)
		if s.Step != nil {
			s.Step = g.expr(s.Step)
		}
		s.Stmts = g.block(s.Stmts)
	case *ast.GenericForStmt:
		g.list(s.Exprs)
		s.Stmts = g.block(s.Stmts)
	case *ast.FuncDefStmt:
		s.Func.Stmts = g.block(s.Func.Stmts)
	case *ast.ReturnStmt:
		g.list(s.Exprs)
	}
	return s
}

// assignment guards the keys that are assigned to.
func (g guarder) assignment(s *ast.AssignStmt) ast.Stmt {
	g.list(s.Rhs)
	single := len(s.Lhs) == 1 && len(s.Rhs) == 1
	for i, lhs := range s.Lhs {
		target, ok := lhs.(*ast.AttrGetExpr)
		if !ok {
			s.Lhs[i] = g.expr(lhs)
			continue
		}
		target.Object, target.Key = g.expr(target.Object), g.expr(target.Key)
		if harmless(target.Key) {
			continue
		}
		if !single {
			target.Key = call(guardKey, target.Line(), target.Key)
			continue
		}
		// With the table known, appending to it costs nothing.
		set := &ast.FuncCallStmt{Expr: call(guardSet, s.Line(), target.Object, target.Key, one(s.Rhs[0]))}
		set.SetLine(s.Line())
		set.SetLastLine(s.LastLine())
		return set
	}
	return s
}

// one makes an expression yield one value where it stands for several.
func one(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

// harmless reports whether a key needs no room for those before it.
func harmless(key ast.Expr) bool {
	switch key := key.(type) {
	case *ast.StringExpr, *ast.TrueExpr, *ast.FalseExpr:
		return true
	case *ast.NumberExpr:
		n, err := strconv.ParseFloat(key.Value, 64)
		return err == nil && n <= smallKey
	}
	return false
}

func (g guarder) list(exprs []ast.Expr) {
	for i, e := range exprs {
		exprs[i] = g.expr(e)
	}
}

// callee rewrites a call but not into something else, since a statement has to be
// a call.
func (g guarder) callee(e ast.Expr) ast.Expr {
	c, ok := e.(*ast.FuncCallExpr)
	if !ok {
		return g.expr(e)
	}
	if c.Func != nil {
		c.Func = g.expr(c.Func)
	}
	if c.Receiver != nil {
		c.Receiver = g.expr(c.Receiver)
	}
	g.list(c.Args)
	return c
}

func (g guarder) expr(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.Comma3Expr:
		if !e.AdjustRet {
			return call(guardSpread, e.Line(), e)
		}
	case *ast.AttrGetExpr:
		e.Object, e.Key = g.expr(e.Object), g.expr(e.Key)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			if f.Key != nil {
				if f.Key = g.expr(f.Key); !harmless(f.Key) {
					f.Key = call(guardKey, e.Line(), f.Key)
				}
			}
			f.Value = g.expr(f.Value)
		}
		return one(call(guardTable, e.Line(), e))
	case *ast.FuncCallExpr:
		return g.callee(e)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = g.expr(e.Lhs), g.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = g.expr(e.Lhs), g.expr(e.Rhs)
	case *ast.StringConcatOpExpr:
		return one(g.concat(e))
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = g.expr(e.Lhs), g.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = g.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = g.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = g.expr(e.Expr)
	case *ast.FunctionExpr:
		e.Stmts = g.block(e.Stmts)
		return one(call(guardMake, e.Line(), e))
	}
	return e
}

// concat makes one call of a .. b .. c.
func (g guarder) concat(e *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	line := e.Line()
	var rest ast.Expr = e
	for {
		c, ok := rest.(*ast.StringConcatOpExpr)
		if !ok || len(operands) == maxOperands-1 {
			operands = append(operands, one(g.expr(rest)))
			break
		}
		operands = append(operands, one(g.expr(c.Lhs)))
		rest = c.Rhs
	}
	return call(guardConcat, line, operands...)
}
