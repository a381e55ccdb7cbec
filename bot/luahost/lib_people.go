package luahost

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
	"wxbot/bot/match"
)

// lister is a World that knows whom the account knows.
type lister interface {
	Friends() []event.Person
	Officials() []event.Person
	Groups() []event.Chat
}

// The chat of the account's owner with itself, by its key and by its name.
const (
	ownerChat     = "filehelper"
	ownerChatName = "文件传输助手"
)

// listWork is what one name counts for, in instructions.
const listWork = 20

// apiContacts is bot.contacts([when]) → list: the friends of whom the conditions on
// the sender hold, and official accounts if chat names them.
func (p *plugin) apiContacts(l *lua.LState) int {
	p.running(l, "bot.contacts")
	who, ok := p.host.opts.World.(lister)
	if !ok {
		return p.fails(l, "the contacts are not known")
	}
	var when *match.When
	people := who.Friends()
	if t, ok := l.Get(1).(*lua.LTable); ok {
		when, _ = p.when(l, t, 1, &handler{kind: handleObserve, event: event.KindMessage})
		if t.RawGetString("chat") != lua.LNil || t.RawGetString("会话") != lua.LNil {
			people = append(people, who.Officials()...)
		}
	}
	charge(l, listWork*len(people))
	slices.SortFunc(people, func(a, b event.Person) int { return strings.Compare(a.Name(), b.Name()) })
	out := l.NewTable()
	for _, q := range people {
		ev := &event.Event{
			Kind: event.KindMessage, Chat: event.Chat{Kind: chatOf(q), Key: q.Key, Name: q.Name()}, Sender: q,
			Message: &event.Message{Type: event.TypeText},
		}
		if when == nil || when.InChat(p.host.input(ev)) {
			out.Append(p.wrap(l, "contact", &personObject{person: q}))
		}
	}
	l.Push(out)
	return 1
}

// chatOf is the kind of the chat with somebody.
func chatOf(q event.Person) event.ChatKind { return cmp.Or(q.Kind, event.ChatPrivate) }

// apiGroups is bot.groups([glob]) → list.
func (p *plugin) apiGroups(l *lua.LState) int {
	p.running(l, "bot.groups")
	who, ok := p.host.opts.World.(lister)
	if !ok {
		return p.fails(l, "the groups are not known")
	}
	glob := l.OptString(1, "*")
	if _, err := path.Match(glob, ""); err != nil || len(glob) > keyMost {
		l.ArgError(1, "a name with * and ? expected")
	}
	groups := who.Groups()
	charge(l, listWork*len(groups)+work(len(glob)*len(groups)))
	slices.SortFunc(groups, func(a, b event.Chat) int { return strings.Compare(a.Name, b.Name) })
	out := l.NewTable()
	for _, g := range groups {
		// A slash is a character like others in a name.
		if ok, _ := path.Match(strings.ReplaceAll(glob, "/", "\x00"), strings.ReplaceAll(g.Name, "/", "\x00")); ok {
			out.Append(p.wrap(l, "group", &chatObject{g}))
		}
	}
	l.Push(out)
	return 1
}

// recipient reads whom bot.send is for: a contact, group or chat, or a name that
// leads to one. why says why there is none.
func (p *plugin) recipient(l *lua.LState, n int) (key, why string) {
	switch v := l.CheckAny(n).(type) {
	case *lua.LUserData:
		switch o := v.Value.(type) {
		case *personObject:
			return o.person.Key, ""
		case *chatObject:
			return o.chat.Key, ""
		}
	case lua.LString:
		return p.named(string(v))
	}
	l.ArgError(n, "a contact, group or chat, or a name expected")
	return "", ""
}

func (p *plugin) named(name string) (key, why string) {
	if name == ownerChat || name == ownerChatName {
		return ownerChat, ""
	}
	var hits []event.Chat
	for _, kind := range []event.ChatKind{event.ChatGroup, event.ChatPrivate} {
		found, err := p.host.opts.World.Find(kind, name)
		if err != nil {
			return "", err.Error()
		}
		hits = append(hits, found...)
	}
	switch len(hits) {
	case 0:
		return "", "not found"
	case 1:
		return hits[0].Key, ""
	}
	return "", fmt.Sprintf("ambiguous: %d chats named %s; set a remark", len(hits), name)
}
