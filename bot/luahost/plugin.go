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
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
	"wxbot/bot/match"
)

// plugin is one loaded version of a plugin. What is below lock may be used only by
// who holds it.
type plugin struct {
	host   *Host
	name   string
	file   string // of init or of the one file
	source string // content, to see whether it changed
	order  int

	lock chan struct{} // holds one token while nobody runs
	l    *lua.LState
	gas  *gas

	header   header
	config   settings // of plugins.yaml
	handlers [handleCommand + 1][]*handler
	life     map[string][]*lua.LFunction // load, unload, config
	exports  map[string]*lua.LFunction
	timers   []*timer
	state    *lua.LTable // bot.state
	methods  map[string]*lua.LFunction
	metas    map[string]*lua.LTable
	loading  bool
	// configErr is a wrong value in plugins.yaml that ended the load.
	configErr error
	only      *match.When
	current   *call // the one that holds the lock

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
	return i
}

// loadMost bounds the top level of a script, its load and its unload handlers.
const loadMost = 2 * time.Second

// load makes a version of a plugin: it compiles the source and runs its top level,
// in which registrations are collected. Nothing of it is seen by others yet.
func (h *Host) load(name, file, source string, cfg settings, state map[string]any) (*plugin, error) {
	proto, err := compile(baseName(file), source)
	if err != nil {
		return nil, err
	}
	p := &plugin{
		host: h, name: name, file: file, source: source, config: cfg, gas: newGas(),
		lock: make(chan struct{}, 1), life: map[string][]*lua.LFunction{}, exports: map[string]*lua.LFunction{},
		methods: map[string]*lua.LFunction{}, metas: map[string]*lua.LTable{}, loading: true, order: cfg.order,
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
		return p.l.CallByParam(lua.P{Fn: p.l.NewFunctionFromProto(proto), Protect: true})
	})
	p.loading = false
	if err != nil {
		p.l.Close()
		return nil, cmp.Or(p.configErr, p.explain(err))
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
	if p.gas.stopped && errors.Is(p.gas.err, errDeadline) {
		return &scriptError{file: baseName(p.file), line: errorLine(api), text: fmt.Sprintf("ran for more than %s without waiting", p.host.opts.Limits.Run)}
	}
	text := api.Object.String()
	if t, ok := api.Object.(*lua.LTable); ok {
		text = "error object: " + t.String()
	}
	if m := luaPlace.FindStringSubmatch(text); m != nil {
		line, convErr := strconv.Atoi(m[2])
		if convErr == nil {
			return &scriptError{file: m[1], line: line, text: m[3]}
		}
	}
	if api.Type == lua.ApiErrorPanic {
		return &panicError{value: text, stack: []byte(api.StackTrace)}
	}
	return &scriptError{file: baseName(p.file), line: errorLine(api), text: text}
}

var traceLine = regexp.MustCompile(`\.lua:(\d+):`)

func errorLine(e *lua.ApiError) int {
	m := traceLine.FindStringSubmatch(e.StackTrace)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
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

// errUnloaded ends calls of a version that has been replaced.
var errUnloaded = errors.New("the plugin was reloaded")

// execute runs a call to its end on a thread of its own, and reports whether the
// function returned true.
func (c *call) execute(life context.Context, args func(l *lua.LState) []lua.LValue) bool {
	p := c.plugin
	ctx, cancel := context.WithTimeout(life, p.host.opts.Limits.Call)
	defer cancel()
	c.ctx = ctx
	if err := p.acquire(ctx); err != nil {
		c.err = err
		return false
	}
	defer p.release()
	if c.handler.off {
		return false
	}
	th, stop := p.l.NewThread()
	if stop != nil {
		defer stop()
	}
	th.SetContext(p.gas)
	c.enter(th)
	err := protect(func() error {
		return th.CallByParam(lua.P{Fn: c.handler.fn, NRet: 2, Protect: true}, args(th)...)
	})
	p.current = nil
	p.l.G.CurrentThread = p.l
	if err != nil {
		c.err = p.explain(err)
		c.report(ctx)
		return false
	}
	c.results = []lua.LValue{th.Get(-2), th.Get(-1)}
	return c.results[0] == lua.LTrue
}

// enter makes a call the one that runs.
func (c *call) enter(th *lua.LState) {
	p := c.plugin
	p.current = c
	p.l.G.CurrentThread = th
	p.gas.fill(p.host.opts.Limits.Run)
}

// waiting lets other handlers of the plugin run while f waits, and claims the
// event. It must be called by the thread that runs.
func (c *call) waiting(l *lua.LState, f func(ctx context.Context) error) error {
	p := c.plugin
	c.claim()
	th := p.l.G.CurrentThread
	p.current = nil
	p.release()
	err := f(c.ctx)
	// The lock must be had again whatever happened: the caller gives it back.
	<-p.lock
	p.current = c
	p.l.G.CurrentThread = th
	p.gas.fill(p.host.opts.Limits.Run)
	if c.ctx.Err() != nil || p.alive.Err() != nil {
		l.RaiseError("%s", errUnloaded.Error())
	}
	return err
}

func (c *call) report(ctx context.Context) {
	h := c.plugin.host
	if ctx.Err() != nil || c.plugin.alive.Err() != nil {
		return
	}
	log := h.opts.Logger.Error().Str("plugin", c.plugin.name).Str("call", c.name).Str("problem", c.err.Error())
	if c.ev != nil {
		log = log.Str("msg", c.ev.ID)
	}
	var pe *panicError
	if errors.As(c.err, &pe) {
		log = log.Bytes("stack", pe.stack)
	}
	log.Msg("plugin handler failed")
	c.plugin.fault(ctx, c.err)
}

// unload runs the unload handlers and ends everything of this version.
func (p *plugin) unload(ctx context.Context, h *Host) {
	p.lifecycle(ctx, "unload", nil)
	p.stopTimers()
	if p.stopped != nil {
		p.stopped()
	}
}

// lifecycle runs the load, unload or config handlers; the first error ends it.
func (p *plugin) lifecycle(ctx context.Context, what string, ev map[string]any) error {
	for _, fn := range p.life[what] {
		c := &call{host: p.host, plugin: p, handler: &handler{fn: fn}, name: what, claimed: make(chan struct{})}
		bounded, cancel := context.WithTimeout(ctx, loadMost)
		c.execute(bounded, func(l *lua.LState) []lua.LValue { return []lua.LValue{toLua(l, ev)} })
		cancel()
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// fault tells the operator of an error, not more often than every ten minutes for
// one place.
func (p *plugin) fault(ctx context.Context, err error) {
	if p.host.seen(p.name+"/"+err.Error(), time.Now()) {
		return
	}
	if err := p.host.opts.World.Notify(ctx, "插件 "+p.name+" 出错："+err.Error()); err != nil {
		p.host.opts.Logger.Warn().Err(err).Msg("operator not told")
	}
}

// object gives an event to Lua.
func (p *plugin) object(l *lua.LState, c *call, ev *event.Event) lua.LValue {
	kind := "event"
	switch ev.Kind {
	case event.KindMessage, event.KindRedPacket, event.KindTransfer:
		kind = "message"
	case event.KindFriendRequest:
		kind = "friend_request"
	}
	return p.wrap(l, kind, &eventObject{c, ev})
}
