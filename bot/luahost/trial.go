package luahost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/lang"
)

// Trial is the outcome of one test of a plugin.
type Trial struct {
	Plugin string `json:"plugin"`
	// Name is that of the test, after those of the groups around it; "" if it is not
	// about one test.
	Name    string `json:"name"`
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // of the problem
	Problem string `json:"problem,omitempty"`
	// Missing: the plugin has no tests.
	Missing bool `json:"missing,omitempty"`
}

// TestOptions says what to test. Dir and Report are required.
type TestOptions struct {
	Dir    string       // of the plugins
	Plugin string       // the only one to test; "" is all
	Report func(Trial)  // is told every outcome, in order
	Print  func(string) // takes what tests print; nil drops it
	// Language is that of the problems.
	Language lang.Language
}

func (o *TestOptions) setDefaults() {
	if o.Print == nil {
		o.Print = func(string) {}
	}
}

const (
	// trialRun is how long a test may compute between two steps.
	trialRun = 2 * time.Second
	// trialGlobal holds t while a test runs, for the host alone.
	trialGlobal = "\x00t"
)

// Test runs the tests of the plugins of a directory, or of one of them, each test
// with the plugin in a world of its own: people and groups that the test makes, a
// clock that it turns, and nothing else. Tests of NAME.lua are in NAME_test.lua,
// those of a folder in its tests/*_test.lua. The error tells of a directory that
// cannot be read, or a plugin that is not there.
func Test(ctx context.Context, o TestOptions) error {
	o.setDefaults()
	dir, only, report := o.Dir, o.Plugin, o.Report
	sources, problems := scan(dir)
	found := false
	for _, p := range problems {
		if p.Plugin == EveryPlugin {
			return p.All().Err()
		}
		if only == "" || p.Plugin == only {
			found = true
			report(Trial{Plugin: p.Plugin, File: p.File, Line: p.Line, Problem: p.Text.In(o.Language)})
		}
	}
	for _, s := range sources {
		if only != "" && s.name != only {
			continue
		}
		found = true
		files, err := testFiles(s)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			report(Trial{Plugin: s.name, File: s.file, Missing: true})
		}
		for _, file := range files {
			r := &trialRunner{source: s, file: file, opts: o}
			r.run(ctx)
		}
	}
	if only != "" && !found {
		return lang.Errorf("test: there is no plugin %q in %s", only, dir)
	}
	return nil
}

// testFiles are the files with tests of a plugin.
func testFiles(s source) ([]string, error) {
	if !s.folder() {
		file := strings.TrimSuffix(s.file, ".lua") + "_test.lua"
		if _, err := os.Stat(file); err != nil {
			return nil, nil //nolint:nilerr // there is none
		}
		return []string{file}, nil
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(s.file), "tests", "*_test.lua"))
	if err != nil {
		return nil, fmt.Errorf("tests of %s: %w", s.name, err)
	}
	slices.Sort(files)
	return files, nil
}

// trialRunner runs the tests of one file.
type trialRunner struct {
	source source
	file   string
	opts   TestOptions

	l     *lua.LState
	gas   *gas
	group *trialSet
	cases []trialCase
}

// trialSet is a describe and what it sets up.
type trialSet struct {
	under         *trialSet
	name          string
	before, after []*lua.LFunction
}

type trialCase struct {
	set  *trialSet
	name string
	fn   *lua.LFunction
}

func (s *trialSet) path() string {
	if s.under == nil {
		return s.name
	}
	return strings.TrimPrefix(s.under.path()+" "+s.name, " ")
}

func (r *trialRunner) run(ctx context.Context) {
	if err := r.load(); err != nil {
		r.opts.Report(r.outcome("", err))
		return
	}
	defer r.l.Close()
	for _, c := range r.cases {
		r.opts.Report(r.outcome(strings.TrimPrefix(c.set.path()+" "+c.name, " "), r.try(ctx, c)))
	}
	if len(r.cases) == 0 {
		r.opts.Report(Trial{Plugin: r.source.name, File: r.file, Problem: lang.T("the file has no tests: it(\"…\", function(t) … end)").In(r.opts.Language)})
	}
}

// load runs the file, which collects its tests.
func (r *trialRunner) load() error {
	text, err := readBounded(r.file)
	if err != nil {
		return err
	}
	proto, err := compile(baseName(r.file), text)
	if err != nil {
		return err
	}
	r.gas = newGas(uint64(defaultLimits().Memory))
	if r.l, err = newState(r.gas); err != nil {
		return err
	}
	r.group = &trialSet{}
	r.open()
	r.gas.fill(trialRun)
	return r.call(r.l.NewFunctionFromProto(proto), r.l.NewFunction(concat))
}

// open makes what test files have beside the libraries of plugins.
func (r *trialRunner) open() {
	set := func(name string, f lua.LGFunction) { r.l.SetGlobal(name, r.l.NewFunction(f)) }
	hook := func(to func(s *trialSet, fn *lua.LFunction)) lua.LGFunction {
		return func(l *lua.LState) int {
			to(r.group, l.CheckFunction(1))
			return 0
		}
	}
	before := hook(func(s *trialSet, fn *lua.LFunction) { s.before = append(s.before, fn) })
	after := hook(func(s *trialSet, fn *lua.LFunction) { s.after = append(s.after, fn) })
	set("before", before)
	set("before_each", before)
	set("after", after)
	set("after_each", after)
	set("describe", func(l *lua.LState) int {
		outer := r.group
		r.group = &trialSet{under: outer, name: l.CheckString(1)}
		l.Push(l.CheckFunction(2))
		l.Call(0, 0)
		r.group = outer
		return 0
	})
	set("it", func(l *lua.LState) int {
		r.cases = append(r.cases, trialCase{set: r.group, name: l.CheckString(1), fn: l.CheckFunction(2)})
		return 0
	})
	set("print", func(l *lua.LState) int {
		parts := make([]string, l.GetTop())
		for i := range parts {
			parts[i] = l.ToStringMeta(l.Get(i + 1)).String()
		}
		r.opts.Print(strings.Join(parts, "\t"))
		return 0
	})
}

// call calls a function of the test file.
func (r *trialRunner) call(fn *lua.LFunction, args ...lua.LValue) error {
	r.gas.fill(trialRun)
	return protect(func() error { return r.l.CallByParam(lua.P{Fn: fn, Protect: true}, args...) })
}

// try runs one test: what is to be done before, the test, and what is to be done
// after it.
func (r *trialRunner) try(ctx context.Context, c trialCase) (err error) {
	ctx, cancel := context.WithTimeout(ctx, trialMost)
	defer cancel()
	answers := &trialHTTP{}
	stage, err := newTrialStage(ctx, r.source, testSetup(answers))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.end()) }()
	t := &trialLua{l: r.l, gas: r.gas, stage: stage, http: answers}
	tab := t.open()
	r.l.SetGlobal(trialGlobal, tab)
	for _, fn := range c.set.hooks(func(s *trialSet) []*lua.LFunction { return s.before }) {
		if err := r.call(fn, tab); err != nil {
			return err
		}
	}
	// The first step of the test loads the plugin, so that t.config may be set before.
	if err = r.call(c.fn, tab); err == nil {
		err = t.begin()
	}
	for _, fn := range c.set.hooks(func(s *trialSet) []*lua.LFunction { return s.after }) {
		err = errors.Join(err, r.call(fn, tab))
	}
	return err
}

// hooks gives the functions of a group and those around it, the outermost first.
func (s *trialSet) hooks(of func(*trialSet) []*lua.LFunction) []*lua.LFunction {
	if s == nil {
		return nil
	}
	return append(s.under.hooks(of), of(s)...)
}

// outcome gives an error its place.
func (r *trialRunner) outcome(name string, err error) Trial {
	t := Trial{Plugin: r.source.name, Name: name, File: r.file}
	if err == nil {
		return t
	}
	p := &plugin{file: r.file, gas: r.gas, limits: Limits{Run: trialRun, Memory: defaultLimits().Memory}}
	err = p.explain(err)
	t.Problem = lang.Say(err, r.opts.Language)
	if se, ok := errors.AsType[*scriptError](err); ok && se.file == baseName(r.file) {
		t.Line, t.Problem = se.line, se.text.In(r.opts.Language)
	}
	return t
}
