package wxtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type memberDetail int

const (
	membersNone memberDetail = iota
	membersNameless
	membersNamed
)

// The bits of ContactFlag (section 5.1).
const (
	flagContact = 1
	flagChat    = 2
	flagMuted   = 512
	flagPinned  = 2048
)

func (a *Account) attrStatus() int64 { return int64(a.id) % (1 << 33) }

func (a *Account) contactFlag() int {
	if !a.friend {
		return 0
	}
	flag := flagContact
	if a.kind == kindPerson {
		flag |= flagChat
	}
	if a.person.Muted {
		flag |= flagMuted
	}
	if a.person.Pinned {
		flag |= flagPinned
	}
	return flag
}

func (e *session) iconPath(kind string, seq int, name string) text {
	return text(fmt.Sprintf("%s%s?seq=%d&username=%s&skey=%s", cgiPrefix, kind, seq, url.QueryEscape(name), url.QueryEscape(e.skey)))
}

// user is the account itself as webwxinit tells it.
func (e *session) user(a *Account) wireUser {
	p := a.person
	name := e.nameOf(a)
	return wireUser{
		Uin: e.srv.cfg.Uin, UserName: text(name), NickName: named(p.NickName),
		HeadImgURL: e.iconPath("webwxgeticon", a.id, name),
		Sex:        p.Sex, Signature: named(p.Signature), VerifyFlag: p.VerifyFlag, HeadImgFlag: 1, SnsFlag: 17,
	}
}

// contact is the contact object of a person or group.
func (e *session) contact(c Chat, detail memberDetail) wireContact {
	if g, ok := c.(*Group); ok {
		return e.groupContact(g, detail)
	}
	a, ok := c.(*Account)
	if !ok {
		return wireContact{MemberList: []wireMember{}}
	}
	p, name := a.person, e.nameOf(a)
	out := wireContact{
		UserName: text(name), NickName: named(p.NickName), HeadImgURL: e.iconPath("webwxgeticon", a.id, name),
		ContactFlag: a.contactFlag(), MemberList: []wireMember{}, RemarkName: named(p.RemarkName),
		Sex: p.Sex, Signature: named(p.Signature), VerifyFlag: p.VerifyFlag,
		PYInitial: text(initials(p.NickName)), PYQuanPin: text(initials(p.NickName)),
		RemarkPYInitial: text(initials(p.RemarkName)), RemarkPYQuanPin: text(initials(p.RemarkName)),
		AttrStatus: a.attrStatus(), Province: text(p.Province), City: text(p.City), Alias: text(p.Alias),
		KeyWord: text(keyWord(a)),
	}
	if a == e.srv.world.self {
		out.Uin = e.srv.cfg.Uin
	}
	return out
}

func (e *session) groupContact(g *Group, detail memberDetail) wireContact {
	name := e.nameOf(g)
	out := wireContact{
		UserName: text(name), NickName: named(g.topic), HeadImgURL: e.iconPath("webwxgetheadimg", 0, name),
		ContactFlag: flagChat, MemberList: []wireMember{}, Statues: 1, EncryChatRoomID: text(e.roomID[g]),
	}
	if g.saved {
		out.ContactFlag |= flagContact
	}
	if g.pinned {
		out.ContactFlag |= flagPinned
	}
	if g.muted {
		out.Statues = 0
	}
	if g.owner == e.srv.world.self {
		out.IsOwner, out.OwnerUin = 1, e.srv.cfg.Uin
	}
	if detail == membersNone {
		return out
	}
	out.MemberCount = len(g.members)
	for _, a := range g.members {
		m := wireMember{UserName: text(e.nameOf(a))}
		if detail == membersNamed {
			m.NickName, m.DisplayName = named(a.person.NickName), named(g.cards[a])
			m.AttrStatus, m.KeyWord = a.attrStatus(), text(keyWord(a))
		}
		out.MemberList = append(out.MemberList, m)
	}
	return out
}

type contactsAnswer struct {
	baseAnswer
	MemberCount int
	MemberList  []wireContact
	Seq         int
}

// getContact answers a page of the contact list (section 5.1). It is a GET whose
// keys are in the query and the cookies; the older form was a POST.
func (s *Server) getContact(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &contactsAnswer{MemberList: []wireContact{}}
	e, ret := c.sessionLocked(c.cookie("wxuin"), c.cookie("wxsid"), c.query.Get("skey"))
	if ret != retOK {
		out.refuse(ret, "")
		return jsonAnswer(out)
	}
	c.checkTicket(e)
	seq, err := strconv.Atoi(c.query.Get("seq"))
	if c.query.Get("seq") == "" && c.r.Method == http.MethodPost {
		seq, err = 0, nil
	}
	all := s.listedLocked()
	if err != nil || seq < 0 || seq >= max(len(all), 1) || seq%s.cfg.ContactPage != 0 {
		c.problem("5.1", "seq %q is none that the server gave", c.query.Get("seq"))
		out.refuse(retParameter, "")
		return jsonAnswer(out)
	}
	end := min(seq+s.cfg.ContactPage, len(all))
	for _, chat := range all[seq:end] {
		out.MemberList = append(out.MemberList, e.contact(chat, membersNone))
	}
	out.MemberCount = len(out.MemberList)
	if end < len(all) {
		out.Seq = end
	}
	return jsonAnswer(out)
}

// listedLocked is the contact list: friends, official and special accounts, and
// the groups that were saved to it.
func (s *Server) listedLocked() []Chat {
	var out []Chat
	for _, a := range s.world.accounts {
		if a.friend {
			out = append(out, a)
		}
	}
	for _, g := range s.world.groups {
		if g.saved {
			out = append(out, g)
		}
	}
	return out
}

type batchAnswer struct {
	baseAnswer
	Count       int
	ContactList []wireContact
}

func blankBatch() response { return &batchAnswer{ContactList: []wireContact{}} }

// maxBatch is how many entries of a batch are answered (section 5.2).
const maxBatch = 50

// batchGetContact answers section 5.2: details of groups, and of members.
func (s *Server) batchGetContact(c *call, e *session, body object, out response) {
	o, ok := out.(*batchAnswer)
	if !ok {
		return
	}
	if c.query.Get("type") != "ex" {
		c.problem("5.2", "type is not ex")
	}
	list := c.objects(body, "List")
	if n := c.number(body, "Count"); n != int64(len(list)) {
		c.problem("5.2", "Count is %d for %d entries", n, len(list))
	}
	if len(list) > maxBatch {
		c.problem("5.2", "%d entries; those above 50 are not answered", len(list))
		list = list[:maxBatch]
	}
	if s.tooOftenLocked() {
		o.refuse(retFrequency, "操作太频繁，请稍后再试。")
		return
	}
	for _, entry := range list {
		name, room := c.text(entry, "UserName"), ""
		switch {
		case entry["EncryChatRoomId"] != nil:
			room = c.text(entry, "EncryChatRoomId")
		case entry["ChatRoomId"] != nil:
			c.loose(entry, "ChatRoomId")
		default:
			c.problem("5.2", "an entry has no EncryChatRoomId")
		}
		chat := e.byName[name]
		if chat == nil {
			if s.retired[name] {
				c.problem("15", "UserName of an earlier login")
			}
			continue
		}
		o.ContactList = append(o.ContactList, e.detail(c, chat, room))
	}
	o.Count = len(o.ContactList)
}

func (e *session) detail(c *call, chat Chat, room string) wireContact {
	detail := membersNamed
	if e.srv.cfg.NamelessMembers {
		detail = membersNameless
	}
	out := e.contact(chat, detail)
	if g, ok := chat.(*Group); ok && g.owner != nil {
		out.ChatRoomOwner = text(e.nameOf(g.owner))
	}
	// Batch answers leave the skey of the address to the client (section 9).
	path, _, _ := strings.Cut(string(out.HeadImgURL), "&skey=")
	out.HeadImgURL = text(path + "&skey=")
	a, isAccount := chat.(*Account)
	if room == "" || !isAccount {
		return out
	}
	g := e.rooms[room]
	if g == nil {
		g, _ = e.byName[room].(*Group)
	}
	if g == nil || !slices.Contains(g.members, a) {
		c.problem("5.2", "EncryChatRoomId names no group that the member is in")
		return out
	}
	out.EncryChatRoomID, out.DisplayName = text(e.roomID[g]), named(g.cards[a])
	return out
}

// tooOftenLocked counts a call and reports whether there were too many within a
// minute.
func (s *Server) tooOftenLocked() bool {
	if s.cfg.BatchLimit <= 0 {
		return false
	}
	since := s.now().Add(-time.Minute)
	s.batches = slices.DeleteFunc(s.batches, func(t time.Time) bool { return t.Before(since) })
	if len(s.batches) >= s.cfg.BatchLimit {
		return true
	}
	s.batches = append(s.batches, s.now())
	return false
}
