package luahost

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"wxbot/bot/lang"
)

const (
	sourceMost = 256 << 10
	stringMost = 1 << 20 // bytes a library call may make at once
	arrayMost  = 1 << 18 // index up to which a table is an array
)

var limitArrays = sync.OnceFunc(func() { //nolint:gochecknoglobals // it sets a variable of the library, once
	// Above this the library fills the gap with nils: one assignment took a GiB.
	lua.MaxArrayIndex = arrayMost
})

// stateOptions are small at first and bounded: a recursion without end is an
// error, and so is a table that is unpacked whole.
var stateOptions = lua.Options{
	SkipOpenLibs:        true,
	CallStackSize:       200,
	MinimizeStackMemory: true,
	RegistrySize:        128,
	RegistryMaxSize:     64 << 10,
	RegistryGrowStep:    1024,
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
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
		{lua.StringLibName, lua.OpenString},
		{lua.MathLibName, lua.OpenMath},
		{lua.CoroutineLibName, lua.OpenCoroutine},
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

// compile parses a source file. Its errors have file:line. What it gives must be
// called with the function concat.
func compile(name, source string) (*lua.FunctionProto, error) {
	if len(source) > sourceMost {
		return nil, &scriptError{file: name, text: tooLong()}
	}
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		if e, ok := errors.AsType[*parse.Error](err); ok {
			text := e.Message
			if e.Token != "" {
				text += fmt.Sprintf(" near %q", e.Token)
			}
			line := e.Pos.Line
			if line <= 0 { // the end of the file
				line = strings.Count(strings.TrimRight(source, "\n"), "\n") + 1
			}
			return nil, &scriptError{file: name, line: line, text: lang.Raw(text)}
		}
		return nil, &scriptError{file: name, text: lang.Raw(err.Error())}
	}
	if chunk, err = rewrite(chunk); err != nil {
		if deep, ok := errors.AsType[*nestingError](err); ok {
			return nil, &scriptError{file: name, line: deep.line, text: lang.Raw(deep.Error())}
		}
		return nil, &scriptError{file: name, text: lang.Raw(err.Error())}
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, &scriptError{file: name, text: lang.Raw(err.Error())}
	}
	return proto, nil
}

// scriptError is a mistake in a plugin's source, with its place.
type scriptError struct {
	file string
	line int
	text lang.Text
	// trace is where it was called from, one place a line.
	trace string
}

// place is what errors of the same cause have in common.
func (e *scriptError) place() string { return fmt.Sprintf("%s:%d", e.file, e.line) }

func (e *scriptError) Error() string { return e.In(lang.English) }

// In gives place and text in a language.
func (e *scriptError) In(l lang.Language) string {
	if e.line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.text.In(l))
	}
	return e.file + ": " + e.text.In(l)
}

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
