package wxtest

import (
	"strings"
)

type initAnswer struct {
	baseAnswer
	Count               int
	ContactList         []wireContact
	SyncKey             wireKeys
	User                wireUser
	ChatSet             text
	SKey                text
	ClientVersion       int
	SystemTime          int64
	GrayScale           int
	InviteStartCount    int
	MPSubscribeMsgCount int
	MPSubscribeMsgList  []struct{}
	ClickReportInterval int
}

func blankInit() response {
	return &initAnswer{ContactList: []wireContact{}, SyncKey: wireKeys{List: []wireKey{}}, MPSubscribeMsgList: []struct{}{}}
}

// inviteStart is the size of group from which people must be invited.
const inviteStart = 40

// webwxInit answers section 4.1. The user names stay what they are in this
// session however often it is called.
func (s *Server) webwxInit(_ *call, e *session, _ object, out response) {
	o, ok := out.(*initAnswer)
	if !ok {
		return
	}
	e.inits++
	e.polled = false
	if e.inits > 1 && !s.cfg.NoRedelivery {
		e.redeliver = e.lastHanded()
	}
	if e.skey == "" {
		e.skey = newSkey()
	}
	self := s.world.self
	o.User = e.user(self)
	o.SKey = text(e.skey)
	o.SyncKey = e.keysAt(e.handed)
	o.ClientVersion, o.SystemTime, o.GrayScale = 369297683, s.now().Unix(), 1
	o.InviteStartCount, o.ClickReportInterval = inviteStart, 600000
	if e.helper {
		e.nameOf(s.world.fileHelper) // known without being listed
		s.pokeLocked()
		return
	}
	const listed = 10
	set := strings.Builder{}
	recent := s.world.recent
	for i := range recent {
		chat := recent[len(recent)-1-i]
		set.WriteString(e.nameOf(chat) + ",")
		if i < listed {
			o.ContactList = append(o.ContactList, e.contact(chat, membersNameless))
		}
	}
	for _, g := range s.world.groups {
		if name := e.nameOf(g); !g.hidden && !strings.Contains(set.String(), name) {
			set.WriteString(name + ",")
		}
	}
	o.Count, o.ChatSet = len(o.ContactList), text(set.String())
	s.pokeLocked()
}

// lastHanded is the last message that was handed out, nil if there is none.
func (e *session) lastHanded() []byte {
	for pos := e.handed; pos > e.pruned; pos-- {
		if step := e.at(pos); step.kind == entryMessage {
			return step.raw
		}
	}
	return nil
}

type msgIDAnswer struct {
	baseAnswer
	MsgID text
}

func blankMsgID() response { return &msgIDAnswer{} }

func blankBase() response { return &baseAnswer{} }

// statusNotify answers section 4.2. Code 3 makes the phone send the list of
// conversations.
func (s *Server) statusNotify(c *call, e *session, body object, out response) {
	o, ok := out.(*msgIDAnswer)
	if !ok {
		return
	}
	code, from, to := c.number(body, "Code"), c.text(body, "FromUserName"), c.text(body, "ToUserName")
	c.loose(body, "ClientMsgId")
	self := e.nameOf(s.world.self)
	if from != self {
		c.problem("4.2", "FromUserName is not the account itself")
	}
	o.MsgID = text(s.newMsgIDLocked())
	switch code {
	case 3:
		if to != self {
			c.problem("4.2", "ToUserName is not the account itself")
		}
		s.deliverLocked(envelope{from: s.world.self, to: s.world.self}, StatusNotify(4, s.conversationsLocked()...))
	case 1, 2, 5:
		chat := e.byName[to]
		if chat == nil {
			c.problem("4.2", "ToUserName is nobody")
			return
		}
		if code == 1 {
			s.recordLocked(recordOf(RecordRead, chat))
		}
	default:
		c.problem("4.2", "Code is %d", code)
	}
}

// conversationsLocked lists whom the phone has talked to, newest first: all who
// are not hidden.
func (s *Server) conversationsLocked() []Chat {
	var out []Chat
	seen := map[Chat]bool{}
	add := func(c Chat) {
		if !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	for i := range s.world.recent {
		add(s.world.recent[len(s.world.recent)-1-i])
	}
	for _, g := range s.world.groups {
		if !g.hidden {
			add(g)
		}
	}
	for _, a := range s.world.accounts {
		if a.friend && a.kind != kindSpecial {
			add(a)
		}
	}
	const atMost = 400 // "up to several hundred", section 12.9
	return out[:min(len(out), atMost)]
}
