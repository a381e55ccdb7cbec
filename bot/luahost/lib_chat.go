package luahost

import (
	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
)

// topicMost is how long the name of a group may be, in bytes (section 10.4).
const topicMost = 32

// rename is group:rename(name) → true | nil, err.
func (p *plugin) rename(l *lua.LState) int {
	name := l.CheckString(2)
	if name == "" || len(name) > topicMost {
		l.ArgError(2, "a name of 1 to 32 bytes expected")
	}
	return p.tend(l, "rename", event.Action{Kind: event.ActRename, Remark: name})
}

// pin is chat:pin([on]) → true | nil, err.
func (p *plugin) pin(l *lua.LState) int {
	return p.tend(l, "pin", event.Action{Kind: event.ActPin, Unpin: l.Get(2) == lua.LFalse})
}

// markRead is chat:mark_read() → true | nil, err.
func (p *plugin) markRead(l *lua.LState) int {
	return p.tend(l, "mark_read", event.Action{Kind: event.ActRead})
}

// tend queues what is about a chat and writes nothing into it, and waits for it.
func (p *plugin) tend(l *lua.LState, name string, a event.Action) int {
	c := p.running(l, "chat:"+name)
	chat := receiver[*chatObject](l, "chat").chat
	if a.Kind == event.ActRename && chat.Kind != event.ChatGroup {
		return p.fails(l, "not a group")
	}
	if !c.mayWrite(chat.Key) {
		return p.fails(l, notGranted)
	}
	a.ToKey = chat.Key
	id, ok := p.queue(l, c, a)
	if !ok {
		return 2
	}
	return p.outcome(l, c, id)
}
