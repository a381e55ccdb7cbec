package luahost

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// plugin is one loaded version of a plugin. What is below lock may be used only by
// who holds it.
type plugin struct {
	host *Host
	name string
	file string // of init or of the one file
	src  source
	// modules are those that require gives, by name.
	modules map[string]*module
	order   int

	lock chan struct{} // holds one token while nobody runs
	l    *lua.LState
	gas  *gas

	header   header
	config   settings // of plugins.yaml
	limits   Limits
	handlers [handleCommand + 1][]*handler
	life     map[string][]*lua.LFunction // load, unload, config
	exports  map[string]*lua.LFunction
	state    *lua.LTable // bot.state
	// configTable is bot.config.
	configTable *lua.LTable
	methods     map[methodKey]*lua.LFunction
	metas       map[string]*lua.LTable
	loading     bool
	// configErr is a wrong value in plugins.yaml that ended the load.
	configErr error
	only      *match.When
	current   *call // the one that holds the lock
	timing    sync.Mutex
	timers    []*timer      // those that have not ended, guarded by timing
	idle      []*lua.LState // threads for further calls
	waits     int           // calls that wait
	gathers   gathers
	refused   refusal // guarded by the host's loading
	logs      bucket
	sends     bucket
	notices   bucket
	// expressions are those of bot.re that were used lately.
	expressions map[string]*regexp.Regexp
	weighed     time.Time // when what it keeps was looked at last
	looked      time.Time // when the process's heap was
	heapAt      uint64    // the process's heap, when what it keeps was looked at last
	faults      *faults
	paused      atomic.Bool // passed over, after too many faults
	renewing    bool        // it kept too much
	gone        bool        // replaced: it asks nobody any more; guarded by the questions
	keep        keep        // bot.kv
	fileRate    volume      // bot.file
	access      access
	asking      int           // requests of bot.http under way or waiting
	requests    chan struct{} // holds a token for each that is under way
	secrets     secrets       // what mask takes out

	stopped context.CancelFunc // ends calls and timers of this version
	alive   context.Context    //nolint:containedctx // the life of this version
}

func (p *plugin) info() Info {
	i := Info{Name: p.name, Version: p.header.version, About: p.header.about}
	for _, h := range p.handlers[handleCommand] {
		i.Commands = append(i.Commands, h.command.names...)
	}
	for name := range p.exports {
		i.Exports = append(i.Exports, name)
	}
	slices.Sort(i.Exports)
	for _, h := range p.access.hosts {
		i.Reaches = append(i.Reaches, h.String())
	}
	if c := p.host.opts.Capabilities; c.Mode != "" {
		i.Unfit = p.unfit(c)
	}
	return i
}

// loadMost bounds the top level of a script, its load and its unload handlers.
const loadMost = 2 * time.Second

// load makes a version of a plugin: it compiles the source and runs its top level,
// in which registrations are collected. Nothing of it is seen by others yet.
func (h *Host) load(s source, cfg settings, state *lua.LTable) (*plugin, error) {
	p, err := h.attempt(s, cfg, state)
	if err != nil {
		if p != nil {
			p.l.Close()
		}
		return nil, err
	}
	return p, nil
}

// attempt is load that gives what there is of a plugin whose top level fails.
func (h *Host) attempt(s source, cfg settings, state *lua.LTable) (*plugin, error) {
	proto, err := compile(baseName(s.file), s.text)
	if err != nil {
		return nil, err
	}
	modules, err := compileModules(s)
	if err != nil {
		return nil, err
	}
	limits := cfg.limits.over(h.opts.Limits)
	p := &plugin{
		host: h, name: s.name, file: s.file, src: s, modules: modules, config: cfg, limits: limits, gas: newGas(uint64(limits.Memory)),
		keep:     keep{rate: volume{opsMost: kvPerMinute, bytesMost: kvBytesPerMinute}},
		fileRate: volume{opsMost: fileWritesMost, bytesMost: fileBytesPerMinute},
		requests: make(chan struct{}, requestsMost),
		weighed:  time.Now(), faults: &faults{}, lock: make(chan struct{}, 1), life: map[string][]*lua.LFunction{}, exports: map[string]*lua.LFunction{},
		methods: map[methodKey]*lua.LFunction{}, metas: map[string]*lua.LTable{}, loading: true, order: cfg.order,
	}
	p.lock <- struct{}{}
	if p.l, err = newState(p.gas); err != nil {
		return nil, err
	}
	if cfg.only != nil {
		p.only = cfg.only
	}
	p.openAPI(state)
	p.gas.fill(loadMost)
	err = protect(func() error {
		return p.l.CallByParam(lua.P{Fn: p.l.NewFunctionFromProto(proto), Protect: true}, p.l.NewFunction(concat))
	})
	p.l.RemoveContext() // else every thread made from it would get a context of its own
	p.loading = false
	if err != nil {
		return p, cmp.Or(p.configErr, p.explain(err))
	}
	for _, list := range p.handlers {
		for _, hd := range list {
			hd.only = p.only
		}
	}
	return p, nil
}

func baseName(file string) string {
	if i := strings.LastIndexAny(file, `/\`); i >= 0 {
		return file[i+1:]
	}
	return file
}

// protect turns a panic of the library or of the host's own functions into an
// error: the border of a plugin call.
func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{value: fmt.Sprint(r), stack: debug.Stack()}
		}
	}()
	return f()
}

// panicError is a panic inside a plugin call.
type panicError struct {
	value string
	stack []byte
}

func (e *panicError) Error() string { return "internal error: " + e.value }

var luaPlace = regexp.MustCompile(`^([^:\n]+\.lua):(\d+): (?s:(.*))$`)

// explain gives an error of a script its place, without the library's own words.
func (p *plugin) explain(err error) error {
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return err
	}
	file, line := p.errorPlace(api)
	trace := cutTo(traceMost, p.mask(strings.TrimSpace(api.StackTrace)))
	if p.gas.stopped {
		return &scriptError{file: file, line: line, text: p.limitText(), trace: trace}
	}
	text := cut(p.mask(api.Object.String()))
	if t, ok := api.Object.(*lua.LTable); ok {
		text = "error object: " + t.String()
	}
	if m := luaPlace.FindStringSubmatch(text); m != nil {
		line, convErr := strconv.Atoi(m[2])
		if convErr == nil {
			return &scriptError{file: m[1], line: line, text: lang.Raw(m[3]), trace: trace}
		}
	}
	if api.Type == lua.ApiErrorPanic {
		return &panicError{value: text, stack: []byte(api.StackTrace)}
	}
	return &scriptError{file: file, line: line, text: lang.Raw(text), trace: trace}
}

var traceLine = regexp.MustCompile(`([^\s:]+\.lua):(\d+):`)

// errorPlace gives the innermost place of a stack trace.
func (p *plugin) errorPlace(e *lua.ApiError) (file string, line int) {
	m := traceLine.FindStringSubmatch(e.StackTrace)
	if m == nil {
		return baseName(p.file), 0
	}
	n, err := strconv.Atoi(m[2])
	if err != nil {
		return baseName(p.file), 0
	}
	return m[1], n
}

// acquire takes the run lock.
func (p *plugin) acquire(ctx context.Context) error {
	select {
	case <-p.lock:
		return nil
	default:
	}
	select {
	case <-p.lock:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.alive.Done():
		return errUnloaded
	}
}

func (p *plugin) release() { p.lock <- struct{}{} }

var (
	// errUnloaded ends calls of a version that has been replaced.
	errUnloaded = errors.New("the plugin was reloaded")
	// errCall ends calls that take too long altogether.
	errCall = errors.New("the call took too long")
)

// execute runs a call to its end on a thread of its own, and reports whether the
// function returned true.
func (c *call) execute(life context.Context, args func(l *lua.LState) []lua.LValue) bool {
	p := c.plugin
	p.host.busy.Add(1)
	defer p.host.busy.Add(-1)
	c.ctx, c.left = life, p.limits.Call
	if err := p.acquire(life); err != nil {
		c.err = err
		return false
	}
	defer p.release()
	c.mark()
	defer c.unmark()
	return !c.handler.off && c.locked(args)
}

// locked runs a call whose time and context are set, under the run lock.
func (c *call) locked(args func(l *lua.LState) []lua.LValue) bool {
	p := c.plugin
	th := p.thread()
	c.enter(th)
	err := protect(func() error {
		return th.CallByParam(lua.P{Fn: c.handler.fn, NRet: 2, Protect: true}, args(th)...)
	})
	p.host.opts.Ran(p.name, time.Since(c.since), true)
	p.current = nil
	p.l.G.CurrentThread = p.l
	c.unmark()
	c.keepRest(err == nil && th.Get(-2) == lua.LTrue)
	p.weighKept()
	if err != nil {
		// Its stack is in an unknown state.
		delete(p.gas.threads, th)
		th.Dead = true
		c.err = p.explain(err)
		c.report(c.ctx)
		return false
	}
	first, second := th.Get(-2), th.Get(-1)
	if c.wait {
		c.results = []lua.LValue{first, second}
	}
	th.SetTop(0)
	if len(p.idle) < idleMost {
		p.idle = append(p.idle, th)
	} else {
		delete(p.gas.threads, th)
		th.Dead = true
	}
	return first == lua.LTrue
}

// thread gives a Lua thread for a call: one that an earlier call has left clean, or
// a new one. All of them count as resumed, since a script must not resume the
// thread of a call, its own or another's.
func (p *plugin) thread() *lua.LState {
	if n := len(p.idle); n > 0 {
		th := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return th
	}
	th, _ := p.l.NewThread() // without a context there is nothing to cancel
	th.SetContext(p.gas)
	p.gas.threads[th] = true
	return th
}

// enter makes a call the one that runs.
func (c *call) enter(th *lua.LState) {
	p := c.plugin
	p.current = c
	p.l.G.CurrentThread = th
	c.since = p.gas.fill(p.limits.Run)
}

// waiting lets other handlers of the plugin run while f waits, and claims the
// event. It must be called by the thread that runs. Where the call has no time
// left, or its version is no longer in force, it ends in a way that the script
// cannot catch.
func (c *call) waiting(l *lua.LState, counts bool, f func(ctx context.Context) error) error {
	c.claim()
	return c.pausing(l, counts, f)
}

// pausing is waiting that leaves the event to be claimed by f.
func (c *call) pausing(l *lua.LState, counts bool, f func(ctx context.Context) error) error {
	p := c.plugin
	if p.gas.stopped {
		l.RaiseError("%s", p.gas.err.Error())
	}
	ran := time.Since(c.since)
	c.left -= ran
	p.host.opts.Ran(p.name, ran, false)
	if p.waits >= callsMost {
		l.RaiseError("more than %d calls of the plugin are waiting", callsMost)
	}
	th := p.l.G.CurrentThread
	p.current = nil
	p.waits++
	c.unmark()
	c.keepWaiting()
	p.release()
	err := c.wait1(counts, f)
	// The lock must be had again whatever happened: the caller gives it back.
	<-p.lock
	p.waits--
	c.mark()
	c.enter(th)
	switch {
	case c.ctx.Err() != nil || p.alive.Err() != nil:
		p.gas.stop(errUnloaded)
	case c.left <= 0:
		p.gas.stop(errCall)
	}
	if p.gas.stopped {
		l.RaiseError("%s", p.gas.err.Error())
	}
	return err
}

// idleMost is how many threads are kept for further calls.
const idleMost = 2

// callsMost bounds the calls of one plugin that wait at the same time.
const callsMost = 500

// wait1 waits without the lock. What counts is taken from the call's time; what does
// not is no work, which f tells quiet.
func (c *call) wait1(counts bool, f func(ctx context.Context) error) error {
	if !counts {
		return f(c.ctx)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(c.ctx, c.left)
	defer cancel()
	err := f(ctx)
	c.left -= time.Since(began)
	return err
}

// limitText says which limit ended a call, in the words of its author.
func (p *plugin) limitText() lang.Text {
	limits := p.limits
	switch {
	case errors.Is(p.gas.err, errDeadline), errors.Is(p.gas.err, errBudget):
		return lang.T("ran for more than %s without waiting", limits.Run)
	case errors.Is(p.gas.err, errMemory):
		return lang.T("took more than %d MB of memory", limits.Memory>>20)
	case errors.Is(p.gas.err, errCall):
		return lang.T("took more than %s altogether", limits.Call)
	}
	return lang.Raw(p.gas.err.Error())
}

// textMost is how much of an error's text is told, and traceMost how much of where it
// was called from.
const (
	textMost  = 500
	traceMost = 2000
)

func cut(s string) string { return cutTo(textMost, s) }

func cutTo(most int, s string) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// unload runs the unload handlers and ends the timers of this version.
func (p *plugin) unload(ctx context.Context) {
	if err := p.acquire(ctx); err == nil {
		if err := p.lifecycle(ctx, "unload", nil); err != nil {
			p.host.opts.Logger.Warn().Err(err).Str("plugin", p.name).Msg("unload handler failed")
		}
		p.release()
	}
	p.stopTimers()
}

// lifecycle runs the load, unload or config handlers under the run lock; the first
// error ends it.
func (p *plugin) lifecycle(ctx context.Context, what string, ev map[string]any) error {
	for _, fn := range p.life[what] {
		c := p.newCall(nil, &handler{fn: fn}, what)
		c.brief = true
		if err := c.bounded(ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

// bounded runs a call of the life cycle, which has loadMost at most.
func (c *call) bounded(ctx context.Context, ev map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, loadMost)
	defer cancel()
	c.ctx, c.left = ctx, c.plugin.limits.Call
	c.locked(func(l *lua.LState) []lua.LValue { return []lua.LValue{toLua(l, ev)} })
	c.end(ctx)
	return c.err
}

// object gives an event to Lua.
func (p *plugin) object(l *lua.LState, c *call, ev *event.Event) lua.LValue {
	kind := "event"
	switch ev.Kind {
	case event.KindMessage, event.KindRedPacket, event.KindTransfer:
		kind = "message"
	case event.KindFriendRequest:
		kind = "friend_request"
	default:
	}
	return p.wrap(l, kind, &eventObject{c, ev})
}
