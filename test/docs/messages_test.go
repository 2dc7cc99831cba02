package docs

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// message is a line that the program can log. What is only known at run time stands
// as "..." in its text.
type message struct {
	text, level string
	at          token.Position
}

// logged are the calls that write a line, and where their text stands among the
// arguments.
var logged = map[string]struct {
	text  int
	level string
}{
	"Info": {0, "info"}, "InfoContext": {1, "info"},
	"Warn": {0, "warn"}, "WarnContext": {1, "warn"},
	"Error": {0, "error"}, "ErrorContext": {1, "error"},
	"Log": {2, byCase},
}

// byCase is the level of what is a warning, and at the level debug when it is told
// again.
const byCase = "warn"

// sources are one package's functions and constants.
type sources struct {
	fset      *token.FileSet
	functions []*ast.FuncDecl
	constants map[string]ast.Expr
}

// packages reads the Go packages whose code runs in a user's process, by folder.
func packages(t *testing.T) map[string]*sources {
	t.Helper()
	all := map[string]*sources{}
	for _, top := range []string{"pipeline", "plugin", "cmd"} {
		err := filepath.WalkDir(repository(t, top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			dir := filepath.Dir(path)
			if all[dir] == nil {
				all[dir] = &sources{fset: token.NewFileSet(), constants: map[string]ast.Expr{}}
			}
			file, err := parser.ParseFile(all[dir].fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
					all[dir].functions = append(all[dir].functions, f)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
					for i, name := range v.Names {
						all[dir].constants[name.Name] = v.Values[i]
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// messages are all lines that the program can log, but for debug and trace.
func messages(t *testing.T) []message {
	t.Helper()
	var all []message
	for _, s := range packages(t) {
		levels := s.wrapped()
		for _, f := range s.functions {
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				method, ok := call.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				kind, found := logged[method.Sel.Name]
				if !found || len(call.Args) <= kind.text || !logs(method.X) {
					return true
				}
				for _, text := range s.texts(f, call.Args[kind.text], 0) {
					level := kind.level
					if method.Sel.Name == "Log" {
						_, behind, _ := strings.Cut(text, ": ")
						level = cmp.Or(levels[behind], s.atFirst(f, call.Args[1]), byCase)
					}
					if level != "debug" {
						all = append(all, message{text: text, level: level, at: s.fset.Position(call.Pos())})
					}
				}
				return true
			})
		}
	}
	return all
}

var loggerLike = regexp.MustCompile(`^(?i:.*log|.*logger|l|newlogger)$`)

// wrapped are the levels of texts that go through a method log(ctx, level, text, ...)
// of the package's own.
func (s *sources) wrapped() map[string]string {
	levels := map[string]string{}
	for _, f := range s.functions {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || called(call) != "log" || len(call.Args) < 3 {
				return true
			}
			if level, ok := call.Args[1].(*ast.SelectorExpr); ok {
				for _, text := range s.texts(f, call.Args[2], 0) {
					levels[text] = strings.ToLower(strings.TrimPrefix(level.Sel.Name, "Level"))
				}
			}
			return true
		})
	}
	return levels
}

// atFirst is the level that a variable is set to before a case changes it.
func (s *sources) atFirst(in *ast.FuncDecl, x ast.Expr) string {
	level := ""
	ast.Inspect(in, func(n ast.Node) bool {
		assign, ok := n.(*ast.AssignStmt)
		if !ok || level != "" || len(assign.Lhs) != 1 {
			return true
		}
		left, ok := assign.Lhs[0].(*ast.Ident)
		value, is := assign.Rhs[0].(*ast.SelectorExpr)
		if variable, named := x.(*ast.Ident); ok && is && named && left.Name == variable.Name {
			level = strings.ToLower(strings.TrimPrefix(value.Sel.Name, "Level"))
		}
		return true
	})
	return level
}

// logs reports whether an expression is a logger, by its name: s.opts.Logger, log,
// newLogger(...).
func logs(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return loggerLike.MatchString(x.Name)
	case *ast.SelectorExpr:
		return logs(x.Sel)
	case *ast.CallExpr:
		return logs(x.Fun)
	}
	return false
}

const (
	unknown = "..."
	// deepest is how many functions a text is followed through.
	deepest = 4
)

// texts are what an expression can say, followed to where its variables are set and
// its function is called.
func (s *sources) texts(in *ast.FuncDecl, x ast.Expr, depth int) []string {
	switch x := x.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			return []string{text}
		}
	case *ast.ParenExpr:
		return s.texts(in, x.X, depth)
	case *ast.BinaryExpr:
		var out []string
		for _, left := range s.texts(in, x.X, depth) {
			for _, right := range s.texts(in, x.Y, depth) {
				out = append(out, strings.ReplaceAll(left+right, unknown+unknown, unknown))
			}
		}
		return out
	case *ast.Ident:
		if depth < deepest {
			return s.variable(in, x.Name, depth+1)
		}
	case *ast.SelectorExpr:
		if depth < deepest {
			return s.field(x.Sel.Name, depth+1)
		}
	case *ast.CallExpr:
		if name := called(x); (name == "Sprintf" || name == "Errorf") && len(x.Args) > 0 {
			var out []string
			for _, format := range s.texts(in, x.Args[0], depth) {
				out = append(out, verb.ReplaceAllString(format, unknown))
			}
			return out
		}
	}
	return []string{unknown}
}

// field are the texts that a field of this name is set to in literals.
func (s *sources) field(name string, depth int) []string {
	var out []string
	for _, f := range s.functions {
		ast.Inspect(f, func(n ast.Node) bool {
			if pair, ok := n.(*ast.KeyValueExpr); ok {
				if key, ok := pair.Key.(*ast.Ident); ok && key.Name == name {
					out = append(out, s.texts(f, pair.Value, depth)...)
				}
			}
			return true
		})
	}
	return orUnknown(out)
}

// returned are the texts that a function returns first.
func (s *sources) returned(f *ast.FuncDecl) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > 0 {
			out = append(out, s.texts(f, r.Results[0], 0)...)
		}
		return true
	})
	return orUnknown(out)
}

func orUnknown(texts []string) []string {
	if len(texts) == 0 {
		return []string{unknown}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z]`)

// variable are the texts that a function's variable can have: what it is set to, or
// what callers give for it.
func (s *sources) variable(in *ast.FuncDecl, name string, depth int) []string {
	var out []string
	ast.Inspect(in, func(n ast.Node) bool {
		if r, ok := n.(*ast.RangeStmt); ok {
			out = append(out, s.ranged(in, r, name, depth)...)
		}
		assign, ok := n.(*ast.AssignStmt)
		if !ok || len(assign.Lhs) != len(assign.Rhs) {
			return true
		}
		for i, left := range assign.Lhs {
			if id, ok := left.(*ast.Ident); ok && id.Name == name {
				if assign.Tok == token.ADD_ASSIGN {
					out = append(out, unknown)
					continue
				}
				out = append(out, s.texts(in, assign.Rhs[i], depth)...)
			}
		}
		return true
	})
	if position := parameter(in, name); position >= 0 {
		out = append(out, s.given(in.Name.Name, position, depth)...)
	}
	if constant, found := s.constants[name]; found && len(out) == 0 {
		out = s.texts(in, constant, depth)
	}
	return orUnknown(out)
}

// ranged are the values of a literal that a loop goes over.
func (s *sources) ranged(in *ast.FuncDecl, r *ast.RangeStmt, name string, depth int) []string {
	value, ok := r.Value.(*ast.Ident)
	over, literal := r.X.(*ast.CompositeLit)
	if !ok || !literal || value.Name != name {
		return nil
	}
	var out []string
	for _, element := range over.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			element = pair.Value
		}
		out = append(out, s.texts(in, element, depth)...)
	}
	return out
}

// parameter is the place of a parameter, or -1.
func parameter(f *ast.FuncDecl, name string) int {
	position := 0
	for _, field := range f.Type.Params.List {
		for _, id := range field.Names {
			if id.Name == name {
				return position
			}
			position++
		}
	}
	return -1
}

// given are the texts with which the package calls a function.
func (s *sources) given(function string, position, depth int) []string {
	var out []string
	for _, f := range s.functions {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && called(call) == function && position < len(call.Args) {
				out = append(out, s.texts(f, call.Args[position], depth)...)
			}
			return true
		})
	}
	return out
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
