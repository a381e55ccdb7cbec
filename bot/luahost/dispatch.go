package luahost

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
	"wxbot/bot/match"
)

// handlerKind says when a handler is asked.
type handlerKind int

const (
	handleObserve handlerKind = iota
	handleFilter
	handleOn
	handleFallback
	handleCommand
)

// handler is a function that a plugin registered.
type handler struct {
	kind    handlerKind
	event   event.Kind
	when    *match.When // nil: everything of that kind of event
	only    *match.When // from plugins.yaml
	fn      *lua.LFunction
	command *commandSpec
	id      int  // among the plugin's handlers, in the order of registration
	off     bool // guarded by the plugin's run lock
	// everywhere: the plugin said itself which chats it wants.
	everywhere bool
}

// suffix tells the handlers of one plugin apart, the same at every load.
func (h *handler) suffix() string {
	if h.kind == handleObserve {
		return observeSuffix + strconv.Itoa(h.id)
	}
	return "." + strconv.Itoa(h.id)
}

const (
	observeSuffix = ".seen"
	callSuffix    = ".call"
)

// Repeats tells, by the plugin that World.Queue is given, whether what queues runs
// again after a kill although it has queued something: observers, who take no event,
// and what rules call. Then the event is not done by it, and what is there already
// is not added again.
func Repeats(plugin string) bool {
	return strings.Contains(plugin, observeSuffix) || strings.Contains(plugin, callSuffix)
}

// concerns tells whether an event is for a handler. Messages in groups are for
// `on` and `fallback` only where the bot is mentioned, unless they say otherwise.
func (h *handler) concerns(in *match.Input) bool {
	ev := in.Event
	if h.kind != handleCommand && h.event != ev.Kind {
		return false
	}
	if h.kind == handleOn || h.kind == handleFallback {
		if ev.Kind == event.KindMessage && !h.everywhere && ev.Chat.Kind == event.ChatGroup && !ev.Message.Mentioned {
			return false
		}
	}
	if h.only != nil && !h.only.InChat(in) {
		return false
	}
	return h.when == nil || h.when.Match(in, nil) == match.Holds
}

func (h *Host) input(ev *event.Event) *match.Input {
	s := h.opts.World.Settings()
	now := h.opts.Clock.Now()
	if s.Location != nil {
		now = now.In(s.Location)
	}
	return &match.Input{Event: ev, Now: now, Prefixes: s.Prefixes}
}

// Observe offers an event to those who want to see everything.
func (h *Host) Observe(ctx context.Context, ev *event.Event) { h.offer(ctx, ev, handleObserve) }

// Filter offers an event to those who may drop it.
func (h *Host) Filter(ctx context.Context, ev *event.Event) (dropped bool) {
	return h.offer(ctx, ev, handleFilter) != event.Unclaimed
}

// On offers an event in the order of the plugins; it tells whether one has dealt
// with it. What it reports as event.Held, the host marks done with World.Done.
func (h *Host) On(ctx context.Context, ev *event.Event) event.Claim {
	return h.offer(ctx, ev, handleOn)
}

// Fallback offers an event that nobody else has answered.
func (h *Host) Fallback(ctx context.Context, ev *event.Event) event.Claim {
	return h.offer(ctx, ev, handleFallback)
}

// offer asks the handlers of a kind in order. It returns when each has returned or
// claimed the event, and goes no further than the first that claims.
func (h *Host) offer(ctx context.Context, ev *event.Event, kind handlerKind) event.Claim {
	var in *match.Input
	for _, p := range h.list() {
		if p.paused.Load() {
			continue
		}
		for _, hd := range p.handlers[kind] {
			if in == nil {
				in = h.input(ev)
			}
			if !hd.concerns(in) {
				continue
			}
			if kind == handleOn && hd.when != nil && hd.when.Gather > 0 {
				if claim := h.gather(p, hd, ev, kindName(kind, ev)); claim != event.Unclaimed {
					return claim
				}
			}
			c := p.newCall(ev, hd, kindName(kind, ev))
			c.suffix = hd.suffix()
			c.answers = kind == handleOn || kind == handleFallback
			claim := h.run(ctx, c, func(l *lua.LState) []lua.LValue { return []lua.LValue{p.object(l, c, ev)} })
			if claim != event.Unclaimed && kind != handleObserve {
				return claim
			}
		}
	}
	return event.Unclaimed
}

func kindName(kind handlerKind, ev *event.Event) string {
	switch kind {
	case handleObserve:
		return "observe " + string(ev.Kind)
	case handleFilter:
		return "filter"
	case handleFallback:
		return "fallback"
	case handleCommand:
		return "command"
	case handleOn:
	}
	return "on " + string(ev.Kind)
}

// Command is a plugin command that a message calls.
type Command struct {
	Plugin, Name string

	plugin  *plugin
	handler *handler
	args    string
}

// Resolve finds the longest command name among the plugins whose scope fits. In
// groups a command needs a prefix or a mention, unless it says bare. A bare name
// glued to a text that its arguments cannot be is no command: 投诉 is not 投.
func (h *Host) Resolve(ev *event.Event) (Command, bool) {
	var best Command
	found := false
	if ev.Kind != event.KindMessage || ev.Message == nil || ev.BySelf && ev.Chat.Kind != event.ChatSelf {
		return best, false
	}
	var in *match.Input
	for _, p := range h.list() {
		if p.paused.Load() {
			continue
		}
		for _, hd := range p.handlers[handleCommand] {
			if in == nil {
				in = h.input(ev)
			}
			name, args, ok := hd.command.when.Command(in)
			if !ok || found && len(name) <= len(best.Name) || !hd.concerns(in) {
				continue
			}
			prefixed := hasPrefix(in)
			if ev.Chat.Kind == event.ChatGroup && !hd.command.bare && !prefixed && !ev.Message.Mentioned {
				continue
			}
			glued := !prefixed && args != "" && !endsWithSpace(strings.TrimSuffix(strings.TrimSpace(in.Text()), args))
			if glued && !hd.command.fits(args) {
				continue
			}
			best = Command{Plugin: p.name, Name: name, plugin: p, handler: hd, args: args}
			found = true
		}
	}
	return best, found
}

func endsWithSpace(s string) bool { return strings.TrimRight(s, " \t\n\u3000\u2005") != s }

func hasPrefix(in *match.Input) bool {
	text := strings.TrimSpace(in.Text())
	for _, p := range in.Prefixes {
		if p != "" && strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// Command runs a command. A wrong call is answered with the usage, a call while the
// command rests with nothing; either way the event is dealt with.
func (h *Host) Command(ctx context.Context, ev *event.Event, c Command) event.Claim {
	cl := c.plugin.newCall(ev, c.handler, "command "+c.Name)
	cl.suffix, cl.args, cl.answers = c.handler.suffix(), c.args, true
	spec := c.handler.command
	if spec.admin && !isAdmin(ev, h.opts.World.Settings()) {
		return event.Unclaimed
	}
	args, err := spec.parse(c.args)
	if err != nil {
		a := event.Action{Kind: event.ActReply, Message: event.Outgoing{Text: spec.usage(h.opts.World.Settings().Words, c.Name)}}
		if _, err := h.opts.World.Queue(ctx, ev, c.Plugin+c.handler.suffix(), 0, a); err != nil {
			h.opts.Logger.Error().Err(err).Str("plugin", c.Plugin).Msg("usage not queued")
			return event.Claimed
		}
		return event.Answered
	}
	if !spec.rest.begin(ev.Chat.Key, h.opts.Clock.Now()) {
		return event.Claimed
	}
	claim := h.run(ctx, cl, func(l *lua.LState) []lua.LValue {
		return []lua.LValue{c.plugin.object(l, cl, ev), args.table(l)}
	})
	return max(claim, event.Claimed)
}

func isAdmin(ev *event.Event, s event.Settings) bool {
	if ev.Chat.Kind == event.ChatSelf {
		return true
	}
	for _, a := range s.Admins {
		if a != "" && a == ev.Sender.Remark {
			return true
		}
	}
	return false
}

// ErrCut is the error of a Call that ended before the function did, because its
// context or the host ended: there is no answer yet, and it may be called again.
var ErrCut = errors.New("the call was cut short")

// Calling says what a rule calls.
type Calling struct {
	Event *event.Event // nil if it is not known any more
	Name  string       // plugin.function
	Args  map[string]any
	ID    int64 // of the delivery: the same if the call is repeated
}

// Call runs a function that a plugin exports, for `call:` in rules, and returns its
// text. The function ends with ctx; the error is ErrCut then.
func (h *Host) Call(ctx context.Context, q Calling) (string, error) {
	name, ev := q.Name, q.Event
	pluginName, fn, _ := strings.Cut(name, ".")
	for _, p := range h.list() {
		f := p.exports[fn]
		if p.name != pluginName || f == nil {
			continue
		}
		if p.paused.Load() {
			return "", fmt.Errorf("call %s: the plugin is paused after too many errors", name)
		}
		if ev == nil {
			ev = &event.Event{}
		}
		c := p.newCall(ev, &handler{fn: f}, "call "+name)
		c.wait = true
		c.suffix = callSuffix + strconv.FormatInt(q.ID, 10)
		h.run(ctx, c, func(l *lua.LState) []lua.LValue {
			return []lua.LValue{p.object(l, c, ev), toLua(l, q.Args)}
		})
		if !c.over || c.err != nil && h.ending() {
			return "", fmt.Errorf("%s: %w", name, ErrCut)
		}
		if c.err != nil {
			return "", c.err
		}
		if len(c.results) > 1 && c.results[0] == lua.LNil && c.results[1] != lua.LNil {
			return "", fmt.Errorf("%s: %s", name, p.mask(c.results[1].String()))
		}
		if len(c.results) > 0 && c.results[0] != lua.LNil {
			return c.results[0].String(), nil
		}
		return "", nil
	}
	if h.ending() {
		return "", fmt.Errorf("%s: %w", name, ErrCut)
	}
	return "", fmt.Errorf("no plugin exports %s", name)
}

// call is one call into a plugin: its own Lua thread in its own goroutine.
type call struct {
	*turn // the event that it handles now

	host    *Host
	plugin  *plugin
	origin  *event.Event // that it was made for; nil for timers
	handler *handler
	name    string
	args    string
	wait    bool // the caller wants the results
	over    bool // run has seen its end
	brief   bool // of the life cycle: it holds up a reload
	barren  int  // questions in a row that ended at once; guarded by the run lock

	ctx     context.Context //nolint:containedctx // the life of this call, for what it waits for
	parts   []*event.Event  // the other events of a gathering, done with the first
	suffix  string          // tells handlers of one event apart
	left    time.Duration   // of the call's time
	since   time.Time       // when it got the lock
	results []lua.LValue
	err     error
	keeping *keeping // what it has written to bot.kv; nil: nothing yet
}

// newCall makes a call for an event, which is nil for timers.
func (p *plugin) newCall(ev *event.Event, hd *handler, name string) *call {
	return &call{host: p.host, plugin: p, turn: newTurn(ev), origin: ev, handler: hd, name: name}
}

// run starts a call and waits until it has returned or claimed the event. It
// tells whether the event is dealt with. A call that claimed goes on under Run.
func (h *Host) run(ctx context.Context, c *call, args func(l *lua.LState) []lua.LValue) event.Claim {
	if ctx.Err() != nil {
		return event.Unclaimed // a handler before this one may be at the event still
	}
	life := h.life()
	if life == nil {
		life = ctx
	}
	if c.wait { // without the caller nobody takes the results
		var cancel context.CancelFunc
		life, cancel = context.WithCancel(life)
		defer cancel()
	}
	t := c.turn // the call goes on to others
	done := make(chan bool, 1)
	h.quiet.add(1)
	since := time.Now()
	begun := h.work(func() {
		truth := c.execute(life, args)
		h.ran(t, c, truth, since)
		c.end(life)
		done <- truth
		h.quiet.add(-1)
	})
	if !begun {
		h.quiet.add(-1)
		c.err = errUnloaded
		return event.Unclaimed
	}
	claimed := t.claimed
	if c.wait {
		claimed = nil
	}
	select {
	case truth := <-done:
		c.over = true
		select {
		case <-t.claimed:
			return t.hold()
		default:
		}
		if truth {
			return event.Claimed
		}
	case <-claimed:
		claim := t.hold()
		h.took(t, c, claim, time.Since(since), nil)
		return claim
	case <-ctx.Done():
	}
	return event.Unclaimed
}
