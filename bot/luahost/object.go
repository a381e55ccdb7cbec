package luahost

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// The objects that scripts see are userdata: fields are made when they are read,
// which costs a fraction of a table.
type (
	eventObject struct {
		c  *call
		ev *event.Event
	}
	personObject struct{ person event.Person }
	chatObject   struct{ chat event.Chat }
	sentObject   struct {
		id     int64
		action event.Action
	}
)

// wrap makes an object of a type.
func (p *plugin) wrap(l *lua.LState, kind string, v any) lua.LValue {
	ud := l.NewUserData()
	ud.Value = v
	ud.Metatable = p.meta(kind)
	return ud
}

// meta is the metatable of a type; scripts cannot get at it.
func (p *plugin) meta(kind string) *lua.LTable {
	if mt, ok := p.metas[kind]; ok {
		return mt
	}
	mt := p.l.NewTable()
	mt.RawSetString("__metatable", lua.LFalse)
	mt.RawSetString("__index", p.l.NewFunction(func(l *lua.LState) int {
		ud := l.CheckUserData(1)
		name := l.CheckString(2)
		l.Push(p.field(l, kind, ud.Value, name))
		return 1
	}))
	mt.RawSetString("__newindex", p.l.NewFunction(func(l *lua.LState) int {
		l.RaiseError("%s: fields cannot be set", kind)
		return 0
	}))
	mt.RawSetString("__tostring", p.l.NewFunction(func(l *lua.LState) int {
		l.Push(lua.LString(kind))
		return 1
	}))
	p.metas[kind] = mt
	return mt
}

// methodKey is a method of a type.
type methodKey struct{ kind, name string }

// method gives a function of a type, made once.
func (p *plugin) method(kind, name string, f func(l *lua.LState) int) lua.LValue {
	key := methodKey{kind, name}
	if fn, ok := p.methods[key]; ok {
		return fn
	}
	fn := p.l.NewFunction(f)
	p.methods[key] = fn
	return fn
}

func text(s string) lua.LValue {
	return lua.LString(s)
}

// field gives a field or method of an object.
func (p *plugin) field(l *lua.LState, kind string, v any, name string) lua.LValue {
	switch v := v.(type) {
	case *eventObject:
		if kind == "message" {
			if f := p.messageField(l, v, name); f != nil {
				return f
			}
		}
		return p.eventField(l, v, name)
	case *personObject:
		return p.personField(v, name)
	case *chatObject:
		return p.chatField(v, name)
	case *sentObject:
		return p.sentField(v, name)
	case *kvObject:
		return p.kvField(name)
	case *handler:
		if name == "off" {
			return p.method("handle", "off", func(l *lua.LState) int {
				if h, ok := l.CheckUserData(1).Value.(*handler); ok {
					h.off = true
				}
				return 0
			})
		}
	case *timer:
		if name == "cancel" {
			return p.method("timer", "cancel", func(l *lua.LState) int {
				if t, ok := l.CheckUserData(1).Value.(*timer); ok {
					t.cancel()
				}
				return 0
			})
		}
	}
	return lua.LNil
}

func receiver[T any](l *lua.LState, what string) T {
	v, ok := l.CheckUserData(1).Value.(T)
	if !ok {
		l.ArgError(1, what+" expected; methods are called with a colon")
	}
	return v
}

// eventField gives what every event has.
func (p *plugin) eventField(l *lua.LState, o *eventObject, name string) lua.LValue {
	ev := o.ev
	switch name {
	case "id":
		return text(ev.ID)
	case "kind":
		return text(string(ev.Kind))
	case "time":
		return lua.LNumber(ev.Time.Unix())
	case "chat":
		return p.wrap(l, "chat", &chatObject{ev.Chat})
	case "group":
		if ev.Chat.Kind == event.ChatGroup {
			return p.wrap(l, "group", &chatObject{ev.Chat})
		}
	case "sender":
		return p.wrap(l, "contact", &personObject{person: ev.Sender})
	case "reason":
		return text(ev.Reason)
	case "stop":
		return p.method("event", "stop", func(l *lua.LState) int {
			receiver[*eventObject](l, "event").c.claim()
			return 0
		})
	}
	switch {
	case ev.Request != nil:
		return p.requestField(ev, name)
	case ev.Members != nil:
		return p.membersField(l, ev, name)
	case ev.Recalled != nil && name == "message" && ev.Recalled.Message != nil:
		m := *ev
		m.Kind, m.Message = event.KindMessage, ev.Recalled.Message
		m.ID = cmp.Or(ev.Recalled.MessageID, ev.ID) // by which it can be forwarded as it came
		return p.wrap(l, "message", &eventObject{o.c, &m})
	case ev.Tickled != nil && name == "me":
		return lua.LBool(ev.Tickled.Me)
	case ev.Renamed != nil && name == "name":
		return text(ev.Renamed.Name)
	}
	return lua.LNil
}

func (p *plugin) membersField(l *lua.LState, ev *event.Event, name string) lua.LValue {
	switch name {
	case "people":
		t := l.NewTable()
		for _, q := range ev.Members.People {
			t.Append(p.wrap(l, "contact", &personObject{person: q}))
		}
		return t
	case "inviter":
		if ev.Members.Inviter != (event.Person{}) {
			return p.wrap(l, "contact", &personObject{person: ev.Members.Inviter})
		}
	case "via":
		if ev.Members.Via != "" {
			return text(ev.Members.Via)
		}
	}
	return lua.LNil
}

func (p *plugin) requestField(ev *event.Event, name string) lua.LValue {
	switch name {
	case "nickname":
		return text(ev.Sender.Nickname)
	case "text":
		return text(ev.Request.Text)
	case "source":
		return text(ev.Request.Source)
	case "signature":
		return text(ev.Request.Signature)
	case "accept":
		return p.method("friend_request", "accept", p.accept)
	}
	return lua.LNil
}

// accept is req:accept([remark]): it waits for the outcome and gives the new
// friend.
func (p *plugin) accept(l *lua.LState) int {
	c := p.running(l, "accept")
	o := receiver[*eventObject](l, "friend_request")
	if o.ev.Request == nil {
		l.ArgError(1, "friend_request expected")
	}
	a := event.Action{
		Kind: event.ActAccept, User: o.ev.Request.User, Ticket: o.ev.Request.Ticket,
		Person: o.ev.Sender.Key, Remark: l.OptString(2, ""),
	}
	id, ok := p.queue(l, c, a)
	if !ok {
		return 2
	}
	if n := p.outcome(l, c, id); n == 2 {
		return 2
	}
	l.Pop(1)
	friend := o.ev.Sender
	friend.IsFriend = true
	l.Push(p.wrap(l, "contact", &personObject{person: friend}))
	return 1
}

// messageField gives what messages have; nil for what every event has.
func (p *plugin) messageField(l *lua.LState, o *eventObject, name string) lua.LValue {
	m := o.ev.Message
	if m == nil {
		return nil
	}
	switch name {
	case "type":
		return text(string(m.Type))
	case "text":
		return text(m.Text)
	case "raw":
		return text(m.Raw)
	case "folded":
		return text(match.DefaultFolding.Fold(m.Text))
	case "mentioned":
		return lua.LBool(m.Mentioned)
	case "by_self":
		return lua.LBool(o.ev.BySelf)
	case "mentions":
		return toLua(l, mentioned(m.Raw))
	case "matches":
		return p.matches(l, o)
	case "quote":
		if m.Quote != "" {
			return text(m.Quote)
		}
		return lua.LNil
	case "url":
		if m.URL != "" {
			return text(m.URL)
		}
		return lua.LNil
	case "args":
		if o.c != nil && o.c.args != "" {
			return text(o.c.args)
		}
		return lua.LNil
	case "file":
		if m.File == nil {
			return lua.LNil
		}
		t := l.NewTable()
		t.RawSetString("name", text(m.File.Name))
		t.RawSetString("size", lua.LNumber(m.File.Size))
		return t
	case "reply":
		return p.method("message", "reply", p.reply)
	case "mention":
		return p.method("message", "mention", p.mention)
	case "reply_sticker":
		return p.method("message", "reply_sticker", p.replySticker)
	case "ask", "choose", "confirm":
		return p.dialogueMethod("message", name)
	case "reply_image", "reply_file", "reply_video":
		return p.method("message", name, p.replyFile(strings.TrimPrefix(name, "reply_")))
	case "forward":
		return p.method("message", name, p.forward)
	case "download":
		return p.method("message", name, p.download)

	}
	return nil
}

// messageMost is how long a text to send may be: it is split into messages, and
// nobody wants hundreds of them.
const messageMost = 32 << 10

// outgoing reads a message to send: a text, or a table of parts.
func outgoing(l *lua.LState, at int) event.Outgoing {
	switch v := l.CheckAny(at).(type) {
	case lua.LString:
		if len(v) > messageMost {
			l.ArgError(at, fmt.Sprintf("a text of more than %d bytes", messageMost))
		}
		return event.Outgoing{Text: string(v)}
	case lua.LNumber:
		return event.Outgoing{Text: v.String()}
	case *lua.LTable:
		return outgoingTable(l, v, at)
	}
	l.ArgError(at, "a text or a table of parts expected")
	return event.Outgoing{}
}

func outgoingTable(l *lua.LState, t *lua.LTable, at int) event.Outgoing {
	var out event.Outgoing
	t.ForEach(func(k, v lua.LValue) {
		switch k.String() {
		case "text":
			if out.Text = v.String(); len(out.Text) > messageMost {
				l.ArgError(at, fmt.Sprintf("a text of more than %d bytes", messageMost))
			}
		case "sticker":
			out.Sticker = sticker(l, v.String(), at)
		case "card":
			s, ok := v.(lua.LString)
			if !ok || s == "" || len(s) > keyMost {
				l.ArgError(at, "card is the name of a friend or an official account")
			}
			out.Card = string(s)
		case "mention":
			out.Mention = names(v)
		case "revoke_after":
			d, ok := toDuration(v)
			if !ok || d > revokeMost {
				l.ArgError(at, "revoke_after is a duration up to 110s")
			}
			out.RevokeAfter = d
		case "image", "file", "video":
			l.ArgError(at, k.String()+" cannot be sent from here")
		default:
			hint := ""
			if s := conf.Suggest(k.String(), []string{"text", "sticker", "card", "mention", "revoke_after"}); s != "" {
				hint = ", did you mean " + s + "?"
			}
			l.ArgError(at, "unknown part "+k.String()+hint)
		}
	})
	return out
}

const revokeMost = 110 * time.Second

// sticker checks what a script may send as an emoticon: one that the server knows
// by its MD5.
func sticker(l *lua.LState, src string, at int) string {
	sum, ok := strings.CutPrefix(src, "md5:")
	if !ok || len(sum) != 32 {
		l.ArgError(at, "a sticker is md5: and 32 hexadecimal digits in this version")
	}
	return src
}

func names(v lua.LValue) []string {
	t, ok := v.(*lua.LTable)
	if !ok {
		return nil
	}
	var out []string
	t.ForEach(func(_, v lua.LValue) { out = append(out, v.String()) })
	return out
}

func (p *plugin) reply(l *lua.LState) int {
	c := p.running(l, "msg:reply")
	o := receiver[*eventObject](l, "msg")
	m, why := p.outgoing(l, c, 2)
	if why != "" {
		return p.fails(l, why)
	}
	return p.sent(l, c, event.Action{Kind: event.ActReply, ToKey: c.elsewhere(o.ev.Chat.Key), Message: m})
}

func (p *plugin) mention(l *lua.LState) int {
	c := p.running(l, "msg:mention")
	o := receiver[*eventObject](l, "msg")
	m := event.Outgoing{Text: l.CheckString(2)}
	if o.ev.Chat.Kind == event.ChatGroup {
		name := o.ev.Sender.Card
		if name == "" {
			name = o.ev.Sender.Nickname
		}
		m.Mention = []string{name}
	}
	return p.sent(l, c, event.Action{Kind: event.ActReply, ToKey: c.elsewhere(o.ev.Chat.Key), Message: m})
}

func (p *plugin) replySticker(l *lua.LState) int {
	c := p.running(l, "msg:reply_sticker")
	o := receiver[*eventObject](l, "msg")
	m := event.Outgoing{Sticker: sticker(l, l.CheckString(2), 2)}
	return p.sent(l, c, event.Action{Kind: event.ActReply, ToKey: c.elsewhere(o.ev.Chat.Key), Message: m})
}

func (p *plugin) personField(o *personObject, name string) lua.LValue {
	q := o.person
	switch name {
	case "name":
		return text(q.Name())
	case "nickname":
		return text(q.Nickname)
	case "remark":
		return text(q.Remark)
	case "card":
		return text(q.Card)
	case "key":
		return text(q.Key)
	case "kind":
		return text(string(chatOf(q)))
	case "is_friend":
		return lua.LBool(q.IsFriend)
	case "is_admin":
		ev := &event.Event{Sender: q}
		return lua.LBool(isAdmin(ev, p.host.opts.World.Settings()))
	case "chat":
		return p.method("contact", "chat", func(l *lua.LState) int {
			q := receiver[*personObject](l, "contact").person
			l.Push(p.wrap(l, "chat", &chatObject{event.Chat{Kind: chatOf(q), Key: q.Key, Name: q.Name()}}))
			return 1
		})
	case "avatar":
		return p.method("contact", name, func(l *lua.LState) int {
			return p.avatar(l, receiver[*personObject](l, "contact").person.Key)
		})
	case "send":
		return p.method("contact", "send", func(l *lua.LState) int {
			return p.sendTo(l, receiver[*personObject](l, "contact").person.Key)
		})
	case "set_remark":
		return p.method("contact", "set_remark", func(l *lua.LState) int {
			c := p.running(l, "set_remark")
			q := receiver[*personObject](l, "contact").person
			id, ok := p.queue(l, c, event.Action{Kind: event.ActRemark, Person: q.Key, Remark: l.CheckString(2)})
			if !ok {
				return 2
			}
			return p.outcome(l, c, id)
		})
	}
	return lua.LNil
}

// sendTo sends to a chat if it is the event's own, or that of the person whose
// request the event is: other chats need a grant.
func (p *plugin) sendTo(l *lua.LState, key string) int {
	c := p.running(l, "send")
	elsewhere := !c.own(key)
	if !c.mayWrite(key) {
		return p.fails(l, notGranted)
	}
	m, why := p.outgoing(l, c, 2)
	if why != "" {
		return p.fails(l, why)
	}
	if t, ok := l.Get(3).(*lua.LTable); ok {
		m.Mention = names(t.RawGetString("mention"))
	}
	a := event.Action{Kind: event.ActReply, ToKey: key, Message: m, Unsolicited: elsewhere || c.origin.Kind == event.KindMemberJoined}
	if elsewhere {
		a.Kind = event.ActSend
	}
	return p.sent(l, c, a)
}

func (p *plugin) chatField(o *chatObject, name string) lua.LValue {
	switch name {
	case "kind":
		return text(string(o.chat.Kind))
	case "name":
		return text(o.chat.Name)
	case "key":
		return text(o.chat.Key)
	case "send":
		return p.method("chat", "send", func(l *lua.LState) int {
			return p.sendTo(l, receiver[*chatObject](l, "chat").chat.Key)
		})
	case "history":
		return p.method("chat", "history", p.history)
	case "owner", "is_owner":
		return p.ownerField(p.l, o, name)
	case "count":
		return lua.LNumber(len(p.host.opts.World.Members(o.chat.Key)))
	case "members":
		return p.method("chat", "members", func(l *lua.LState) int {
			o := receiver[*chatObject](l, "group")
			want := l.OptString(2, "")
			t := l.NewTable()
			for _, q := range p.host.opts.World.Members(o.chat.Key) {
				if want == "" || q.Name() == want || q.Nickname == want {
					t.Append(p.wrap(l, "contact", &personObject{person: q}))
				}
			}
			l.Push(t)
			return 1
		})
	case "ask", "choose", "confirm":
		return p.dialogueMethod("chat", name)
	case "avatar":
		return p.method("chat", name, func(l *lua.LState) int {
			return p.avatar(l, receiver[*chatObject](l, "chat").chat.Key)
		})
	case "invite":
		return p.method("chat", "invite", p.invite)
	case "rename":
		return p.method("chat", name, p.rename)
	case "pin":
		return p.method("chat", name, p.pin)
	case "mark_read":
		return p.method("chat", name, p.markRead)
	case "mute_bot":
		return p.method("chat", name, p.muteBot)
	}
	return lua.LNil
}

func (p *plugin) sentField(o *sentObject, name string) lua.LValue {
	switch name {
	case "id":
		return text(strconv.FormatInt(o.id, 10))
	case "wait":
		return p.method("sent", "wait", func(l *lua.LState) int {
			c := p.running(l, "sent:wait")
			return p.outcome(l, c, receiver[*sentObject](l, "sent").id)
		})
	case "revoke_after":
		return p.method("sent", "revoke_after", func(l *lua.LState) int {
			c := p.running(l, "sent:revoke_after")
			id := receiver[*sentObject](l, "sent").id
			d := seconds(l, 2)
			if d > revokeMost {
				l.ArgError(2, "revoke_after is a duration up to 110s")
			}
			return p.revokeLater(l, c, strconv.FormatInt(id, 10), d)
		})
	case "revoke":
		return p.method("sent", "revoke", func(l *lua.LState) int {
			c := p.running(l, "sent:revoke")
			return p.revoke(l, c, strconv.FormatInt(receiver[*sentObject](l, "sent").id, 10))
		})
	}
	return lua.LNil
}

// sleepLeast keeps a script that sleeps in a loop from spinning.
const sleepLeast = 10 * time.Millisecond

// sleeper waits for the daemon's time to pass. Who has slept is at work again.
func (h *Host) sleeper(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		t := h.opts.Clock.NewTimer(max(d, sleepLeast))
		defer t.Stop()
		h.quiet.add(-1)
		defer h.quiet.add(1)
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waiter waits for the end of an action.
func waiter(w World, id int64, status *event.Status, reason *string) func(context.Context) error {
	return func(ctx context.Context) error {
		var err error
		*status, *reason, err = w.Outcome(ctx, id)
		return err
	}
}
