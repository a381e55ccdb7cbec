package luahost

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"
	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// openAPI makes the global table bot.
func (p *plugin) openAPI(state *lua.LTable) {
	l := p.l
	bot := l.NewTable()
	l.SetFuncs(bot, map[string]lua.LGFunction{
		"plugin": p.apiPlugin, "on": p.apiOn, "observe": p.apiObserve, "filter": p.apiFilter, "fallback": p.apiFallback,
		"command": p.apiCommand, "export": p.apiExport, "after": p.apiAfter, "every": p.apiEvery, "daily": p.apiDaily, "cron": p.apiCron,
		"sleep": p.apiSleep, "send": p.apiSend, "admin": p.apiAdmin, "revoke": p.apiRevoke,
		"group": p.apiGroup, "contact": p.apiContact, "groups": p.apiGroups, "contacts": p.apiContacts,
	})
	bot.RawSetString("kv", p.wrap(l, "kv", &kvObject{}))
	bot.RawSetString("log", p.logTable())
	p.libraries(bot)
	bot.RawSetString("http", p.httpTable())
	bot.RawSetString("file", p.fileTable())
	bot.RawSetString("text", p.textTable())
	bot.RawSetString("json", p.jsonTable())
	bot.RawSetString("re", p.reTable())
	bot.RawSetString("time", p.timeTable())
	bot.RawSetString("random", p.randomTable())
	bot.RawSetString("config", l.NewTable())
	p.state = l.NewTable()
	if state != nil {
		p.fillState(state)
	}
	bot.RawSetString("state", p.state)
	mt := l.NewTable()
	mt.RawSetString("__index", l.NewFunction(func(l *lua.LState) int {
		if l.CheckString(2) == "self" {
			l.Push(p.wrap(l, "contact", &personObject{person: p.host.opts.World.Self()}))
			return 1
		}
		l.Push(lua.LNil)
		return 1
	}))
	l.SetMetatable(bot, mt)
	l.SetGlobal("bot", bot)
	l.SetGlobal("require", l.NewFunction(p.require))
	l.SetGlobal("print", l.NewFunction(func(l *lua.LState) int {
		parts := make([]string, l.GetTop())
		for i := range parts {
			parts[i] = l.ToStringMeta(l.Get(i + 1)).String()
		}
		p.log(zerolog.InfoLevel, strings.Join(parts, "\t"))
		return 0
	}))
}

// running is the call that runs, for what only a call can do.
func (p *plugin) running(l *lua.LState, what string) *call {
	if p.loading || p.current == nil {
		l.RaiseError("%s: not while the plugin is being loaded", what)
	}
	return p.current
}

// registering checks that the plugin is being loaded.
func (p *plugin) registering(l *lua.LState, what string) {
	if !p.loading {
		l.RaiseError("%s: only at the top level of the script", what)
	}
}

// seconds reads a duration: a number of seconds, or a text such as "10m".
func seconds(l *lua.LState, n int) time.Duration {
	d, ok := toDuration(l.CheckAny(n))
	if !ok {
		l.ArgError(n, `a duration is a number of seconds, or a text like "10m"`)
	}
	return d
}

func toDuration(v lua.LValue) (time.Duration, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		const most = 366 * 24 * 3600
		if v < 0 || v > most {
			return 0, false
		}
		return time.Duration(float64(v) * float64(time.Second)), true
	case lua.LString:
		return conf.ParseDuration(string(v))
	}
	return 0, false
}

var eventKinds = func() map[string]event.Kind {
	out := map[string]event.Kind{}
	for _, k := range []event.Kind{
		event.KindMessage, event.KindFriendRequest, event.KindFriendAdded, event.KindMemberJoined, event.KindJoined,
		event.KindGroupRenamed, event.KindRecalled, event.KindTickled, event.KindRedPacket, event.KindTransfer,
		event.KindLogin, event.KindLogout, event.KindMemberLeft, event.KindRemoved, event.KindFriendLost,
		event.KindRestricted, event.KindExpired,
	} {
		out[string(k)] = k
	}
	return out
}()

// register adds a handler from (event, [when], fn) on the stack.
func (p *plugin) register(l *lua.LState, kind handlerKind, what string, named bool) int {
	p.registering(l, what)
	hd := &handler{kind: kind, event: event.KindMessage}
	at := 1
	if named {
		name := l.CheckString(1)
		at = 2
		switch name {
		case "load", "unload", "config":
			if kind != handleOn {
				l.ArgError(1, "unknown event "+name)
			}
			p.life[name] = append(p.life[name], l.CheckFunction(l.GetTop()))
			return 0
		}
		k, ok := eventKinds[name]
		if !ok {
			hint := ""
			if s := conf.Suggest(name, sortedKeys(eventKinds)); s != "" {
				hint = fmt.Sprintf(", did you mean %q?", s)
			}
			l.ArgError(1, fmt.Sprintf("unknown event %q%s", name, hint))
		}
		hd.event = k
	}
	if t, ok := l.Get(at).(*lua.LTable); ok {
		hd.when, hd.everywhere = p.when(l, t, at, hd)
		at++
	} else if kind == handleOn || kind == handleFallback {
		hd.when, hd.everywhere = p.when(l, l.NewTable(), at, hd)
	}
	hd.fn = l.CheckFunction(at)
	p.add(hd)
	l.Push(p.wrap(l, "handle", hd))
	return 1
}

// add registers a handler.
func (p *plugin) add(hd *handler) {
	for _, list := range p.handlers {
		hd.id += len(list)
	}
	p.handlers[hd.kind] = append(p.handlers[hd.kind], hd)
}

// when compiles a table of conditions. everywhere tells whether it says itself
// which chats it wants.
func (p *plugin) when(l *lua.LState, t *lua.LTable, arg int, hd *handler) (w *match.When, everywhere bool) {
	v, err := fromLua(t)
	if err != nil {
		l.ArgError(arg, err.Error())
	}
	m, ok := v.(map[string]any)
	if !ok {
		l.ArgError(arg, "conditions are a table with names, such as {contains = ...}")
	}
	if _, ok := m["event"]; !ok && hd.event != event.KindMessage {
		m["event"] = string(hd.event)
	}
	for _, key := range []string{"chat", "会话", "group", "群", "mentioned", "被提及"} {
		if _, ok := m[key]; ok {
			everywhere = true
		}
	}
	o := match.Options{Folding: match.DefaultFolding}
	switch hd.kind {
	case handleObserve, handleFilter:
		o.Everywhere, o.AnySelf = true, true
	case handleOn, handleFallback, handleCommand:
		if hd.event != event.KindMessage {
			o.Everywhere, o.AnySelf = true, true
		}
	}
	w, problems := match.FromMap(m, o)
	if w == nil {
		l.ArgError(arg, problems[0].Plain().String())
	}
	return w, everywhere
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

func (p *plugin) apiOn(l *lua.LState) int { return p.register(l, handleOn, "bot.on", true) }
func (p *plugin) apiObserve(l *lua.LState) int {
	return p.register(l, handleObserve, "bot.observe", true)
}

func (p *plugin) apiFilter(l *lua.LState) int {
	return p.register(l, handleFilter, "bot.filter", false)
}

func (p *plugin) apiFallback(l *lua.LState) int {
	return p.register(l, handleFallback, "bot.fallback", false)
}

func (p *plugin) apiExport(l *lua.LState) int {
	p.registering(l, "bot.export")
	name := l.CheckString(1)
	p.exports[name] = l.CheckFunction(2)
	return 0
}

func (p *plugin) apiSleep(l *lua.LState) int {
	c := p.running(l, "bot.sleep")
	d := seconds(l, 1)
	if err := c.waiting(l, false, p.host.sleeper(d)); err != nil {
		l.RaiseError("%s", err.Error())
	}
	return 0
}

// queue commits an action and gives its id; on failure it gives nil and pushes nil
// and the reason.
func (p *plugin) queue(l *lua.LState, c *call, a event.Action) (int64, bool) {
	if c.n >= p.limits.Sends || !p.sends.take(p.host.opts.Clock.Now(), p.limits.Minute, time.Minute) {
		l.Push(lua.LNil)
		l.Push(lua.LString("rate"))
		return 0, false
	}
	began := time.Now()
	c.unmark() // from here on it waits for the disk
	id, err := c.put(a)
	if err == nil {
		c.partsDone(c.ctx)
	}
	p.gas.pause(time.Since(began))
	c.n++
	if err != nil {
		c.mark()
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 0, false
	}
	c.answer()
	return id, true
}

// queue commits an action with what was written before it.
func (c *call) queue(a event.Action) (int64, error) {
	w, handler := c.host.opts.World, c.plugin.name+c.suffix
	if Repeats(handler) { // what was written is not written again either
		if err := c.keep(false); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrNotStored, err)
		}
		return w.Queue(c.ctx, c.event(), handler, c.n, a)
	}
	b, ok := c.batch(true)
	if !ok {
		return w.Queue(c.ctx, c.event(), handler, c.n, a)
	}
	k, ok := w.(queueKeeper)
	if !ok {
		if err := c.keep(false); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrNotStored, err)
		}
		return w.Queue(c.ctx, c.event(), handler, c.n, a)
	}
	id, err := k.QueueKeeping(c.ctx, c.event(), handler, c.n, a, b)
	if err == nil {
		c.kept()
	}
	return id, err
}

const (
	storeFirst = 100 * time.Millisecond
	storeMost  = 30 * time.Second
)

// put queues an action, again and again until it is written or the call ends: what
// is not written is not answered. Nothing else of the plugin runs meanwhile.
func (c *call) put(a event.Action) (id int64, err error) {
	for wait := storeFirst; ; wait = min(2*wait, storeMost) {
		id, err = c.queue(a)
		if !errors.Is(err, ErrNotStored) {
			return id, err
		}
		c.host.opts.Logger.Error().Err(err).Str("plugin", c.plugin.name).Dur("wait", wait).Msg("action not stored")
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-c.ctx.Done():
			t.Stop()
			return id, err
		}
	}
}

func (c *call) event() *event.Event { return c.ev }

// sent pushes the object of a queued message, or nil and the reason.
func (p *plugin) sent(l *lua.LState, c *call, a event.Action) int {
	id, ok := p.queue(l, c, a)
	if !ok {
		return 2
	}
	l.Push(p.wrap(l, "sent", &sentObject{id: id, action: a}))
	return 1
}

func (p *plugin) apiSend(l *lua.LState) int {
	p.running(l, "bot.send")
	key, why := p.recipient(l, 1)
	if why != "" {
		return p.fails(l, why)
	}
	return p.sendTo(l, key)
}

func (p *plugin) apiAdmin(l *lua.LState) int {
	c := p.running(l, "bot.admin")
	text := p.mask(format(l, 1))
	if !p.notices.take(time.Now(), noticesPerMinute, time.Minute) {
		l.Push(lua.LNil)
		l.Push(lua.LString("rate"))
		return 2
	}
	began := time.Now()
	err := p.host.opts.World.Notify(c.ctx, text)
	p.gas.pause(time.Since(began))
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	l.Push(lua.LTrue)
	return 1
}

// format fills a format text with the arguments after it.
func format(l *lua.LState, at int) string {
	n := l.GetTop()
	if n == at {
		return l.CheckString(at)
	}
	l.Push(l.GetField(l.GetGlobal("string"), "format"))
	for i := at; i <= n; i++ {
		l.Push(l.Get(i))
	}
	l.Call(n-at+1, 1)
	s := l.Get(-1).String()
	l.Pop(1)
	return s
}

func (p *plugin) apiRevoke(l *lua.LState) int {
	c := p.running(l, "bot.revoke")
	return p.revoke(l, c, l.CheckString(1))
}

// revoke withdraws a message by its id and waits for the outcome.
func (p *plugin) revoke(l *lua.LState, c *call, id string) int {
	q, ok := p.queue(l, c, event.Action{Kind: event.ActRevoke, Revoke: id})
	if !ok {
		return 2
	}
	return p.outcome(l, c, q)
}

// revokeLater withdraws a message after a while. It is forgotten at a restart, unlike
// the revoke_after of a message, and ends with this version of the plugin.
func (p *plugin) revokeLater(l *lua.LState, c *call, id string, d time.Duration) int {
	if c.n >= p.limits.Sends || !p.sends.take(p.host.opts.Clock.Now(), p.limits.Minute, time.Minute) {
		l.Push(lua.LNil)
		l.Push(lua.LString("rate"))
		return 2
	}
	n, ev, suffix := c.n, c.event(), c.suffix
	c.n++
	p.host.quiet.add(1)
	begun := p.host.begin(func() {
		p.host.busy.Add(1)
		defer p.host.busy.Add(-1)
		defer p.host.quiet.add(-1)
		if p.host.sleeper(d)(p.alive) != nil {
			return
		}
		a := event.Action{Kind: event.ActRevoke, Revoke: id}
		if _, err := p.host.opts.World.Queue(p.alive, ev, p.name+suffix, n, a); err != nil {
			p.host.opts.Logger.Warn().Err(err).Str("plugin", p.name).Msg("revocation not queued")
		}
	})
	if !begun {
		p.host.quiet.add(-1)
	}
	l.Push(lua.LTrue)
	return 1
}

// outcome waits for the end of an action and pushes true, or nil and the reason.
func (p *plugin) outcome(l *lua.LState, c *call, id int64) int {
	var status event.Status
	var reason string
	err := c.waiting(l, true, waiter(p.host.opts.World, id, &status, &reason))
	switch {
	case err != nil:
		reason = err.Error()
	case status == event.StatusSent, status == event.StatusTrial:
		l.Push(lua.LTrue)
		return 1
	}
	l.Push(lua.LNil)
	l.Push(lua.LString(cmp.Or(reason, string(status))))
	return 2
}

func (p *plugin) apiGroup(l *lua.LState) int   { return p.find(l, event.ChatGroup, "group") }
func (p *plugin) apiContact(l *lua.LState) int { return p.find(l, event.ChatPrivate, "contact") }

func (p *plugin) find(l *lua.LState, kind event.ChatKind, object string) int {
	p.running(l, "bot."+object)
	name := l.CheckString(1)
	hits, err := p.host.opts.World.Find(kind, name)
	switch {
	case err != nil:
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	case len(hits) == 0:
		l.Push(lua.LNil)
		l.Push(lua.LString("not found"))
		return 2
	case len(hits) > 1:
		l.Push(lua.LNil)
		l.Push(lua.LString(fmt.Sprintf("ambiguous: %d %ss named %s; set a remark", len(hits), object, name)))
		return 2
	}
	if object == "group" {
		l.Push(p.wrap(l, "group", &chatObject{hits[0]}))
	} else {
		l.Push(p.wrap(l, "contact", &personObject{person: event.Person{Key: hits[0].Key, Remark: hits[0].Name, IsFriend: true}}))
	}
	return 1
}
