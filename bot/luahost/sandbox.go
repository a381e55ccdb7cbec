package luahost

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

const (
	sourceMost = 256 << 10
	stringMost = 1 << 20 // bytes a library call may make at once
	arrayMost  = 1 << 20 // index up to which a table is an array
)

var limitArrays = sync.OnceFunc(func() {
	// Above this the library fills the gap with nils: one assignment took a GiB.
	lua.MaxArrayIndex = arrayMost
})

// stateOptions are small at first and bounded: a recursion without end is an
// error, and so is a table that is unpacked whole.
var stateOptions = lua.Options{
	SkipOpenLibs:        true,
	CallStackSize:       200,
	MinimizeStackMemory: true,
	RegistrySize:        1024,
	RegistryMaxSize:     64 << 10,
	RegistryGrowStep:    4096,
}

// goneFromBase are functions that load code, look into environments or stop the
// process's other work.
var goneFromBase = []string{
	"dofile", "loadfile", "load", "loadstring", "getfenv", "setfenv", "collectgarbage", "module", "newproxy",
	"require", "_printregs", "print",
}

// newState makes a Lua state with what plugins may have.
func newState(g *gas) (*lua.LState, error) {
	l := lua.NewState(stateOptions)
	for _, lib := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}, {lua.StringLibName, lua.OpenString},
		{lua.MathLibName, lua.OpenMath}, {lua.CoroutineLibName, lua.OpenCoroutine},
	} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(lib.open), Protect: true}, lua.LString(lib.name)); err != nil {
			l.Close()
			return nil, fmt.Errorf("open library %s: %w", lib.name, err)
		}
	}
	for _, name := range goneFromBase {
		l.SetGlobal(name, lua.LNil)
	}
	openString(l)
	openTable(l)
	openCoroutine(l, g)
	openOS(l)
	openUTF8(l)
	l.SetContext(g)
	return l, nil
}

// compile parses a source file. Its errors have file:line.
func compile(name, source string) (*lua.FunctionProto, error) {
	if len(source) > sourceMost {
		return nil, &scriptError{file: name, text: fmt.Sprintf("the file has more than %d bytes", sourceMost)}
	}
	if depth := nesting(source); depth > nestingMost {
		return nil, &scriptError{file: name, text: fmt.Sprintf("brackets and blocks are nested more than %d deep", nestingMost)}
	}
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		var e *parse.Error
		if errors.As(err, &e) {
			text := e.Message
			if e.Token != "" {
				text += fmt.Sprintf(" near %q", e.Token)
			}
			line := e.Pos.Line
			if line <= 0 { // the end of the file
				line = strings.Count(strings.TrimRight(source, "\n"), "\n") + 1
			}
			return nil, &scriptError{file: name, line: line, text: text}
		}
		return nil, &scriptError{file: name, text: err.Error()}
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, &scriptError{file: name, text: err.Error()}
	}
	return proto, nil
}

const nestingMost = 150

// nesting estimates how deep a source goes before it is given to the parser, which
// has no limit of its own and runs out of stack. Strings and comments are counted
// too, which only makes it stricter.
func nesting(source string) int {
	depth, deepest, word := 0, 0, 0
	signs := 0 // unary operators in a row
	note := func(by int) {
		depth = max(depth+by, 0)
		deepest = max(deepest, depth+signs)
	}
	for i := 0; i <= len(source); i++ {
		if i < len(source) && isWord(source[i]) {
			continue
		}
		switch w := source[word:i]; w {
		case "":
		case "function", "do", "then", "repeat":
			signs = 0
			note(1)
		case "end", "until", "elseif":
			signs = 0
			note(-1)
		case "not":
			signs++
			note(0)
		default:
			signs = 0
		}
		word = i + 1
		if i == len(source) {
			break
		}
		switch source[i] {
		case '(', '{', '[':
			note(1)
		case ')', '}', ']':
			note(-1)
		case '-', '#':
			signs++
			note(0)
		}
	}
	return deepest
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// scriptError is a mistake in a plugin's source, with its place.
type scriptError struct {
	file string
	line int
	text string
}

func (e *scriptError) Error() string {
	if e.line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.text)
	}
	return e.file + ": " + e.text
}

func openTable(l *lua.LState) {
	tab, ok := l.GetGlobal(lua.TabLibName).(*lua.LTable)
	if !ok {
		return
	}
	concat := l.GetField(tab, "concat")
	tab.RawSetString("concat", l.NewFunction(func(l *lua.LState) int {
		t := l.CheckTable(1)
		total := 0
		sep := len(l.OptString(2, ""))
		from, to := l.OptInt(3, 1), l.OptInt(4, t.Len())
		for i := from; i <= to; i++ {
			if s, ok := t.RawGetInt(i).(lua.LString); ok {
				total += len(s)
			}
			if total += sep; total > stringMost {
				l.RaiseError("table.concat: the text would have more than %d bytes", stringMost)
			}
		}
		n := l.GetTop()
		args := make([]lua.LValue, n)
		for i := range n {
			args[i] = l.Get(i + 1)
		}
		l.Push(concat)
		for _, a := range args {
			l.Push(a)
		}
		l.Call(n, 1)
		return 1
	}))
}

// openCoroutine makes coroutines run under the plugin's gas: those of the library
// would never be stopped.
func openCoroutine(l *lua.LState, g *gas) {
	tab, ok := l.GetGlobal(lua.CoroutineLibName).(*lua.LTable)
	if !ok {
		return
	}
	create := l.GetField(tab, "create")
	resume := l.GetField(tab, "resume")
	makeThread := func(l *lua.LState) lua.LValue {
		fn := l.CheckFunction(1)
		l.Push(create)
		l.Push(fn)
		l.Call(1, 1)
		v := l.Get(-1)
		l.Pop(1)
		if th, ok := v.(*lua.LState); ok {
			th.SetContext(g)
		}
		return v
	}
	// call resumes a coroutine with the arguments on the stack after the first. One
	// inside the other, they are costly to unwind, so there are not many.
	call := func(l *lua.LState, th lua.LValue, from int) {
		if g.nested >= nestedMost {
			l.RaiseError("coroutines are nested more than %d deep", nestedMost)
		}
		g.nested++
		defer func() { g.nested-- }()
		n := l.GetTop()
		l.Push(resume)
		l.Push(th)
		for i := from; i <= n; i++ {
			l.Push(l.Get(i))
		}
		l.Call(n-from+2, lua.MultRet)
		for range n {
			l.Remove(1)
		}
	}
	tab.RawSetString("create", l.NewFunction(func(l *lua.LState) int {
		l.Push(makeThread(l))
		return 1
	}))
	tab.RawSetString("resume", l.NewFunction(func(l *lua.LState) int {
		call(l, l.CheckThread(1), 2)
		return l.GetTop()
	}))
	tab.RawSetString("wrap", l.NewFunction(func(l *lua.LState) int {
		th := makeThread(l)
		l.Push(l.NewFunction(func(l *lua.LState) int {
			call(l, th, 1)
			if !lua.LVAsBool(l.Get(1)) {
				l.RaiseError("%s", l.Get(2).String())
			}
			l.Remove(1)
			return l.GetTop()
		}))
		return 1
	}))
}

const nestedMost = 16

// openOS gives the four harmless functions of os.
func openOS(l *lua.LState) {
	began := time.Now()
	tab := l.NewTable()
	l.SetFuncs(tab, map[string]lua.LGFunction{
		"clock":    func(l *lua.LState) int { l.Push(lua.LNumber(time.Since(began).Seconds())); return 1 },
		"difftime": func(l *lua.LState) int { l.Push(l.CheckNumber(1) - l.CheckNumber(2)); return 1 },
	})
	l.SetGlobal("os", tab)
}
