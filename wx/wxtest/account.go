package wxtest

import (
	"strings"
)

// Person describes somebody, in plain text: emoji in names become markup on the
// wire, as WeChat does it (section 12.2).
type Person struct {
	NickName   string
	RemarkName string // what the account's owner calls the person
	Alias      string // own WeChat number
	WxID       string // real id, seen only in type-51 lists; made up if empty
	Sex        int    // 1 male, 2 female
	VerifyFlag int    // official accounts: 8, 24, 56 …
	Province   string
	City       string
	Signature  string
	Muted      bool // notifications off
	Pinned     bool
}

// Chat is somebody or a group one can write to: an *Account or a *Group.
type Chat interface {
	// UserName is the name in the present session, or in the last one; it
	// changes with every login. Empty before the first login.
	UserName() string
	server() *Server
}

type accountKind int

const (
	kindPerson accountKind = iota
	kindSelf
	kindOfficial
	kindSpecial
)

// Account is a person or account, the same over all logins.
type Account struct {
	srv  *Server
	kind accountKind
	id   int    // counts up; the seq of the avatar, the same over logins
	wxid string // real id; of special accounts also the user name

	// guarded by Server.mu
	person  Person
	friend  bool
	ticket  string // of the newest friend request, "" if none is open
	refuses bool   // deleted the account from their friends
}

type world struct {
	self       *Account
	fileHelper *Account
	fmessage   *Account
	accounts   []*Account // all but self
	groups     []*Group
	recent     []Chat // newest last
	nextID     int
}

func (w *world) init(s *Server) {
	w.nextID = 620000000
	w.self = w.add(s, kindSelf, s.cfg.Self)
	w.fileHelper = w.addSpecial(s, "filehelper", "文件传输助手")
	w.fmessage = w.addSpecial(s, "fmessage", "朋友推荐消息")
	w.addSpecial(s, "weixin", "微信团队").person.VerifyFlag = 56
	w.recent = []Chat{w.fileHelper}
}

// byAlias finds who bears a WeChat number, nil if nobody does.
func (w *world) byAlias(alias string) *Account {
	for _, a := range w.accounts {
		if a.person.Alias == alias && alias != "" {
			return a
		}
	}
	return nil
}

func (w *world) add(s *Server, kind accountKind, p Person) *Account {
	w.nextID += 17
	if p.WxID == "" {
		prefix := "wxid_"
		if kind == kindOfficial {
			prefix = "gh_"
		}
		p.WxID = prefix + randomText(lowerDigits, 14)
	}
	a := &Account{srv: s, kind: kind, id: w.nextID, wxid: p.WxID, person: p}
	if kind != kindSelf {
		w.accounts = append(w.accounts, a)
	}
	return a
}

func (w *world) addSpecial(s *Server, id, nick string) *Account {
	a := w.add(s, kindSpecial, Person{NickName: nick, WxID: id})
	a.friend = true
	return a
}

// touch moves a chat to the end of the recent ones.
func (w *world) touch(c Chat) {
	const keep = 20
	for i, r := range w.recent {
		if r == c {
			w.recent = append(append(w.recent[:i:i], w.recent[i+1:]...), c)
			return
		}
	}
	w.recent = append(w.recent, c)
	if len(w.recent) > keep {
		w.recent = w.recent[len(w.recent)-keep:]
	}
}

// AddFriend adds a friend of the account. A session that is online learns of it
// by ModContactList.
func (s *Server) AddFriend(p Person) *Account { return s.addAccount(kindPerson, p, true) }

// AddOfficial adds an official account that the account follows; VerifyFlag 0
// becomes 8.
func (s *Server) AddOfficial(p Person) *Account {
	if p.VerifyFlag == 0 {
		p.VerifyFlag = 8
	}
	return s.addAccount(kindOfficial, p, true)
}

// AddStranger adds somebody who is no friend: to be put into groups, or to make
// a friend request.
func (s *Server) AddStranger(p Person) *Account { return s.addAccount(kindPerson, p, false) }

func (s *Server) addAccount(kind accountKind, p Person, friend bool) *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.world.add(s, kind, p)
	a.friend = friend
	if friend {
		s.modifiedLocked(a)
	}
	return a
}

// Self is the account that logs in.
func (s *Server) Self() *Account { return s.world.self }

// FileHelper is 文件传输助手, the chat with oneself.
func (s *Server) FileHelper() *Account { return s.world.fileHelper }

func (a *Account) server() *Server { return a.srv }

// UserName is the name in the present session, or in the last one; it changes
// with every login. Empty before the first login.
func (a *Account) UserName() string {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	if a.kind == kindSpecial {
		return a.wxid
	}
	if a.srv.session == nil {
		return ""
	}
	return a.srv.session.nameOf(a)
}

// NickName is the name the person chose.
func (a *Account) NickName() string {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	return a.person.NickName
}

// RemarkName is what the account's owner calls the person, "" if nothing.
func (a *Account) RemarkName() string {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	return a.person.RemarkName
}

// WxID is the real id, the same over logins.
func (a *Account) WxID() string { return a.wxid }

// IsFriend reports whether the person is a friend of the account.
func (a *Account) IsFriend() bool {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	return a.friend
}

func (a *Account) String() string { return a.NickName() }

// Say sends a text to the account.
func (a *Account) Say(text string) MsgID { return a.Send(Text(text)) }

// Send sends a message to the account. Messages sent while no session is there
// never reach a client, as with WeChat; so with people who are no friends.
func (a *Account) Send(m Message) MsgID {
	s := a.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.kind == kindPerson && !a.friend {
		return s.newMsgIDLocked()
	}
	return s.deliverLocked(envelope{from: a, to: s.world.self}, m)
}

// Recall withdraws a message this person sent (MsgType 10002).
func (a *Account) Recall(id MsgID) MsgID {
	s := a.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliverLocked(envelope{from: a, to: s.world.self}, s.recallLocked(a.nameLocked(), a.wxid, id))
}

// nameLocked is what the account's owner calls the person.
func (a *Account) nameLocked() string {
	if a.person.RemarkName != "" {
		return a.person.RemarkName
	}
	return a.person.NickName
}

// Rename changes the nickname; the session learns of it by ModContactList.
func (a *Account) Rename(nick string) {
	s := a.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	a.person.NickName = nick
	if a.friend {
		s.modifiedLocked(a)
	}
}

// Remark changes the remark, as the owner does it on the phone.
func (a *Account) Remark(remark string) {
	s := a.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	a.person.RemarkName = remark
	if a.friend {
		s.modifiedLocked(a)
	}
}

// Request makes a friend request: a message of type 37 from fmessage, with a
// ticket that webwxverifyuser must bring back (section 10.1). When the client
// accepts it, the person becomes a friend with a new user name, which
// ModContactList tells, and a system text follows.
func (a *Account) Request(greeting string) MsgID {
	s := a.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	a.ticket = "v4_" + randomText(lowerHex, 96) + "@stranger"
	return s.deliverLocked(envelope{from: s.world.fmessage, to: s.world.self}, requestMessage(a, greeting))
}

// Befriend makes the person a friend without a request, as happens when the
// owner's account asks for no confirmation.
func (a *Account) Befriend() MsgID {
	s := a.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	a.friend, a.ticket = true, ""
	s.renamedLocked(a)
	s.modifiedLocked(a)
	return s.deliverLocked(envelope{from: a, to: s.world.self}, System(s.phrases().addedMe(a.person.NickName)))
}

// Unfriend makes the person delete the account from their friends: what the
// client sends next is accepted and answered by a system text (section 12.6).
func (a *Account) Unfriend() {
	a.srv.mu.Lock()
	defer a.srv.mu.Unlock()
	a.refuses = true
}

// DeleteFromPhone removes a friend, as the owner does it on the phone: the
// session learns of it by DelContactList.
func (s *Server) DeleteFromPhone(a *Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.friend = false
	if s.session != nil {
		s.session.append(entry{kind: entryDeleted, chat: a, selector: selectorContact})
		s.pokeLocked()
	}
}

// acceptedLocked makes a person a friend whose request was accepted.
func (s *Server) acceptedLocked(a *Account) {
	a.friend, a.ticket, a.refuses = true, "", false
	s.renamedLocked(a)
	s.modifiedLocked(a)
	s.recordLocked(Record{Kind: RecordAccepted, Account: a})
	s.deliverLocked(envelope{from: a, to: s.world.self}, System(s.phrases().added(a.person.NickName)))
}

func keyWord(a *Account) string {
	if a.kind == kindOfficial {
		return "gh_"
	}
	return ""
}

// initials is the pinyin of names that need no table; WeChat's own is empty for
// none of them, but nobody's client should depend on it.
func initials(name string) string {
	for _, r := range name {
		if r > 127 {
			return ""
		}
	}
	return strings.ToUpper(strings.ReplaceAll(name, " ", ""))
}
