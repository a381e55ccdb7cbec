package luahost

import (
	"math/bits"
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// openTable replaces those functions of the table library that do much work at one
// instruction, or fill gaps with nils.
func openTable(l *lua.LState) {
	tab, ok := l.GetGlobal(lua.TabLibName).(*lua.LTable)
	if !ok {
		return
	}
	l.SetFuncs(tab, map[string]lua.LGFunction{
		"concat": tableConcat, "insert": tableInsert, "remove": tableRemove, "sort": tableSort,
	})
}

func tableConcat(l *lua.LState) int {
	t, sep := l.CheckTable(1), l.OptString(2, "")
	from, to := l.OptInt(3, 1), l.OptInt(4, t.Len())
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := t.RawGetInt(i)
		if !lua.LVCanConvToString(v) {
			l.RaiseError("invalid value (%s) at index %d in table for concat", v.Type().String(), i)
		}
		s := v.String()
		if b.Len()+len(s)+len(sep) > stringMost {
			l.RaiseError("table.concat: %s", errTooLong.Error())
		}
		charge(l, work(len(s)+len(sep)))
		b.WriteString(s)
		if i < to {
			b.WriteString(sep)
		}
	}
	l.Push(lua.LString(b.String()))
	return 1
}

func tableInsert(l *lua.LState) int {
	t := l.CheckTable(1)
	n := t.Len()
	switch l.GetTop() {
	case 2:
		t.RawSetInt(n+1, l.Get(2))
	case 3:
		pos := l.CheckInt(2)
		if pos < 1 || pos > n+1 {
			l.ArgError(2, "position out of bounds")
		}
		charge(l, work((n-pos+1)*16))
		if pos == n+1 {
			t.RawSetInt(pos, l.Get(3))
			return 0
		}
		t.Insert(pos, l.Get(3))
	default:
		l.RaiseError("table.insert: wrong number of arguments")
	}
	return 0
}

func tableRemove(l *lua.LState) int {
	t := l.CheckTable(1)
	n := t.Len()
	pos := l.OptInt(2, n)
	if pos < 1 || pos > n {
		l.Push(lua.LNil)
		return 1
	}
	charge(l, work((n-pos)*16))
	l.Push(t.Remove(pos))
	return 1
}

// sorter sorts values that were taken out of a table, since a comparison may change
// the table.
type sorter struct {
	l    *lua.LState
	less *lua.LFunction
	list []lua.LValue
}

func (s *sorter) Len() int      { return len(s.list) }
func (s *sorter) Swap(i, j int) { s.list[i], s.list[j] = s.list[j], s.list[i] }

func (s *sorter) Less(i, j int) bool {
	a, b := s.list[i], s.list[j]
	if s.less != nil {
		s.l.Push(s.less)
		s.l.Push(a)
		s.l.Push(b)
		s.l.Call(2, 1)
		v := s.l.Get(-1)
		s.l.Pop(1)
		charge(s.l, 1)
		return lua.LVAsBool(v)
	}
	switch x := a.(type) {
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			charge(s.l, 1)
			return x < y
		}
	case lua.LString:
		if y, ok := b.(lua.LString); ok {
			charge(s.l, work(min(len(x), len(y))))
			return x < y
		}
	}
	charge(s.l, 1)
	return s.l.LessThan(a, b)
}

func tableSort(l *lua.LState) int {
	t := l.CheckTable(1)
	n := t.Len()
	s := &sorter{l: l, list: make([]lua.LValue, n)}
	if l.GetTop() > 1 && l.Get(2) != lua.LNil {
		s.less = l.CheckFunction(2)
	}
	charge(l, n/8*bits.Len(uint(n)))
	for i := range n {
		s.list[i] = t.RawGetInt(i + 1)
	}
	sort.Sort(s)
	for i, v := range s.list {
		t.RawSetInt(i+1, v)
	}
	return 0
}
