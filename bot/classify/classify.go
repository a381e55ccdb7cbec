// Package classify turns messages of the protocol client into the daemon's own
// events: by the type of message and the kind of account. It is pure; what it must
// know of accounts it asks a Book.
package classify

import (
	"regexp"
	"strconv"
	"strings"

	"wxbot/bot/event"
	"wxbot/wx"
)

// Book is what the daemon knows of accounts, in its own keys.
type Book interface {
	// SelfUserName is the account's own user name in this session.
	SelfUserName() string
	// Chat gives the conversation of a user name; its key is made if it is new.
	// known is false while nothing but the user name is known of it.
	Chat(userName string) (c event.Chat, known bool)
	// Person gives somebody as seen in a chat: a group's user name, or "".
	Person(chatUserName, userName string) (p event.Person, known bool)
	// MemberByName finds the group member that system texts call by a display
	// name; the zero Person if there is none or several.
	MemberByName(groupUserName, name string) event.Person
}

// Message gives the events that a message means: none for what is only between
// phone and client, one as a rule, two where a message also tells of something.
func Message(m *wx.Message, b Book) []event.Event {
	if m.Type == wx.MsgStatusNotify || m.ID == "" {
		return nil
	}
	c := classifier{m: m, b: b}
	events := c.events()
	for i := range events {
		events[i].ID = m.ID
		if i > 0 {
			events[i].ID += "#" + strconv.Itoa(i+1)
		}
		events[i].Time = m.Time
	}
	return events
}

type classifier struct {
	m *wx.Message
	b Book
}

func (c classifier) events() []event.Event {
	switch c.m.Type {
	case wx.MsgVerify:
		if c.m.Request == nil {
			return nil
		}
		return []event.Event{c.request()}
	case wx.MsgRecalled:
		return c.sysmsg()
	case wx.MsgSystem:
		return []event.Event{c.system()}
	case wx.MsgSysNotice, wx.MsgPossibleFriend, wx.MsgVoIP, wx.MsgVoIPNotify, wx.MsgVoIPInvite:
		ev := c.base(event.KindSystem)
		ev.Message = &event.Message{Type: event.TypeOther, Raw: c.m.Text, Text: c.m.Text, Detail: detail(c.m)}
		return []event.Event{ev}
	case wx.MsgText:
		return c.text()
	default:
		return []event.Event{c.content()}
	}
}

// base is an event with its chat, sender and direction.
func (c classifier) base(kind event.Kind) event.Event {
	ev := event.Event{Kind: kind, BySelf: c.m.FromSelf}
	ev.Chat, _ = c.b.Chat(c.m.Chat)
	if c.m.Chat == wx.FileHelper {
		ev.Chat.Kind = event.ChatSelf
	}
	if c.m.Sender != "" {
		ev.Sender, _ = c.b.Person(c.group(&ev), c.m.Sender)
	}
	return ev
}

// text is a written message, or one of the texts that stand for something else.
func (c classifier) text() []event.Event {
	if c.m.App == wx.AppRedPacket {
		ev := c.content()
		ev.Kind = event.KindRedPacket
		return []event.Event{ev}
	}
	ev := c.content()
	if !c.m.FromSelf && tooFast(c.m.Text) {
		ev.Kind = event.KindSystem
	}
	out := []event.Event{ev}
	// “I've accepted your friend request” is written by the phone of the person
	// who accepted.
	if !c.m.FromSelf && ev.Chat.Kind == event.ChatPrivate && c.m.Location == nil {
		if s := ParseSystemText(c.m.Text); s.Kind == event.KindFriendAdded && len(s.Names) == 0 {
			added := c.base(event.KindFriendAdded)
			out = append(out, added)
		}
	}
	return out
}

// content is a message with its content.
func (c classifier) content() event.Event {
	ev := c.base(event.KindMessage)
	msg := &event.Message{Raw: c.m.Text, Text: c.m.Text, Detail: detail(c.m)}
	ev.Message = msg
	msg.Type = messageType(c.m)
	switch {
	case c.m.Location != nil:
		msg.URL = c.m.Location.URL
	case c.m.Link != nil:
		msg.URL = c.m.Link.URL
	case c.m.File != nil:
		msg.File = &event.File{Name: c.m.File.Name, Size: c.m.File.Size}
	case c.m.Emoticon != nil:
		msg.MD5 = c.m.Emoticon.MD5
	case c.m.Quote != nil:
		msg.Quote, msg.QuoteID = c.m.Quote.Text, c.m.Quote.MsgID
	}
	switch {
	case c.m.Type == wx.MsgApp && c.m.App == wx.AppTransfer:
		ev.Kind = event.KindTransfer
		if c.m.Transfer != nil {
			msg.Text = strings.TrimSpace(c.m.Transfer.Amount + " " + c.m.Transfer.Memo)
			msg.Raw = msg.Text
		}
	case c.m.Type == wx.MsgApp && c.m.App == wx.AppRedPacket:
		ev.Kind = event.KindRedPacket
	}
	switch {
	case ev.Chat.Kind != event.ChatGroup:
		msg.Mentioned = true
	case !c.m.FromSelf && msg.Type == event.TypeText: // a title is not addressed to anybody
		self, _ := c.b.Person(c.m.Chat, c.b.SelfUserName())
		msg.Text, msg.Mentioned = Mention(msg.Raw, self.Card, self.Nickname)
	}
	return ev
}

// messageType translates the kind of content.
func messageType(m *wx.Message) event.MessageType {
	switch m.Type {
	case wx.MsgText:
		if m.Location != nil {
			return event.TypeLocation
		}
		return event.TypeText
	case wx.MsgImage:
		return event.TypeImage
	case wx.MsgVoice:
		return event.TypeVoice
	case wx.MsgVideo, wx.MsgMicroVideo:
		return event.TypeVideo
	case wx.MsgEmoticon:
		return event.TypeSticker
	case wx.MsgCard:
		return event.TypeCard
	case wx.MsgLocation:
		return event.TypeLocation
	case wx.MsgApp:
		return appType(m)
	default:
		return event.TypeOther
	}
}

func appType(m *wx.Message) event.MessageType {
	switch m.App {
	case wx.AppFile:
		return event.TypeFile
	case wx.AppQuote:
		return event.TypeText
	case wx.AppMini33, wx.AppMini36:
		return event.TypeMiniProgram
	case wx.AppEmoticon:
		return event.TypeSticker
	case wx.AppText:
		return event.TypeText
	default:
	}
	if m.Link != nil && m.Link.Title != "" {
		return event.TypeLink
	}
	return event.TypeOther
}

// detail names the exact kind, for traces and for people.
func detail(m *wx.Message) string {
	switch m.Type {
	case wx.MsgMicroVideo:
		return "micro_video"
	case wx.MsgPossibleFriend:
		return "possible_friend"
	case wx.MsgVoIP, wx.MsgVoIPNotify, wx.MsgVoIPInvite:
		return "voip"
	case wx.MsgSysNotice:
		return "system_notice"
	case wx.MsgApp:
		return appDetail(m)
	case wx.MsgText, wx.MsgImage, wx.MsgVoice, wx.MsgVerify, wx.MsgCard, wx.MsgVideo, wx.MsgEmoticon,
		wx.MsgLocation, wx.MsgStatusNotify, wx.MsgSystem, wx.MsgRecalled:
		return ""
	}
	return "msg_type_" + strconv.Itoa(int(m.Type))
}

func appDetail(m *wx.Message) string {
	names := map[wx.AppType]string{
		wx.AppImage: "image", wx.AppMusic: "music", wx.AppVideo: "video", wx.AppOpen: "open",
		wx.AppVoiceRemind: "voice_reminder", wx.AppScanGood: "goods", wx.AppGood: "goods", wx.AppEmotion: "emotion",
		wx.AppCard: "coupon", wx.AppRealtime: "live_location", wx.AppHistory: "chat_history", wx.AppChannels: "channels",
		wx.AppGroupNote: "group_note", wx.AppQuote: "quote", wx.AppReader: "articles",
	}
	if n, ok := names[m.App]; ok {
		return n
	}
	switch m.App {
	case wx.AppText, wx.AppLink, wx.AppFile, wx.AppMini33, wx.AppMini36, wx.AppTransfer, wx.AppRedPacket, wx.AppEmoticon:
		return ""
	case 0:
		return "unsupported"
	default:
		return "app_type_" + strconv.Itoa(int(m.App))
	}
}

// request is a friend request; its chat is the one that there will be with the
// person.
func (c classifier) request() event.Event {
	r := c.m.Request
	ev := event.Event{Kind: event.KindFriendRequest}
	ev.Sender, _ = c.b.Person("", r.UserName)
	ev.Sender.Nickname = r.NickName
	ev.Sender.IsFriend = false
	ev.Chat = event.Chat{Kind: event.ChatPrivate, Key: ev.Sender.Key, Name: r.NickName}
	ev.Request = &event.Request{
		Text: r.Content, Source: source(r.Scene), Signature: r.Signature, User: r.UserName, Ticket: r.Ticket.Reveal(),
	}
	return ev
}

// source names the way a request came (scene numbers of section 10.1 and those
// that phones send).
func source(scene int) string {
	switch scene {
	case 1, 4:
		return "qq"
	case 2, 5:
		return "email"
	case 3, 7:
		return "search"
	case 6:
		return "contact"
	case 8, 14:
		return "group"
	case 10, 13:
		return "phone"
	case 17:
		return "card"
	case 30:
		return "qrcode"
	case 33:
		return "web"
	}
	return ""
}

// sysmsg is a recall, a tickle, or a join told by a template (section 12.7).
func (c classifier) sysmsg() []event.Event {
	switch {
	case c.m.Recall != nil:
		return []event.Event{c.recall()}
	case c.m.Pat != nil:
		return []event.Event{c.pat()}
	}
	return []event.Event{c.system()}
}

// recall tells of a withdrawn message. In a group nothing but its text says who
// withdrew it.
func (c classifier) recall() event.Event {
	ev := c.base(event.KindRecalled)
	ev.Recalled = &event.Recalled{MessageID: c.m.Recall.MsgID, Notice: c.m.Recall.Notice}
	who := recaller(c.m.Recall.Notice)
	switch {
	case who == self:
		c.bySelf(&ev)
	case ev.Chat.Kind == event.ChatGroup && who != "":
		ev.Sender = c.person(who)
	}
	return ev
}

// self stands for the account itself where a name is told.
const self = "\x00self"

func recaller(notice string) string {
	notice = strings.TrimSpace(notice)
	for _, mine := range []string{"你撤回", "您撤回", "你收回", "您收回", "You recalled", "You've recalled"} {
		if strings.HasPrefix(notice, mine) {
			return self
		}
	}
	for _, verb := range []string{"撤回了", "收回了", " has recalled", " recalled"} {
		// The name may hold the verb too; the text ends with it.
		if i := strings.LastIndex(notice, verb); i >= 0 {
			return clean(notice[:i])
		}
	}
	return ""
}

// pat is a tickle that came as a sysmsg. Its names may be real ids, of which
// nothing is known; then the notice decides whom it is about.
func (c classifier) pat() event.Event {
	ev := c.base(event.KindTickled)
	me := c.b.SelfUserName()
	notice := c.fillIn(c.m.Pat.Notice)
	ev.Tickled = &event.Tickled{Notice: notice, Me: c.m.Pat.To != "" && c.m.Pat.To == me}
	if s := ParseSystemText(notice); s.Kind == event.KindTickled {
		ev.Tickled.Me = ev.Tickled.Me || s.Me
		c.tickler(&ev, s)
	}
	if from := c.m.Pat.From; strings.HasPrefix(from, "@") {
		if p, known := c.b.Person(c.group(&ev), from); known {
			ev.Sender, ev.BySelf = p, from == me
		}
	}
	return ev
}

// idInNotice is where a notice has the id of somebody instead of a name.
var idInNotice = regexp.MustCompile(`\$\{([^{}]*)\}`)

// nobody stands for a name that is not known.
const nobody = "…"

func (c classifier) fillIn(notice string) string {
	return idInNotice.ReplaceAllStringFunc(notice, func(in string) string {
		if id := in[len("${") : len(in)-1]; strings.HasPrefix(id, "@") {
			if p, known := c.b.Person("", id); known && p.Name() != "" {
				return p.Name()
			}
		}
		return nobody
	})
}

// tickler tells who tickled.
func (c classifier) tickler(ev *event.Event, s System) {
	switch {
	case s.By == "" && !s.Me:
		c.bySelf(ev)
	case s.By == "" || s.By == nobody || ev.Chat.Kind != event.ChatGroup:
	default:
		ev.Sender = c.person(s.By)
	}
}

// bySelf makes an event the account's own doing.
func (c classifier) bySelf(ev *event.Event) {
	ev.BySelf = true
	ev.Sender, _ = c.b.Person(c.group(ev), c.b.SelfUserName())
}

// group is the user name of the group that an event is in, "" if it is in none.
func (c classifier) group(ev *event.Event) string {
	if ev.Chat.Kind == event.ChatGroup {
		return c.m.Chat
	}
	return ""
}

// system is a text of WeChat's own.
func (c classifier) system() event.Event {
	ev := c.base(event.KindSystem)
	ev.Message = &event.Message{Type: event.TypeOther, Raw: c.m.Text, Text: c.m.Text}
	ev.BySelf = false
	s := ParseSystemText(c.m.Text)
	group := ev.Chat.Kind == event.ChatGroup
	switch s.Kind {
	case event.KindMemberJoined, event.KindMemberLeft, event.KindJoined, event.KindRemoved:
		if !group {
			return ev
		}
		ev.Message = nil
		ev.Members = &event.Members{Via: s.Via, Inviter: c.person(s.By)}
		for _, n := range s.Names {
			ev.Members.People = append(ev.Members.People, c.person(n))
		}
		ev.Sender = event.Person{}
	case event.KindGroupRenamed:
		if !group {
			return ev
		}
		ev.Message = nil
		ev.Renamed = &event.Renamed{Name: s.Topic}
		ev.BySelf = s.Me
		ev.Sender = c.person(s.By)
	case event.KindTickled:
		ev.Message = nil
		ev.Tickled = &event.Tickled{Notice: c.m.Text, Me: s.Me}
		c.tickler(&ev, s)
	case event.KindFriendAdded, event.KindFriendLost:
		if group {
			return ev
		}
	case event.KindRedPacket:
		if s.Me {
			c.bySelf(&ev)
		}
	default:
		return ev
	}
	ev.Kind = s.Kind
	return ev
}

// person finds who a text of a group means; at least the name stays.
func (c classifier) person(name string) event.Person {
	if name == "" {
		return event.Person{}
	}
	if found := c.b.MemberByName(c.m.Chat, name); found.Key != "" {
		return found
	}
	return event.Person{Nickname: name}
}
