package luahost

import (
	"fmt"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// stepsPerCharge is how many steps of a pattern cost as much as an instruction.
const stepsPerCharge = 4

// charged makes a function of the library cost what its texts weigh.
func charged(l *lua.LState, f lua.LValue) lua.LValue {
	fn, ok := f.(*lua.LFunction)
	if !ok || !fn.IsG {
		return f
	}
	return l.NewFunction(func(l *lua.LState) int {
		size := 0
		for i := 1; i <= min(l.GetTop(), 3); i++ {
			if s, ok := l.Get(i).(lua.LString); ok {
				size += len(s)
			}
		}
		charge(l, work(size))
		return fn.GFunction(l)
	})
}

// subjectMost is how long a text may be that a pattern is tried on.
const subjectMost = 64 << 10

// openString replaces those functions of the string library that have no bound.
func openString(l *lua.LState) {
	tab, ok := l.GetGlobal(lua.StringLibName).(*lua.LTable)
	if !ok {
		return
	}
	l.SetFuncs(tab, map[string]lua.LGFunction{
		"find": strFind, "match": strMatch, "gmatch": strGmatch, "gsub": strGsub, "rep": strRep, "format": strFormat,
	})
	for _, name := range []string{"lower", "upper", "reverse", "sub", "byte", "char"} {
		tab.RawSetString(name, charged(l, tab.RawGetString(name)))
	}
	tab.RawSetString("gfind", lua.LNil)
	tab.RawSetString("dump", lua.LNil)
	tab.RawSetString("__index", lua.LNil)
	// The metatable that all texts share is not to be had, so that no script can
	// change what methods mean.
	mt := l.NewTable()
	mt.RawSetString("__index", tab)
	mt.RawSetString("__metatable", lua.LFalse)
	l.SetMetatable(lua.LString(""), mt)
	stock, ok := l.GetGlobal("getmetatable").(*lua.LFunction)
	if !ok {
		return
	}
	l.SetGlobal("getmetatable", l.NewFunction(func(l *lua.LState) int {
		if _, ok := l.CheckAny(1).(lua.LString); ok {
			l.Push(lua.LFalse)
			return 1
		}
		if _, ok := l.Get(1).(*lua.LUserData); ok {
			l.Push(lua.LFalse)
			return 1
		}
		l.Push(stock)
		l.Push(l.Get(1))
		l.Call(1, 1)
		return 1
	}))
}

// start turns a Lua position into an offset.
func start(pos, length int) int {
	switch {
	case pos > 0:
		return min(pos-1, length+1)
	case pos == 0:
		return 0
	}
	return max(length+pos, 0)
}

func subject(l *lua.LState) (src, pat string) {
	src, pat = l.CheckString(1), l.CheckString(2)
	if len(src) > subjectMost {
		l.RaiseError("text of %d bytes: patterns take at most %d", len(src), subjectMost)
	}
	return src, pat
}

func strFind(l *lua.LState) int {
	if lua.LVAsBool(l.Get(4)) || !strings.ContainsAny(l.CheckString(2), "^$*+?.([%-") {
		src, what := l.CheckString(1), l.CheckString(2)
		from := start(l.OptInt(3, 1), len(src))
		if from > len(src) {
			l.Push(lua.LNil)
			return 1
		}
		i := strings.Index(src[from:], what)
		if i < 0 {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(lua.LNumber(from + i + 1))
		l.Push(lua.LNumber(from + i + len(what)))
		return 2
	}
	src, pat := subject(l)
	s, e, caps := search(l, src, pat, start(l.OptInt(3, 1), len(src)))
	if s < 0 {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LNumber(s + 1))
	l.Push(lua.LNumber(e))
	for _, c := range caps {
		l.Push(capture(src, c))
	}
	return 2 + len(caps)
}

func search(l *lua.LState, src, pat string, from int) (s, e int, caps []span) {
	steps := matchSteps
	return step(l, src, pat, from, &steps)
}

// step looks once, for functions that look again and again with one budget.
func step(l *lua.LState, src, pat string, from int, steps *int) (s, e int, caps []span) {
	had := *steps
	s, e, caps, err := find(src, pat, from, steps)
	charge(l, 1+(had-*steps)/stepsPerCharge)
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
	return s, e, caps
}

func capture(src string, c span) lua.LValue {
	if c.length == capPosition {
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(src[c.start : c.start+c.length])
}

// captures pushes what a match caught, or the whole match.
func pushCaptures(l *lua.LState, src string, s, e int, caps []span) int {
	if len(caps) == 0 {
		l.Push(lua.LString(src[s:e]))
		return 1
	}
	for _, c := range caps {
		l.Push(capture(src, c))
	}
	return len(caps)
}

func strMatch(l *lua.LState) int {
	src, pat := subject(l)
	s, e, caps := search(l, src, pat, start(l.OptInt(3, 1), len(src)))
	if s < 0 {
		l.Push(lua.LNil)
		return 1
	}
	return pushCaptures(l, src, s, e, caps)
}

func strGmatch(l *lua.LState) int {
	src, pat := subject(l)
	at, steps := 0, matchSteps
	l.Push(l.NewFunction(func(l *lua.LState) int {
		if at > len(src) {
			l.Push(lua.LNil)
			return 1
		}
		s, e, caps := step(l, src, pat, at, &steps)
		if s < 0 {
			at = len(src) + 1
			l.Push(lua.LNil)
			return 1
		}
		if at = e; e == s {
			at = e + 1
		}
		return pushCaptures(l, src, s, e, caps)
	}))
	return 1
}

func strGsub(l *lua.LState) int {
	src, pat := subject(l)
	repl := l.CheckAny(3)
	switch repl.Type() {
	case lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction:
	default:
		l.ArgError(3, "string/function/table expected")
	}
	most := l.OptInt(4, len(src)+1)
	var b strings.Builder
	steps, n, at := matchSteps, 0, 0
	for n < most {
		s, e, caps := step(l, src, pat, at, &steps)
		if s < 0 {
			break
		}
		b.WriteString(src[at:s])
		b.WriteString(replacement(l, repl, src, s, e, caps))
		n++
		if at = e; e == s {
			if e < len(src) {
				b.WriteByte(src[e])
			}
			at = e + 1
		}
		if b.Len() > stringMost {
			l.RaiseError("string.gsub: the text would have more than %d bytes", stringMost)
		}
		if at > len(src) || pat != "" && pat[0] == '^' {
			break
		}
	}
	if at < len(src) {
		b.WriteString(src[at:])
	}
	l.Push(lua.LString(b.String()))
	l.Push(lua.LNumber(n))
	return 2
}

func replacement(l *lua.LState, repl lua.LValue, src string, s, e int, caps []span) string {
	first := lua.LValue(lua.LString(src[s:e]))
	if len(caps) > 0 {
		first = capture(src, caps[0])
	}
	var v lua.LValue
	switch r := repl.(type) {
	case *lua.LTable:
		v = l.GetTable(r, first)
	case *lua.LFunction:
		l.Push(r)
		n := pushCaptures(l, src, s, e, caps)
		l.Call(n, 1)
		v = l.Get(-1)
		l.Pop(1)
	default:
		return expand(l, repl.String(), src, s, e, caps)
	}
	if !lua.LVAsBool(v) {
		return src[s:e]
	}
	if lua.LVCanConvToString(v) {
		return v.String()
	}
	l.RaiseError("invalid replacement value (a %s)", v.Type().String())
	return ""
}

// expand fills %0 to %9 into a replacement text.
func expand(l *lua.LState, repl, src string, s, e int, caps []span) string {
	var b strings.Builder
	for i := 0; i < len(repl); i++ {
		if repl[i] != '%' || i+1 == len(repl) {
			b.WriteByte(repl[i])
			continue
		}
		i++
		switch c := repl[i]; {
		case c == '0', c == '1' && len(caps) == 0:
			b.WriteString(src[s:e])
		case isDigit(c):
			n := int(c - '1')
			if n >= len(caps) {
				l.RaiseError("invalid capture index")
			}
			b.WriteString(capture(src, caps[n]).String())
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func strRep(l *lua.LState) int {
	s, n := l.CheckString(1), max(l.CheckInt(2), 0)
	if len(s) > 0 && n > stringMost/len(s) {
		l.RaiseError("string.rep: the text would have more than %d bytes", stringMost)
	}
	charge(l, work(len(s)*n))
	l.Push(lua.LString(strings.Repeat(s, n)))
	return 1
}

const widthMost = 99

// strFormat knows the directives of C that Lua has, and nothing of Go's.
func strFormat(l *lua.LState) int {
	format := l.CheckString(1)
	var b strings.Builder
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			b.WriteByte('%')
			continue
		}
		from := i
		for i < len(format) && strings.IndexByte("-+ #0123456789.", format[i]) >= 0 {
			i++
		}
		if i >= len(format) {
			l.RaiseError("invalid format: ends with '%%'")
		}
		flags := format[from:i]
		checkFlags(l, flags)
		arg++
		directive(l, &b, flags, format[i], arg)
		if b.Len() > stringMost {
			l.RaiseError("string.format: the text would have more than %d bytes", stringMost)
		}
	}
	l.Push(lua.LString(b.String()))
	return 1
}

func checkFlags(l *lua.LState, flags string) {
	digits := strings.FieldsFunc(flags, func(r rune) bool { return r < '0' || r > '9' })
	for _, d := range digits {
		if len(strings.TrimLeft(d, "0")) > 2 {
			l.RaiseError("invalid format: width or precision above %d", widthMost)
		}
	}
	if strings.Count(flags, ".") > 1 {
		l.RaiseError("invalid format")
	}
}

func directive(l *lua.LState, b *strings.Builder, flags string, verb byte, arg int) {
	switch verb {
	case 'd', 'i':
		fmt.Fprintf(b, "%"+flags+"d", l.CheckInt64(arg))
	case 'c':
		b.WriteByte(byte(l.CheckInt(arg)))
	case 'u', 'o', 'x', 'X':
		if verb == 'u' {
			verb = 'd'
		}
		fmt.Fprintf(b, "%"+flags+string(verb), l.CheckInt64(arg))
	case 'e', 'E', 'f', 'g', 'G':
		fmt.Fprintf(b, "%"+flags+string(verb), float64(l.CheckNumber(arg)))
	case 'q':
		quote(b, l.CheckString(arg))
	case 's':
		l.CheckAny(arg)
		fmt.Fprintf(b, "%"+flags+"s", l.ToStringMeta(l.Get(arg)).String())
	default:
		l.RaiseError("invalid option '%%%s' to 'format'", string(rune(verb)))
	}
}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString("\\\n")
		case '\r':
			b.WriteString("\\r")
		case 0:
			b.WriteString("\\000")
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// openUTF8 gives the utf8 library of Lua 5.3.
func openUTF8(l *lua.LState) {
	tab := l.NewTable()
	l.SetFuncs(tab, map[string]lua.LGFunction{
		"char": func(l *lua.LState) int {
			var b strings.Builder
			for i := 1; i <= l.GetTop(); i++ {
				b.WriteRune(rune(l.CheckInt(i)))
			}
			l.Push(lua.LString(b.String()))
			return 1
		},
		"len": func(l *lua.LState) int {
			s := l.CheckString(1)
			for i, r := range s {
				if r == utf8.RuneError && !utf8.FullRuneInString(s[i:]) {
					l.Push(lua.LNil)
					l.Push(lua.LNumber(i + 1))
					return 2
				}
			}
			l.Push(lua.LNumber(utf8.RuneCountInString(s)))
			return 1
		},
		"codepoint": func(l *lua.LState) int {
			s := l.CheckString(1)
			i := start(l.OptInt(2, 1), len(s))
			j := start(l.OptInt(3, i+1), len(s))
			n := 0
			for i < len(s) && i <= j {
				r, size := utf8.DecodeRuneInString(s[i:])
				l.Push(lua.LNumber(r))
				i += size
				n++
			}
			return n
		},
		"codes": func(l *lua.LState) int {
			s := l.CheckString(1)
			at := 0
			l.Push(l.NewFunction(func(l *lua.LState) int {
				if at >= len(s) {
					l.Push(lua.LNil)
					return 1
				}
				r, size := utf8.DecodeRuneInString(s[at:])
				l.Push(lua.LNumber(at + 1))
				l.Push(lua.LNumber(r))
				at += size
				return 2
			}))
			return 1
		},
		"offset": utf8Offset,
	})
	tab.RawSetString("charpattern", lua.LString("[%z\x01-\x7F\xC2-\xF4][\x80-\xBF]*"))
	l.SetGlobal("utf8", tab)
}

// utf8Offset gives the byte position of the n-th character.
func utf8Offset(l *lua.LState) int {
	s, n := l.CheckString(1), l.CheckInt(2)
	if n <= 0 {
		r := []rune(s)
		if n += len(r) + 1; n <= 0 {
			l.Push(lua.LNil)
			return 1
		}
	}
	at := 0
	for range n - 1 {
		if at >= len(s) {
			l.Push(lua.LNil)
			return 1
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	l.Push(lua.LNumber(at + 1))
	return 1
}
