package luahost

import (
	"errors"
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// The interpreter joins texts without a bound, so that 27 doublings fill the
// memory, and its compiler recurses as deep as the source goes. Both are mended
// between parsing and compiling: every `a .. b` becomes a call of a function that
// minds the size, held in a local that no script can name, and what is nested too
// deep is refused.

// concatName cannot be written in Lua.
const concatName = "(concat)"

const (
	nestingMost = 150
	// concatArgs is how many operands one call takes; registers are few.
	concatArgs = 50
)

type nestingError struct{ line int }

func (e *nestingError) Error() string {
	return fmt.Sprintf("nested more than %d deep", nestingMost)
}

// rewriter walks a syntax tree. line is that of the node seen last, for those that
// have none.
type rewriter struct {
	depth, line int
	err         error
}

// rewrite bounds a chunk. Its first argument must then be concatOf's function.
func rewrite(chunk []ast.Stmt) ([]ast.Stmt, error) {
	r := &rewriter{line: 1}
	r.stmts(chunk)
	if r.err != nil {
		return nil, r.err
	}
	first := &ast.LocalAssignStmt{Names: []string{concatName}, Exprs: []ast.Expr{&ast.Comma3Expr{}}}
	first.SetLine(1)
	first.SetLastLine(1)
	first.Exprs[0].SetLine(1)
	first.Exprs[0].SetLastLine(1)
	return append([]ast.Stmt{first}, chunk...), nil
}

// enter goes one level down; it reports false where that is too deep.
func (r *rewriter) enter(n ast.PositionHolder) bool {
	if l := n.Line(); l > 0 {
		r.line = l
	}
	r.depth++
	if r.depth > nestingMost && r.err == nil {
		r.err = &nestingError{r.line}
	}
	return r.err == nil
}

func (r *rewriter) leave() { r.depth-- }

func (r *rewriter) stmts(list []ast.Stmt) {
	for _, s := range list {
		if r.err != nil {
			return
		}
		r.stmt(s)
	}
}

func (r *rewriter) stmt(s ast.Stmt) {
	defer r.leave()
	if !r.enter(s) {
		return
	}
	switch s := s.(type) {
	case *ast.AssignStmt:
		r.exprs(s.Lhs)
		r.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		r.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		s.Expr = r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.stmts(s.Stmts)
	case *ast.WhileStmt:
		s.Condition = r.expr(s.Condition)
		r.stmts(s.Stmts)
	case *ast.RepeatStmt:
		s.Condition = r.expr(s.Condition)
		r.stmts(s.Stmts)
	case *ast.IfStmt:
		s.Condition = r.expr(s.Condition)
		r.stmts(s.Then)
		r.stmts(s.Else)
	case *ast.NumberForStmt:
		s.Init, s.Limit, s.Step = r.expr(s.Init), r.expr(s.Limit), r.expr(s.Step)
		r.stmts(s.Stmts)
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		r.stmts(s.Stmts)
	case *ast.FuncDefStmt:
		s.Name.Func, s.Name.Receiver = r.expr(s.Name.Func), r.expr(s.Name.Receiver)
		r.function(s.Func)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	case *ast.BreakStmt, *ast.LabelStmt, *ast.GotoStmt:
	default:
		r.unknown(s)
	}
}

// unknown refuses what this walk does not know: a tree that was not seen whole is
// not bounded.
func (r *rewriter) unknown(n any) {
	if r.err == nil {
		r.err = fmt.Errorf("syntax tree: unknown node %T", n)
	}
}

func (r *rewriter) function(f *ast.FunctionExpr) {
	if f != nil {
		r.stmts(f.Stmts)
	}
}

func (r *rewriter) exprs(list []ast.Expr) {
	for i, e := range list {
		list[i] = r.expr(e)
	}
}

// expr bounds an expression and gives what stands in its place.
func (r *rewriter) expr(e ast.Expr) ast.Expr {
	if e == nil || r.err != nil {
		return e
	}
	defer r.leave()
	if !r.enter(e) {
		return e
	}
	switch e := e.(type) {
	case *ast.AttrGetExpr:
		e.Object, e.Key = r.expr(e.Object), r.expr(e.Key)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			f.Key, f.Value = r.expr(f.Key), r.expr(f.Value)
		}
	case *ast.FuncCallExpr:
		e.Func, e.Receiver = r.expr(e.Func), r.expr(e.Receiver)
		r.exprs(e.Args)
	case *ast.LogicalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.ArithmeticOpExpr:
		e.Lhs, e.Rhs = r.expr(e.Lhs), r.expr(e.Rhs)
	case *ast.UnaryMinusOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.UnaryLenOpExpr:
		e.Expr = r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e)
	case *ast.StringConcatOpExpr:
		return r.concat(e)
	case *ast.TrueExpr, *ast.FalseExpr, *ast.NilExpr, *ast.NumberExpr, *ast.StringExpr, *ast.Comma3Expr, *ast.IdentExpr:
	default:
		r.unknown(e)
	}
	return e
}

// concat makes a chain a .. b .. c one call.
func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	line, last := r.line, e.LastLine()
	var operands []ast.Expr
	for next := ast.Expr(e); ; {
		c, ok := next.(*ast.StringConcatOpExpr)
		if !ok {
			operands = append(operands, r.operand(next))
			break
		}
		operands = append(operands, r.operand(c.Lhs))
		next = c.Rhs
	}
	// A chain longer than the registers are many is joined in groups.
	for len(operands) > concatArgs {
		var groups []ast.Expr
		for some := range slices.Chunk(operands, concatArgs) {
			groups = append(groups, call1(line, last, some))
		}
		operands = groups
	}
	return call1(line, last, operands)
}

// operand bounds one operand, which counts as one value whatever it is.
func (r *rewriter) operand(e ast.Expr) ast.Expr {
	e = r.expr(e)
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
	return e
}

// call1 calls the bounded concatenation. AdjustRet keeps a `return a .. b` from
// being a tail call, which would lose the line for errors.
func call1(line, last int, args []ast.Expr) ast.Expr {
	name := &ast.IdentExpr{Value: concatName}
	call := &ast.FuncCallExpr{Func: name, Args: args, AdjustRet: true}
	for _, n := range []ast.PositionHolder{name, call} {
		n.SetLine(line)
		n.SetLastLine(last)
	}
	return call
}

var errTooLong = errors.New("the text would be longer than 1 MiB")

// concat is the function that `..` calls.
func concat(l *lua.LState) int {
	n := l.GetTop()
	size := 0
	for i := 1; i <= n; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += len(v.String())
		default:
			return concatMeta(l, n)
		}
	}
	if size > stringMost {
		l.RaiseError("%s", errTooLong.Error())
	}
	charge(l, work(size))
	buf := make([]byte, 0, size)
	for i := 1; i <= n; i++ {
		buf = append(buf, l.Get(i).String()...)
	}
	l.Push(lua.LString(buf))
	return 1
}

// concatMeta joins from the right, where an operand brings its own __concat.
func concatMeta(l *lua.LState, n int) int {
	right := l.Get(n)
	for i := n - 1; i >= 1; i-- {
		left := l.Get(i)
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(right) {
			a, b := left.String(), right.String()
			if len(a)+len(b) > stringMost {
				l.RaiseError("%s", errTooLong.Error())
			}
			charge(l, work(len(a)+len(b)))
			right = lua.LString(a + b)
			continue
		}
		op := l.GetMetaField(left, "__concat")
		if op == lua.LNil {
			op = l.GetMetaField(right, "__concat")
		}
		if op == lua.LNil {
			bad := left
			if lua.LVCanConvToString(left) {
				bad = right
			}
			l.RaiseError("attempt to concatenate a %s value", bad.Type().String())
		}
		l.Push(op)
		l.Push(left)
		l.Push(right)
		l.Call(2, 1)
		right = l.Get(-1)
		l.Pop(1)
	}
	l.Push(right)
	return 1
}
