package luahost

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// jsonTable is bot.json.
func (p *plugin) jsonTable() *lua.LTable {
	t := p.l.NewTable()
	t.RawSetString("null", p.makeNull())
	mark := p.l.NewTable()
	mark.RawSetString(arrayName, lua.LTrue)
	p.l.G.Registry.RawSetString(arrayName, mark)
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"encode": func(l *lua.LState) int {
			v, err := fromLua(l.CheckAny(1))
			var b []byte
			if err == nil {
				b, err = encodeJSON(v)
			}
			if err == nil && len(b) > stringMost {
				err = errTooLong
			}
			charge(l, work(16*len(b)))
			if err != nil {
				l.RaiseError("bot.json.encode: %s", err.Error())
			}
			if o, ok := l.Get(2).(*lua.LTable); ok && lua.LVAsBool(o.RawGetString("pretty")) {
				var pretty bytes.Buffer
				if json.Indent(&pretty, b, "", "  ") == nil {
					b = pretty.Bytes()
				}
			}
			l.Push(lua.LString(b))
			return 1
		},
		"decode": func(l *lua.LState) int { return pushJSON(l, l.CheckString(1)) },
		"array": func(l *lua.LState) int {
			t := l.CheckTable(1)
			markArray(l, t)
			l.Push(t)
			return 1
		},
	})
	return t
}

// pushJSON pushes the value of a text, or nil and what is wrong with it.
func pushJSON(l *lua.LState, s string) int {
	charge(l, work(64*len(s)))
	v, err := decodeJSON(s)
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	l.Push(toLua(l, v))
	return 1
}

// null is JSON's, which Lua's nil is not: a table cannot hold that.
type null struct{}

const nullName = "wxbot.null"

// makeNull makes bot.json.null, one a plugin, so that it equals itself.
func (p *plugin) makeNull() *lua.LUserData {
	ud := p.l.NewUserData()
	ud.Value, ud.Metatable = null{}, p.meta("null")
	p.l.G.Registry.RawSetString(nullName, ud)
	return ud
}

// arrayName is the metatable of tables that are an array even if they are empty, as
// decoded ones are: Lua has one kind of empty table, JSON has two.
const arrayName = "wxbot.array"

// markArray makes a table without a metatable an array, in a plugin's state.
func markArray(l *lua.LState, t *lua.LTable) {
	if mark, ok := l.G.Registry.RawGetString(arrayName).(*lua.LTable); ok && t.Metatable == lua.LNil {
		t.Metatable = mark
	}
}

func isArray(t *lua.LTable) bool {
	mark, ok := t.Metatable.(*lua.LTable)
	return ok && mark.RawGetString(arrayName) == lua.LTrue
}

// encodeJSON writes a value as it is: signatures are made of what is sent.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeJSON reads one value. Whole numbers that a Lua number would round come as
// texts.
func decodeJSON(s string) (any, error) {
	if valuesIn(s) > plainMost {
		return nil, errTooMuch
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return numbers(v, 0)
}

// valuesIn counts, roughly from above, the values of a JSON text before any of them
// takes memory.
func valuesIn(s string) int {
	n, quoted := 1, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

const exactMost = 1 << 53

func numbers(v any, depth int) (any, error) {
	if depth > plainDepth {
		return nil, errNotPlain
	}
	switch v := v.(type) {
	case nil:
		return null{}, nil
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			if i > exactMost || i < -exactMost {
				return v.String(), nil
			}
			return float64(i), nil
		}
		f, err := v.Float64()
		if err != nil {
			return v.String(), nil //nolint:nilerr // a number beyond float64 stays text
		}
		return f, nil
	case []any:
		for i := range v {
			x, err := numbers(v[i], depth+1)
			if err != nil {
				return nil, err
			}
			v[i] = x
		}
	case map[string]any:
		for k := range v {
			x, err := numbers(v[k], depth+1)
			if err != nil {
				return nil, err
			}
			v[k] = x
		}
	}
	return v, nil
}
