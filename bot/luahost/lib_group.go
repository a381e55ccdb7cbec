package luahost

import (
	"context"
	"regexp"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
	"wxbot/bot/match"
)

// owner is a World that knows the groups which the account itself owns; of others the
// protocol tells no owner.
type owner interface{ OwnsGroup(groupKey string) bool }

// muter is a World that can leave a chat alone for a while.
type muter interface {
	Mute(ctx context.Context, chat event.Chat, d time.Duration) error
}

// ownerField gives owner or is_owner of a group.
func (p *plugin) ownerField(l *lua.LState, o *chatObject, name string) lua.LValue {
	if o.chat.Kind != event.ChatGroup {
		return lua.LNil
	}
	w, ok := p.host.opts.World.(owner)
	mine := ok && w.OwnsGroup(o.chat.Key)
	switch {
	case name == "is_owner":
		return lua.LBool(mine)
	case mine:
		return p.wrap(l, "contact", &personObject{person: p.host.opts.World.Self()})
	}
	return lua.LNil
}

// muteMost is how long a plugin may silence the bot in a group.
const muteMost = 7 * 24 * time.Hour

// muteBot is group:mute_bot(t) → true | nil, err: nothing is answered there for a
// while, by anybody; `wxbot resume` ends it.
func (p *plugin) muteBot(l *lua.LState) int {
	c := p.running(l, "group:mute_bot")
	chat := receiver[*chatObject](l, "group").chat
	d := seconds(l, 2)
	if d < time.Second || d > muteMost {
		l.ArgError(2, "a duration from 1s to 7d expected")
	}
	if !c.mayWrite(chat.Key) {
		return p.fails(l, notGranted)
	}
	w, ok := p.host.opts.World.(muter)
	if !ok {
		return p.fails(l, "it cannot be done here")
	}
	if !p.sends.take(p.host.opts.Clock.Now(), p.limits.Minute, time.Minute) {
		return p.fails(l, "rate")
	}
	began := time.Now()
	err := w.Mute(c.ctx, chat, d)
	p.gas.pause(time.Since(began))
	if err != nil {
		return p.fails(l, err.Error())
	}
	l.Push(lua.LTrue)
	return 1
}

// mention is @name as WeChat writes it: it ends with a space of its own.
var mention = regexp.MustCompile(`@([^@\x{2005}]{1,64})\x{2005}`)

// mentioned gives the names that a text addresses.
func mentioned(raw string) []string {
	var out []string
	for _, m := range mention.FindAllStringSubmatch(raw, -1) {
		out = append(out, m[1])
	}
	return out
}

// matches gives what the regular expression of the handler's conditions caught, by
// number and by name; nil without one.
func (p *plugin) matches(l *lua.LState, o *eventObject) lua.LValue {
	if o.c == nil || o.c.handler.when == nil || o.ev != o.c.origin {
		return lua.LNil
	}
	charge(l, work(64*len(o.ev.Message.Text)))
	var caught match.Captures
	o.c.handler.when.Match(p.host.input(o.ev), &caught)
	if len(caught.Groups) == 0 {
		return lua.LNil
	}
	t := l.NewTable()
	for i, g := range caught.Groups {
		t.RawSetInt(i+1, lua.LString(g.Value))
		t.RawSetString(g.Name, lua.LString(g.Value))
	}
	return t
}
