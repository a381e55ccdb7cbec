package luahost

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	// expressionMost is how long an expression may be, and expressionsMost how many
	// a plugin's cache holds. Matching takes time in proportion to text times
	// expression, never more.
	expressionMost  = 1 << 10
	expressionsMost = 100
)

// reTable is bot.re: regular expressions as in rules.yaml (RE2), for UTF-8 texts.
func (p *plugin) reTable() *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"match": p.reMatch, "find": p.reFind, "gmatch": p.reGmatch, "gsub": p.reGsub,
		"quote": func(l *lua.LState) int {
			l.Push(lua.LString(regexp.QuoteMeta(short(l))))
			return 1
		},
	})
	return t
}

// expression reads the arguments text and expression.
func (p *plugin) expression(l *lua.LState) (string, *regexp.Regexp) {
	s, src := short(l), l.CheckString(2)
	if len(src) > expressionMost {
		l.ArgError(2, fmt.Sprintf("an expression of at most %d bytes expected", expressionMost))
	}
	charge(l, work(len(s)*len(src)))
	re, err := p.compiled(src)
	if err != nil {
		l.ArgError(2, err.Error())
	}
	return s, re
}

// compiled gives an expression, which is kept for the next time.
func (p *plugin) compiled(src string) (*regexp.Regexp, error) {
	if re, ok := p.expressions[src]; ok {
		return re, nil
	}
	if len(src) > expressionMost {
		return nil, fmt.Errorf("an expression of at most %d bytes expected", expressionMost)
	}
	re, err := regexp.Compile(src)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if p.expressions == nil || len(p.expressions) >= expressionsMost {
		p.expressions = map[string]*regexp.Regexp{}
	}
	p.expressions[src] = re
	return re, nil
}

// group gives what a group caught, or nil.
func group(s string, at []int, n int) lua.LValue {
	if at[2*n] < 0 {
		return lua.LNil
	}
	return lua.LString(s[at[2*n]:at[2*n+1]])
}

// caughtBy makes the table of captures: by number, 0 being the whole, and by name.
func caughtBy(l *lua.LState, re *regexp.Regexp, s string, at []int) *lua.LTable {
	t := l.NewTable()
	for i, name := range re.SubexpNames() {
		v := group(s, at, i)
		t.RawSetInt(i, v)
		if name != "" {
			t.RawSetString(name, v)
		}
	}
	return t
}

// reMatch is bot.re.match(s, re) → table of captures, or nil.
func (p *plugin) reMatch(l *lua.LState) int {
	s, re := p.expression(l)
	at := re.FindStringSubmatchIndex(s)
	if at == nil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(caughtBy(l, re, s, at))
	return 1
}

// reFind is bot.re.find(s, re) → first and last byte, as string.find gives them.
func (p *plugin) reFind(l *lua.LState) int {
	s, re := p.expression(l)
	at := re.FindStringIndex(s)
	if at == nil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LNumber(at[0] + 1))
	l.Push(lua.LNumber(at[1]))
	return 2
}

// reGmatch is bot.re.gmatch(s, re) → iterator over tables of captures.
func (p *plugin) reGmatch(l *lua.LState) int {
	s, re := p.expression(l)
	all, next := re.FindAllStringSubmatchIndex(s, -1), 0
	l.Push(l.NewFunction(func(l *lua.LState) int {
		if next >= len(all) {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(caughtBy(l, re, s, all[next]))
		next++
		return 1
	}))
	return 1
}

// reGsub is bot.re.gsub(s, re, text|function) → text, how many. In a text, $1 and
// ${name} stand for captures; a function gets the table of captures, and nil or false
// keeps what was there.
func (p *plugin) reGsub(l *lua.LState) int {
	s, re := p.expression(l)
	var b []byte
	last, n := 0, 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		b = append(b, s[last:at[0]]...)
		switch repl := l.CheckAny(3).(type) {
		case *lua.LFunction:
			l.Push(repl)
			l.Push(caughtBy(l, re, s, at))
			l.Call(1, 1)
			v := l.Get(-1)
			l.Pop(1)
			if lua.LVAsBool(v) {
				b = append(b, v.String()...)
			} else {
				b = append(b, s[at[0]:at[1]]...)
			}
		case lua.LString:
			b = re.ExpandString(b, string(repl), s, at)
		default:
			l.ArgError(3, "a text or a function expected")
		}
		last, n = at[1], n+1
		charge(l, 1)
		if len(b) > stringMost {
			l.RaiseError("bot.re.gsub: %s", errTooLong.Error())
		}
	}
	l.Push(lua.LString(append(b, s[last:]...)))
	l.Push(lua.LNumber(n))
	return 2
}
