package wxtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

type sendAnswer struct {
	baseAnswer
	MsgID   text
	LocalID text
}

func blankSend() response { return &sendAnswer{} }

var localIDPattern = regexp.MustCompile(`^\d{17}$`)

// outgoing is a Msg object that has passed the checks all kinds share (section
// 7.1).
type outgoing struct {
	Sent
	msg object
}

// sendLocked takes a message in. The check sees the Msg object and gives a Ret
// other than 0 to refuse it.
func (s *Server) sendLocked(c *call, e *session, body object, out response, check func(m *outgoing) int) {
	o, ok := out.(*sendAnswer)
	if !ok {
		return
	}
	m := &outgoing{msg: c.sub(body, "Msg")}
	if _, ok := body["Scene"]; !ok {
		c.problem("7.1", "Scene is missing")
	} else {
		m.Scene = int(c.number(body, "Scene"))
	}
	m.Type = int(c.number(m.msg, "Type"))
	m.To = c.text(m.msg, "ToUserName")
	m.ClientMsgID = c.loose(m.msg, "ClientMsgId")
	local := c.loose(m.msg, "LocalID")
	if local != m.ClientMsgID {
		c.problem("7.1", "LocalID and ClientMsgId differ")
	}
	if !localIDPattern.MatchString(local) {
		c.problem("7.1", "LocalID is not 17 digits")
	}
	if c.text(m.msg, "FromUserName") != e.nameOf(s.world.self) {
		c.problem("7.1", "FromUserName is not the account itself")
	}
	o.LocalID = text(local)
	if before := e.sent[m.ClientMsgID]; before != nil {
		o.MsgID = text(before.MsgID)
		return
	}
	ret := s.receiverLocked(c, e, m)
	if ret == retOK {
		ret = check(m)
	}
	if ret != retOK {
		o.refuse(ret, "")
		o.LocalID = ""
		return
	}
	o.MsgID = text(s.keepSentLocked(e, m))
	if a := m.ToAccount; a != nil && a.refuses {
		s.deliverLocked(envelope{from: a, to: s.world.self}, System(s.phrases().notFriend(a.nameLocked())))
	}
}

// receiverLocked finds whom a message is for.
func (s *Server) receiverLocked(c *call, e *session, m *outgoing) int {
	switch chat := e.byName[m.To].(type) {
	case *Account:
		m.ToAccount = chat
		if e.helper && chat != s.world.fileHelper {
			c.problem("18.1", "the file transfer helper can write to filehelper alone")
			return retNotFriend
		}
		if chat.kind == kindSelf || !chat.friend {
			return retNotFriend
		}
	case *Group:
		m.ToGroup = chat
		if !chat.hasLocked(s.world.self) {
			return retNotFriend
		}
	default:
		if s.retired[m.To] {
			c.problem("15", "ToUserName is of an earlier login or outdated")
		} else {
			c.problem("7.1", "ToUserName is nobody")
		}
		return retSystem
	}
	return retOK
}

// maxSent bounds how many sent messages are remembered.
const maxSent = 1 << 17

func (s *Server) keepSentLocked(e *session, m *outgoing) string {
	m.MsgID, m.Time = string(s.newMsgIDLocked()), s.now()
	kept := m.Sent
	if e.order = append(e.order, &kept); len(e.order) > maxSent {
		for _, old := range e.order[:maxSent/2] {
			delete(e.sent, old.ClientMsgID)
			delete(e.byMsgID, old.MsgID)
		}
		e.order = append([]*Sent(nil), e.order[maxSent/2:]...)
	}
	e.sent[kept.ClientMsgID], e.byMsgID[kept.MsgID] = &kept, &kept
	j := &s.journal
	if j.sent = append(j.sent, &kept); len(j.sent) > maxSent {
		j.sent = append([]*Sent(nil), j.sent[maxSent/2:]...)
	}
	switch {
	case kept.ToAccount != nil:
		s.world.touch(kept.ToAccount)
	case kept.ToGroup != nil:
		s.world.touch(kept.ToGroup)
	}
	if isMedia(kept.Type) || kept.Type == typeFile {
		// Media of one's own move the keys, too, without a message (section 6.1).
		e.append(entry{kind: entryEmpty, selector: selectorMessage, skewed: true})
	}
	s.recordLocked(Record{Kind: RecordSent, Sent: kept, Account: kept.ToAccount, Group: kept.ToGroup, Text: kept.Content})
	if s.cfg.Echo {
		s.echoLocked(&kept)
	}
	return kept.MsgID
}

// echoLocked hands a sent message out to the session that sent it.
func (s *Server) echoLocked(sent *Sent) {
	var to Chat = sent.ToAccount
	if sent.ToGroup != nil {
		to = sent.ToGroup
	}
	m := Message{Type: sent.Type, Text: sent.Content, FileName: sent.FileName}
	s.deliverLocked(s.ownEnvelope(to), m.With("MsgId", sent.MsgID).With("NewMsgId", json.Number(sent.MsgID)))
}

// sendText takes a text, a card or a location (section 7.2).
func (s *Server) sendText(c *call, e *session, body object, out response) {
	s.sendLocked(c, e, body, out, func(m *outgoing) int {
		m.Content = c.text(m.msg, "Content")
		if m.Content == "" {
			c.problem("7.2", "Content is empty")
			return retParameter
		}
		switch m.Type {
		case typeText:
			return retOK
		case typeCard:
			return c.checkCard(e, m)
		case typeLocation:
			return c.checkPlace(m)
		}
		c.problem("7.2", "Type is %d", m.Type)
		return retParameter
	})
}

// sendMedia takes a picture (section 7.3) or a video (section 7.4).
func (s *Server) sendMedia(kind int) func(*call, *session, object, response) {
	return func(c *call, e *session, body object, out response) {
		c.wantQuery("7.3", "fun", "async")
		c.wantQuery("7.3", "f", "json")
		s.sendLocked(c, e, body, out, func(m *outgoing) int {
			if m.Type != kind && (kind != typeVideo || m.Type != typeMicroVideo) {
				c.problem("7.3", "Type is %d", m.Type)
			}
			m.Content = c.text(m.msg, "Content")
			m.MediaID = c.optional(m.msg, "MediaId")
			if m.MediaID == "" && m.Content != "" {
				return c.checkForwardedMedia(e, m)
			}
			up := e.media[m.MediaID]
			if up == nil {
				c.problem("7.3", "MediaId is none of this session's uploads")
				return retSystem
			}
			m.FileName, m.FileSize = up.Name, up.Size
			want := "pic"
			if kind == typeVideo {
				want = "video"
			}
			if up.MediaType != want {
				c.problem("7.3", "Type %d was uploaded as %s, not %s", m.Type, up.MediaType, want)
			}
			if up.Size > maxPicture {
				c.problem("8.2", "a picture or video of %d bytes, over 20 MB", up.Size)
				return retParameter
			}
			return retOK
		})
	}
}

// typeFile is the Type that files are sent with (section 7.6).
const typeFile = 6

var md5Pattern = regexp.MustCompile(`^[0-9a-f]{32}$`)

// sendEmoticon takes an emoticon by its MD5 or as an uploaded gif (section 7.5).
func (s *Server) sendEmoticon(c *call, e *session, body object, out response) {
	c.wantQuery("7.5", "fun", "sys")
	s.sendLocked(c, e, body, out, func(m *outgoing) int {
		if m.Type != typeEmoticon {
			c.problem("7.5", "Type is %d, not 47", m.Type)
		}
		if c.number(m.msg, "EmojiFlag") != 2 {
			c.problem("7.5", "EmojiFlag is not 2")
		}
		m.EmoticonMD5, m.MediaID = c.optional(m.msg, "EMoticonMd5"), c.optional(m.msg, "MediaId")
		switch {
		case m.EmoticonMD5 != "":
			if !md5Pattern.MatchString(m.EmoticonMD5) {
				c.problem("7.5", "EMoticonMd5 is not 32 hex digits")
				return retParameter
			}
		case m.MediaID != "":
			up := e.media[m.MediaID]
			if up == nil {
				c.problem("7.5", "MediaId is none of this session's uploads")
				return retSystem
			}
			if up.MediaType != "doc" {
				c.problem("7.5", "gif was uploaded as %s, not doc: receivers see another picture", up.MediaType)
			}
			m.EmoticonMD5 = up.MD5
		default:
			c.problem("7.5", "neither EMoticonMd5 nor MediaId")
			return retParameter
		}
		return retOK
	})
}

func (c *call) wantQuery(section, name, want string) {
	if got := c.query.Get(name); got != want {
		c.problem(section, "%s is %q, not %q", name, got, want)
	}
}

type revokeAnswer struct {
	baseAnswer
	Introduction text
	SysWording   text
}

func blankRevoke() response { return &revokeAnswer{} }

// revokeLimit is how long a message can be revoked (section 7.7).
const revokeLimit = 2 * time.Minute

// revoke withdraws an own message.
func (s *Server) revoke(c *call, e *session, body object, out response) {
	const failed = "撤回失败"
	id, to := c.text(body, "SvrMsgId"), c.text(body, "ToUserName")
	if c.loose(body, "ClientMsgId") == "" {
		c.problem("7.7", "ClientMsgId is empty")
	}
	m := e.byMsgID[id]
	switch {
	case m == nil:
		c.problem("7.7", "SvrMsgId is no message that this session sent")
		out.refuse(retSystem, failed)
	case m.To != to:
		c.problem("7.7", "ToUserName is not whom the message was sent to")
		out.refuse(retSystem, failed)
	case s.now().Sub(m.Time) > revokeLimit, m.ToAccount == s.world.fileHelper, m.Revoked:
		out.refuse(retSystem, failed)
	default:
		m.Revoked = true
		s.recordLocked(Record{Kind: RecordRevoked, Sent: *m, Account: m.ToAccount, Group: m.ToGroup, Text: m.Content})
	}
}

// String is for messages of failed tests.
func (m Sent) String() string {
	to := ""
	switch {
	case m.ToAccount != nil:
		to = m.ToAccount.NickName()
	case m.ToGroup != nil:
		to = m.ToGroup.Topic()
	}
	return fmt.Sprintf("to %s, type %d: %s", to, m.Type, m.Content)
}
