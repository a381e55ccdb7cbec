package wxtest

import (
	"maps"
	"slices"
)

// GroupOptions describes a group.
type GroupOptions struct {
	Topic   string
	Members []*Account // without the account itself, who is always in
	// Owner; nil is the first member.
	Owner *Account
	// Saved: the owner's phone has it in the contacts, so that webwxgetcontact
	// lists it, without its members (section 5.1).
	Saved bool
	// Hidden: it is not among the recent chats, so that a client learns of it
	// only by a message.
	Hidden bool
	Muted  bool
	// Cards are the names of people in this group; the account itself may be
	// among them.
	Cards map[*Account]string
}

// Group is a group chat with the account in it, the same over all logins.
type Group struct {
	srv  *Server
	id   int
	wxid string // …@chatroom

	// guarded by Server.mu
	topic   string
	members []*Account // in order of joining, with the account itself
	owner   *Account
	cards   map[*Account]string
	saved   bool
	hidden  bool
	muted   bool
	pinned  bool
}

// AddGroup adds a group of the account and these people, who need not be
// friends. It is among the recent chats but not saved to the contacts.
func (s *Server) AddGroup(topic string, members ...*Account) *Group {
	return s.AddGroupWith(GroupOptions{Topic: topic, Members: members})
}

// AddGroupWith adds a group.
func (s *Server) AddGroupWith(o GroupOptions) *Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addGroupLocked(o)
}

func (s *Server) addGroupLocked(o GroupOptions) *Group {
	s.world.nextID += 17
	g := &Group{
		srv: s, id: s.world.nextID, wxid: randomText(digits, 10) + "@chatroom",
		topic: o.Topic, owner: o.Owner, saved: o.Saved, hidden: o.Hidden, muted: o.Muted,
		members: append([]*Account{s.world.self}, o.Members...),
		cards:   map[*Account]string{},
	}
	maps.Copy(g.cards, o.Cards)
	if g.owner == nil && len(o.Members) > 0 {
		g.owner = o.Members[0]
	}
	s.world.groups = append(s.world.groups, g)
	if !o.Hidden {
		s.world.touch(g)
		s.modifiedLocked(g)
	}
	return g
}

// Groups lists the groups, oldest first, those that a client made included.
func (s *Server) Groups() []*Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.world.groups)
}

func (g *Group) server() *Server { return g.srv }

// UserName is the name in the present session, or in the last one; it changes
// with every login. Empty before the first login.
func (g *Group) UserName() string {
	g.srv.mu.Lock()
	defer g.srv.mu.Unlock()
	if g.srv.session == nil {
		return ""
	}
	return g.srv.session.nameOf(g)
}

// Topic is the group's name.
func (g *Group) Topic() string {
	g.srv.mu.Lock()
	defer g.srv.mu.Unlock()
	return g.topic
}

func (g *Group) String() string { return g.Topic() }

// WxID is the real id, …@chatroom, the same over logins.
func (g *Group) WxID() string { return g.wxid }

// Members lists who is in the group, in order of joining.
func (g *Group) Members() []*Account {
	g.srv.mu.Lock()
	defer g.srv.mu.Unlock()
	return slices.Clone(g.members)
}

// Say sends a text of a member to the group.
func (g *Group) Say(from *Account, text string) MsgID { return g.Send(from, Text(text)) }

// Mention sends a text that begins by mentioning the account by its name in the
// group, as phones write it (section 12.3).
func (g *Group) Mention(from *Account, text string) MsgID {
	g.srv.mu.Lock()
	name := g.displayLocked(g.srv.world.self)
	g.srv.mu.Unlock()
	return g.Say(from, "@"+name+"\u2005"+text)
}

// Send sends a message of a member to the group. Nothing reaches a client once
// the account is not in the group any more.
func (g *Group) Send(from *Account, m Message) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliverLocked(envelope{from: from, group: g, to: s.world.self}, m)
}

// Recall withdraws a message that a member sent.
func (g *Group) Recall(from *Account, id MsgID) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliverLocked(envelope{group: g, to: s.world.self}, s.recallLocked(g.displayLocked(from), g.wxid, id))
}

// Join lets a member invite people, with the system text of section 12.6. The
// inviter or one of the people may be the account itself.
func (g *Group) Join(inviter *Account, people ...*Account) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	g.addLocked(people)
	return g.noticeLocked(g.joinTextLocked(inviter, people))
}

// JoinByQR lets people join by a code that a member shared.
func (g *Group) JoinByQR(sharer *Account, people ...*Account) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	g.addLocked(people)
	names := g.displaysLocked(people)
	if sharer == s.world.self {
		return g.noticeLocked(s.phrases().joinedByMyCode(names))
	}
	return g.noticeLocked(s.phrases().joinedByCode(names, g.displayLocked(sharer)))
}

// Rename changes the topic.
func (g *Group) Rename(by *Account, topic string) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	g.topic = topic
	s.modifiedLocked(g)
	if by == s.world.self {
		return g.noticeLocked(s.phrases().iRenamed(topic))
	}
	return g.noticeLocked(s.phrases().renamed(g.displayLocked(by), topic))
}

// Remove takes somebody out, by leaving or by being removed by another member:
// no message tells of it (section 12.6).
func (g *Group) Remove(person *Account) {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	g.dropLocked(person)
	s.modifiedLocked(g)
}

// LeaveSilently takes somebody out without even telling that the group has changed.
func (g *Group) LeaveSilently(person *Account) {
	g.srv.mu.Lock()
	defer g.srv.mu.Unlock()
	g.dropLocked(person)
}

// RemoveFromPhone lets the account's owner remove somebody, which a system text
// tells.
func (g *Group) RemoveFromPhone(person *Account) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	name := g.displayLocked(person)
	g.dropLocked(person)
	s.modifiedLocked(g)
	return g.noticeLocked(s.phrases().iRemoved(name))
}

// RemoveSelf removes the account itself. The server goes on answering for such a
// group, without the account among its members (section 5.2).
func (g *Group) RemoveSelf(by *Account) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	id := g.noticeLocked(s.phrases().wasRemoved(g.displayLocked(by)))
	g.dropLocked(s.world.self)
	s.modifiedLocked(g)
	return id
}

// SetCard changes the name of a member in this group; "" is none.
func (g *Group) SetCard(member *Account, card string) {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	g.cards[member] = card
	s.modifiedLocked(g)
}

// Tickle sends the system text of 拍一拍.
func (g *Group) Tickle(from, to *Account) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	if to == s.world.self {
		return g.noticeLocked(s.phrases().tickledMe(g.displayLocked(from)))
	}
	return g.noticeLocked(s.phrases().tickled(g.displayLocked(from), g.displayLocked(to)))
}

// Notice sends a system text (MsgType 10000) to the group.
func (g *Group) Notice(text string) MsgID {
	s := g.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	return g.noticeLocked(text)
}

func (g *Group) noticeLocked(text string) MsgID {
	return g.srv.deliverLocked(envelope{group: g, to: g.srv.world.self}, System(text))
}

func (g *Group) addLocked(people []*Account) {
	for _, a := range people {
		if !slices.Contains(g.members, a) {
			g.members = append(g.members, a)
		}
	}
	g.srv.modifiedLocked(g)
}

func (g *Group) dropLocked(a *Account) {
	g.members = slices.DeleteFunc(g.members, func(m *Account) bool { return m == a })
	delete(g.cards, a)
}

func (g *Group) hasLocked(a *Account) bool { return slices.Contains(g.members, a) }

// displayLocked is what system texts of the group call a member.
func (g *Group) displayLocked(a *Account) string {
	if card := g.cards[a]; card != "" {
		return card
	}
	return a.person.NickName
}

func (g *Group) displaysLocked(people []*Account) []string {
	out := make([]string, len(people))
	for i, a := range people {
		out[i] = g.displayLocked(a)
	}
	return out
}

func (g *Group) joinTextLocked(inviter *Account, people []*Account) string {
	self := g.srv.world.self
	others := slices.DeleteFunc(slices.Clone(people), func(a *Account) bool { return a == self })
	p := g.srv.phrases()
	switch {
	case inviter == self:
		return p.iInvited(g.displaysLocked(others))
	case len(others) == len(people):
		return p.invited(g.displayLocked(inviter), g.displaysLocked(others))
	case len(others) > 0:
		return p.invitedMeAnd(g.displayLocked(inviter), g.displaysLocked(others))
	}
	rest := slices.DeleteFunc(slices.Clone(g.members), func(a *Account) bool { return a == self || a == inviter })
	return p.invitedMe(g.displayLocked(inviter), g.displaysLocked(rest))
}
