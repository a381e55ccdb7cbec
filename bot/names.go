package bot

import (
	"slices"

	"wxbot/bot/event"
	"wxbot/wx"
)

// What the book knows of accounts by their names: what classify.Book asks, and
// what names in rules and plugins lead to.

// chatKind translates a kind of account.
func chatKind(c wx.Contact) event.ChatKind {
	switch c.Kind() {
	case wx.KindGroup:
		return event.ChatGroup
	case wx.KindOfficial:
		return event.ChatOfficial
	case wx.KindSpecial:
		return event.ChatSpecial
	case wx.KindPerson:
	}
	return event.ChatPrivate
}

// SelfUserName is the account's user name in this session.
func (b *book) SelfUserName() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.self.UserName
}

// selfContact is the account's own contact.
func (b *book) selfContact() wx.Contact {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.self
}

func (b *book) directory() *wx.Directory {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.dir
}

func (b *book) contact(user string) (wx.Contact, bool) {
	dir := b.directory()
	if dir == nil {
		return wx.Contact{}, false
	}
	return dir.Contact(user)
}

// keyOf gives the key of a user name, and makes one if it is new.
func (b *book) keyOf(user string, kind event.ChatKind) string {
	b.mu.RLock()
	k := b.byUser[user]
	b.mu.RUnlock()
	if k != nil {
		return k.key
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.byUser[user]; k != nil {
		return k.key
	}
	return b.makeLocked(user, kind).key
}

// Chat gives a conversation by user name.
func (b *book) Chat(user string) (event.Chat, bool) {
	if user == wx.FileHelper {
		return event.Chat{Kind: event.ChatSelf, Key: keyFileHelper, Name: fileHelperName}, true
	}
	c, ok := b.contact(user)
	if !ok {
		c.UserName = user
	}
	kind := chatKind(c)
	known := ok && c.Name() != "" || kind == event.ChatSpecial
	chat := event.Chat{Kind: kind, Key: b.keyOf(user, kind), Name: c.Name()}
	if kind == event.ChatGroup {
		b.mu.RLock()
		if k := b.byKey[chat.Key]; k != nil {
			chat.Was = k.was
		}
		b.mu.RUnlock()
	}
	return chat, known
}

// fileHelperName is what WeChat calls the chat with oneself.
const fileHelperName = "文件传输助手"

// Person gives somebody as seen in a chat; chat is a group's user name or "".
func (b *book) Person(chat, user string) (event.Person, bool) {
	b.mu.RLock()
	self, dir := b.self, b.dir
	b.mu.RUnlock()
	p := event.Person{}
	found := false
	if user == self.UserName && user != "" {
		p.Key, p.Nickname, found = keySelf, self.NickName, true
	} else {
		p.Key = b.keyOf(user, event.ChatPrivate)
		if dir != nil {
			if c, ok := dir.Contact(user); ok {
				p.Nickname, p.Remark = c.NickName, c.RemarkName
				p.IsFriend = c.Kind() == wx.KindPerson
				if k := chatKind(c); k == event.ChatOfficial || k == event.ChatSpecial {
					p.Kind = k
				}
				found = true
			}
		}
	}
	if wx.IsGroup(chat) && dir != nil {
		if m, ok := dir.Member(chat, user); ok {
			p.Card = m.DisplayName
			if p.Nickname == "" {
				p.Nickname = m.NickName
			}
			found = true
		}
	}
	return p, found
}

// MemberByName finds the one group member that system texts call so.
func (b *book) MemberByName(group, name string) event.Person {
	dir := b.directory()
	if dir == nil || name == "" {
		return event.Person{}
	}
	g, ok := dir.Contact(group)
	if !ok {
		return event.Person{}
	}
	found := ""
	for _, m := range g.Members {
		match := m.DisplayName == name || m.NickName == name
		if !match {
			c, ok := dir.Contact(m.UserName)
			match = ok && c.RemarkName == name
		}
		if !match {
			continue
		}
		if found != "" {
			return event.Person{}
		}
		found = m.UserName
	}
	if found == "" {
		return event.Person{}
	}
	p, _ := b.Person(group, found)
	return p
}

// nickname is the account's own; "" before the first login of this run.
func (b *book) nickname() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.self.NickName
}

// selfNames are the names by which a mention in a group means the account.
func (b *book) selfNames(group string) []string {
	b.mu.RLock()
	self, dir := b.self, b.dir
	b.mu.RUnlock()
	names := []string{}
	if dir != nil {
		if m, ok := dir.Member(group, self.UserName); ok && m.DisplayName != "" {
			names = append(names, m.DisplayName)
		}
	}
	return append(names, self.NickName)
}

// find gives the chats that bear a name: people by remark first, else nickname;
// groups by name.
func (b *book) find(kind event.ChatKind, name string) []event.Chat {
	dir := b.directory()
	if dir == nil || name == "" {
		return nil
	}
	var byRemark, byNick []event.Chat
	for _, c := range dir.All() {
		if chatKind(c) != kind {
			continue
		}
		switch name {
		case c.RemarkName:
			chat, _ := b.Chat(c.UserName)
			byRemark = append(byRemark, chat)
		case c.NickName:
			chat, _ := b.Chat(c.UserName)
			byNick = append(byNick, chat)
		}
	}
	switch {
	case len(byRemark) > 0:
		return byRemark
	case len(byNick) == 0 && kind == event.ChatGroup:
		return b.formerly(name)
	}
	return byNick
}

// formerly finds the groups that had a name before they were renamed.
func (b *book) formerly(name string) []event.Chat {
	b.mu.RLock()
	var users []string
	for user, k := range b.byUser {
		if k.was == name {
			users = append(users, user)
		}
	}
	b.mu.RUnlock()
	slices.Sort(users)
	var out []event.Chat
	for _, user := range users {
		chat, _ := b.Chat(user)
		out = append(out, chat)
	}
	return out
}

// nameOf is what a chat is called now, its key if that is not known.
func (b *book) nameOf(c event.Chat) string {
	if user, ok := b.user(c.Key); ok {
		if contact, ok := b.contact(user); ok && contact.Name() != "" {
			return contact.Name()
		}
	}
	if c.Name != "" {
		return c.Name
	}
	return c.Key
}
