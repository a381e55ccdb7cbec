package luahost

import (
	"errors"
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

const plainDepth = 32

// toLua turns plain Go data into Lua values.
func toLua(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case nil:
		return lua.LNil
	case null:
		return l.G.Registry.RawGetString(nullName)
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case []any:
		t := l.NewTable()
		if len(v) == 0 {
			markArray(l, t)
		}
		for _, i := range v {
			t.Append(toLua(l, i))
		}
		return t
	case []string:
		t := l.NewTable()
		for _, i := range v {
			t.Append(lua.LString(i))
		}
		return t
	case map[string]any:
		t := l.NewTable()
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			t.RawSetString(k, toLua(l, v[k]))
		}
		return t
	}
	return lua.LString(fmt.Sprint(v))
}

var (
	errNotPlain = errors.New("only plain data: nil, booleans, numbers, texts, and tables of these")
	errTooMuch  = errors.New("too much data, or nested too deep")
)

// plainMost bounds what is converted at once: a table that holds itself twice, and
// so on, stands for more values than there is memory.
const plainMost = 100_000

// slotsMost bounds the places of arrays, used or not, that are looked at for it: an
// array that is empty but for its end costs as much as a full one.
const slotsMost = 1 << 20

// fromLua turns Lua values into plain Go data. A table with the keys 1 to n is a
// []any, and so is an empty one that is marked; every other one is a map[string]any.
func fromLua(v lua.LValue) (any, error) {
	c := converter{left: plainMost, bytes: stringMost, slots: slotsMost}
	return c.value(v, 0)
}

// converter counts down values, and the bytes of texts, which a table may hold many
// times over.
type converter struct{ left, bytes, slots int }

func (c *converter) value(v lua.LValue, depth int) (any, error) {
	if c.left--; c.left < 0 || depth > plainDepth {
		return nil, errTooMuch
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		if c.bytes -= len(v); c.bytes < 0 {
			return nil, errTooMuch
		}
		return string(v), nil
	case *lua.LTable:
		return c.table(v, depth)
	case *lua.LUserData:
		if _, ok := v.Value.(null); ok {
			return nil, nil
		}
	}
	return nil, errNotPlain
}

func (c *converter) table(t *lua.LTable, depth int) (any, error) {
	n := t.Len()
	if c.slots -= n; c.slots < 0 {
		return nil, errTooMuch
	}
	list := []any{}
	m := map[string]any{}
	var failed error
	t.ForEach(func(k, v lua.LValue) {
		if failed != nil {
			return
		}
		x, err := c.value(v, depth+1)
		if err != nil {
			failed = err
			return
		}
		switch k := k.(type) {
		case lua.LNumber:
			if n > 0 && int(k) == len(list)+1 && float64(k) == float64(int(k)) {
				list = append(list, x)
				return
			}
			m[k.String()] = x
		case lua.LString:
			c.bytes -= len(k)
			m[string(k)] = x
		default:
			failed = errNotPlain
		}
	})
	if failed != nil {
		return nil, failed
	}
	if len(m) == 0 && len(list) > 0 {
		return list, nil
	}
	if len(m) == 0 && isArray(t) {
		return list, nil
	}
	for i, x := range list {
		m[fmt.Sprint(i+1)] = x
	}
	return m, nil
}

// copier copies plain data for another Lua state, keys and sharing as they are.
type copier struct {
	left int
	seen map[*lua.LTable]*lua.LTable
}

// copyInto copies the entries of a table into another.
func copyInto(to, from *lua.LTable) error {
	c := copier{left: plainMost, seen: map[*lua.LTable]*lua.LTable{from: to}}
	return c.fill(to, from, 0)
}

func (c *copier) fill(to, from *lua.LTable, depth int) error {
	if depth > plainDepth {
		return errTooMuch
	}
	var failed error
	from.ForEach(func(k, v lua.LValue) {
		if failed != nil {
			return
		}
		if c.left--; c.left < 0 {
			failed = errTooMuch
			return
		}
		switch k.(type) {
		case lua.LNumber, lua.LString, lua.LBool:
		default:
			failed = errNotPlain
			return
		}
		switch v := v.(type) {
		case lua.LNumber, lua.LString, lua.LBool:
			to.RawSet(k, v)
		case *lua.LTable:
			t, ok := c.seen[v]
			if !ok {
				t = &lua.LTable{Metatable: lua.LNil}
				c.seen[v] = t
				failed = c.fill(t, v, depth+1)
			}
			to.RawSet(k, t)
		default:
			failed = errNotPlain
		}
	})
	return failed
}
