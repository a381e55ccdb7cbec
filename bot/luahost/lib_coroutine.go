package luahost

import (
	lua "github.com/yuin/gopher-lua"
)

const (
	// coroutinesMost may be made in one stretch, and coroutineDepth resumed one
	// inside the other: each level nests the interpreter itself.
	coroutinesMost = 256
	coroutineDepth = 8
)

// openCoroutine replaces the coroutine library: that of the interpreter makes
// threads that nothing stops, and lets two calls of a plugin resume the same
// thread, which breaks its stack.
func openCoroutine(l *lua.LState, g *gas) {
	tab, ok := l.GetGlobal(lua.CoroutineLibName).(*lua.LTable)
	if !ok {
		return
	}
	create, ok1 := tab.RawGetString("create").(*lua.LFunction)
	resume, ok2 := tab.RawGetString("resume").(*lua.LFunction)
	if !ok1 || !ok2 {
		return
	}
	c := &coroutines{main: l, gas: g, create: create, resume: resume}
	l.SetFuncs(tab, map[string]lua.LGFunction{
		"create": c.apiCreate, "resume": c.apiResume, "wrap": c.apiWrap, "status": c.apiStatus, "yield": apiYield,
	})
}

type coroutines struct {
	main           *lua.LState
	gas            *gas
	create, resume *lua.LFunction
}

func (c *coroutines) apiCreate(l *lua.LState) int {
	l.CheckFunction(1)
	if c.gas.made++; c.gas.made > coroutinesMost {
		l.RaiseError("more than %d coroutines at a time", coroutinesMost)
	}
	// As big as its stack.
	charge(l, work(8<<10))
	l.SetTop(1)
	if n := c.create.GFunction(l); n != 1 {
		l.RaiseError("coroutine.create: no thread")
	}
	if th, ok := l.Get(-1).(*lua.LState); ok {
		th.SetContext(c.gas)
	}
	return 1
}

func (c *coroutines) apiResume(l *lua.LState) int {
	th := l.CheckThread(1)
	if why := c.refusal(l, th); why != "" {
		l.Push(lua.LFalse)
		l.Push(lua.LString(why))
		return 2
	}
	c.gas.threads[th] = true
	defer delete(c.gas.threads, th)
	return c.resume.GFunction(l)
}

// refusal says why a thread cannot be resumed now.
func (c *coroutines) refusal(l, th *lua.LState) string {
	switch {
	case th.Dead:
		return "cannot resume dead coroutine"
	case c.gas.threads[th] || th == c.main:
		return "cannot resume non-suspended coroutine"
	}
	depth := 1
	for up := l; up.Parent != nil; up = up.Parent {
		depth++
	}
	if depth > coroutineDepth {
		return "coroutines are nested too deep"
	}
	return ""
}

func (c *coroutines) apiWrap(l *lua.LState) int {
	c.apiCreate(l)
	th := l.CheckThread(-1)
	l.Push(l.NewFunction(func(l *lua.LState) int {
		l.Insert(th, 1)
		before := l.GetTop()
		n := c.apiResume(l)
		ok := l.Get(before + 1)
		if n == 0 || !lua.LVAsBool(ok) {
			l.Error(l.Get(before+2), 0)
		}
		return n - 1
	}))
	return 1
}

func (c *coroutines) apiStatus(l *lua.LState) int {
	th := l.CheckThread(1)
	status := l.Status(th)
	if status == "suspended" && c.gas.threads[th] {
		status = "normal"
	}
	l.Push(lua.LString(status))
	return 1
}

// apiYield refuses what the interpreter cannot do: it would return to the function
// of the library that is in between with a wrong value, or panic.
func apiYield(l *lua.LState) int {
	if l.Parent == nil {
		l.RaiseError("attempt to yield from outside a coroutine")
	}
	for level := 1; ; level++ {
		frame, ok := l.GetStack(level)
		if !ok {
			return -1
		}
		fn, err := l.GetInfo("f", frame, lua.LNil)
		if err != nil {
			return -1
		}
		if f, ok := fn.(*lua.LFunction); ok && f.IsG {
			l.RaiseError("attempt to yield across a call of the library (pcall, table.sort, string.gsub or the like)")
		}
	}
}
