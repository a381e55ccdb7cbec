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

var errNotPlain = errors.New("only plain data: nil, booleans, numbers, texts, and tables of these")

// fromLua turns Lua values into plain Go data. A table with the keys 1 to n is a
// []any, every other one a map[string]any.
func fromLua(v lua.LValue) (any, error) { return fromLuaAt(v, 0) }

func fromLuaAt(v lua.LValue, depth int) (any, error) {
	if depth > plainDepth {
		return nil, errNotPlain
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		return float64(v), nil
	case lua.LString:
		return string(v), nil
	case *lua.LTable:
		return tableFromLua(v, depth)
	}
	return nil, errNotPlain
}

func tableFromLua(t *lua.LTable, depth int) (any, error) {
	n := t.Len()
	list := []any{}
	m := map[string]any{}
	var failed error
	t.ForEach(func(k, v lua.LValue) {
		if failed != nil {
			return
		}
		x, err := fromLuaAt(v, depth+1)
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
	for i, x := range list {
		m[fmt.Sprint(i+1)] = x
	}
	return m, nil
}
