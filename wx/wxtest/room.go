package wxtest

import (
	"slices"
	"strings"
)

type roomAnswer struct {
	baseAnswer
	Topic        text
	PYInitial    text
	QuanPin      text
	MemberCount  int
	MemberList   []wireMember
	ChatRoomName text
	BlackList    text
}

func blankRoom() response { return &roomAnswer{MemberList: []wireMember{}} }

// createRoom makes a group (section 10.3).
func (s *Server) createRoom(c *call, e *session, body object, out response) {
	o, ok := out.(*roomAnswer)
	if !ok {
		return
	}
	list := c.objects(body, "MemberList")
	if n := c.number(body, "MemberCount"); n != int64(len(list)) {
		c.problem("10.3", "MemberCount is %d for %d members", n, len(list))
	}
	var people, gone []*Account
	for _, m := range list {
		a, known := e.byName[c.text(m, "UserName")].(*Account)
		switch {
		case !known || a.kind == kindSelf || !a.friend:
			c.problem("10.3", "a member is no friend")
		case a.refuses:
			gone = append(gone, a)
		case slices.Contains(people, a):
			c.problem("10.3", "a member is named twice")
		default:
			people = append(people, a)
		}
	}
	topic, ok := c.topic(body, "Topic")
	if !ok || len(people)+len(gone) < 2 {
		o.refuse(retParameter, "")
		return
	}
	g := s.addGroupLocked(GroupOptions{Topic: topic, Members: people, Owner: s.world.self})
	o.ChatRoomName, o.Topic = text(e.nameOf(g)), named(g.topic)
	o.list(e, g, gone)
	s.recordLocked(Record{Kind: RecordInvited, Group: g, Accounts: people})
	g.noticeLocked(s.phrases().iInvited(g.displaysLocked(people)))
}

// statusDeleted is the MemberStatus of people who have deleted the account.
const statusDeleted = 4

// list answers with the members, and with those who could not be added, in which
// case only a part was done.
func (o *roomAnswer) list(e *session, g *Group, gone []*Account) {
	o.MemberList = e.groupContact(g, membersNamed).MemberList
	o.MemberCount = len(o.MemberList)
	for _, a := range gone {
		o.MemberList = append(o.MemberList, wireMember{UserName: text(e.nameOf(a)), NickName: named(a.person.NickName), MemberStatus: statusDeleted})
	}
	if len(gone) > 0 {
		o.refuse(retPartly, "")
	}
}

// maxTopic is the length of a topic in bytes (section 10.4).
const maxTopic = 32

func (c *call) topic(body object, key string) (string, bool) {
	topic := c.text(body, key)
	if len(topic) > maxTopic {
		c.problem("10.4", "%s has %d bytes, more than %d", key, len(topic), maxTopic)
		return "", false
	}
	return topic, true
}

// updateRoom adds people to a group, and so on (section 10.4).
func (s *Server) updateRoom(c *call, e *session, body object, out response) {
	o, ok := out.(*roomAnswer)
	if !ok {
		return
	}
	g, known := e.byName[c.text(body, "ChatRoomName")].(*Group)
	if !known || !g.hasLocked(s.world.self) {
		c.problem("10.4", "ChatRoomName is no group of the account")
		o.refuse(retSystem, "")
		return
	}
	switch fun := c.query.Get("fun"); fun {
	case "addmember", "invitemember":
		s.inviteLocked(c, e, g, fun, body, o)
	case "modtopic":
		topic, ok := c.topic(body, "NewTopic")
		if !ok {
			o.refuse(retParameter, "")
			return
		}
		g.topic = topic
		s.modifiedLocked(g)
		s.recordLocked(Record{Kind: RecordRenamed, Group: g, Text: g.topic})
		g.noticeLocked(s.phrases().iRenamed(g.topic))
	case "delmember":
		// Without effect since about 2019, whoever asks.
		o.refuse(retParameter, "")
	case "quitchatroom":
		g.dropLocked(s.world.self)
	default:
		c.problem("10.4", "fun is %q", fun)
		o.refuse(retParameter, "")
	}
}

// inviteLocked adds people, or invites them into a group that has, with them, as
// many members as need an invitation.
func (s *Server) inviteLocked(c *call, e *session, g *Group, fun string, body object, o *roomAnswer) {
	field := "AddMemberList"
	if fun == "invitemember" {
		field = "InviteMemberList"
	}
	var people, gone []*Account
	for name := range strings.SplitSeq(c.text(body, field), ",") {
		a, known := e.byName[name].(*Account)
		if !known || !a.friend {
			c.problem("10.4", "%s names somebody who is no friend", field)
			o.refuse(retSystem, "")
			return
		}
		if a.refuses {
			gone = append(gone, a)
			continue
		}
		if !g.hasLocked(a) && !slices.Contains(people, a) {
			people = append(people, a)
		}
	}
	big := len(g.members)+len(people)+len(gone) >= inviteStart
	if big != (fun == "invitemember") {
		if big {
			c.problem("10.4", "addmember for a group of 40 or more")
			o.refuse(retParameter, "")
			return
		}
		c.problem("10.4", "invitemember for a group below 40")
	}
	s.recordLocked(Record{Kind: RecordInvited, Group: g, Accounts: people, Pending: big})
	if !big && len(people) > 0 { // else each of them has to accept on the phone
		g.addLocked(people)
		g.noticeLocked(s.phrases().iInvited(g.displaysLocked(people)))
	}
	o.list(e, g, gone)
}
