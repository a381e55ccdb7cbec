package wxtest

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

// MsgID names a message: the MsgId of a received one.
type MsgID string

// The message types (section 12.4).
const (
	typeText         = 1
	typeImage        = 3
	typeVoice        = 34
	typeRequest      = 37
	typePossible     = 40
	typeCard         = 42
	typeVideo        = 43
	typeEmoticon     = 47
	typeLocation     = 48
	typeApp          = 49
	typeVoIP         = 50
	typeStatusNotify = 51
	typeVoIPNotify   = 52
	typeVoIPInvite   = 53
	typeMicroVideo   = 62
	typeSysNotice    = 9999
	typeSystem       = 10000
	typeRecall       = 10002
)

// Message is something to be delivered. The constructors make those of every
// type; a field can be changed afterwards.
type Message struct {
	Type, SubType, AppType int
	// Text is what a person typed, in plain text. XML is the body of other
	// types. Wire is the Content field as it stands, without any encoding. The
	// first of Wire, XML, Text that is not empty is used.
	Text, XML, Wire string

	FileName, FileSize string
	MediaID, URL       string
	AppID              string
	VoiceMillis        int64
	PlaySeconds        int64
	Width, Height      int
	HasProductID       int
	OriContent         string // as it stands
	EncryFileName      string

	// From and To, if set, replace the user names of the envelope.
	From, To string
	// Card is the person a card shows.
	Card *Account
	// Data is what downloads of this message give.
	Data []byte
	// Fields replace fields of the wire object, whatever they are.
	Fields map[string]any

	notify    *statusNotify
	recommend *wireRecommend
	body      func(e *session, m *wireMessage) string // XML that needs names of the session
	selector  int
	skew      bool
	noPrefix  bool
	withdrawn bool
}

// envelope says who writes to whom.
type envelope struct {
	from  *Account // nil: the group's own notice
	to    Chat     // self, or with from self the other side
	group *Group   // the group it is written in
}

func (s *Server) newMsgIDLocked() MsgID { return MsgID(strconv.FormatInt(newMsgNumber(), 10)) }

// deliverLocked puts a message into the session's log and gives its id. Without
// a session it goes nowhere.
func (s *Server) deliverLocked(env envelope, m Message) MsgID {
	number := newMsgNumber()
	id := MsgID(strconv.FormatInt(number, 10))
	e := s.session
	if e == nil || e.dead != 0 || !e.reaches(env) {
		return id
	}
	if g := env.group; g != nil && (!g.hasLocked(s.world.self) || env.from != nil && !g.hasLocked(env.from)) {
		return id
	}
	w := wireMessage{
		MsgID: text(id), NewMsgID: number, MsgType: m.Type, SubMsgType: m.SubType, AppMsgType: m.AppType,
		Status: 3, ImgStatus: 1, CreateTime: s.now().Unix(),
		FileName: text(m.FileName), FileSize: text(m.FileSize), MediaID: text(m.MediaID), URL: text(m.URL),
		VoiceLength: m.VoiceMillis, PlayLength: m.PlaySeconds, ImgWidth: m.Width, ImgHeight: m.Height,
		AppInfo: wireAppInfo{AppID: text(m.AppID)}, HasProductID: m.HasProductID,
		OriContent: text(m.OriContent), EncryFileName: text(m.EncryFileName),
	}
	s.addressLocked(e, env, m, &w)
	prefix := ""
	if env.group != nil && env.from != nil && env.from != s.world.self && !m.noPrefix {
		prefix = e.nameOf(env.from) + ":<br/>"
	}
	w.Content = text(prefix + m.contentFor(e, &w))
	if m.Type == typeImage || m.Type == typeVideo || m.Type == typeMicroVideo {
		w.ImgStatus = 2
	}
	if m.recommend != nil {
		w.RecommendInfo = *m.recommend
	}
	if m.Card != nil {
		w.RecommendInfo = e.recommend(m.Card, 17)
		w.RecommendInfo.Alias = text(m.Card.person.Alias)
	}
	if n := m.notify; n != nil {
		w.StatusNotifyCode, w.StatusNotifyUserName = n.code, text(strings.Join(n.names(e), ","))
	}
	raw, err := mergeFields(w, m.Fields)
	if err != nil {
		s.problems.add(s.now(), "Send", "", "message cannot be encoded: "+err.Error())
		return id
	}
	e.append(entry{kind: entryMessage, raw: raw, selector: max(m.selector, selectorMessage), skewed: m.skew})
	if isMedia(m.Type) {
		e.keepContent(string(id), m)
	}
	s.pokeLocked()
	return id
}

// addressLocked fills in who writes to whom.
func (s *Server) addressLocked(e *session, env envelope, m Message, w *wireMessage) {
	var from, to Chat = env.from, env.to
	if env.group != nil {
		switch env.from {
		case s.world.self:
			to = env.group
		default:
			from = env.group
		}
		s.world.touch(env.group)
	} else if env.from != nil && env.from.kind != kindSelf {
		s.world.touch(env.from)
	}
	w.FromUserName, w.ToUserName = text(e.nameOf(from)), text(e.nameOf(to))
	if m.From != "" {
		w.FromUserName = text(m.From)
	}
	if m.To != "" {
		w.ToUserName = text(m.To)
	}
}

func (m Message) contentFor(e *session, w *wireMessage) string {
	switch {
	case m.Wire != "":
		return m.Wire
	case m.body != nil:
		return markup(m.body(e, w))
	case m.XML != "":
		return markup(m.XML)
	case m.Type == typeSystem || m.Type == typeSysNotice:
		return notice(m.Text)
	}
	return typed(m.Text)
}

func isMedia(msgType int) bool {
	switch msgType {
	case typeImage, typeVoice, typeVideo, typeMicroVideo, typeEmoticon, typeApp:
		return true
	}
	return false
}

// maxContent bounds how many messages with something to fetch are kept.
const maxContent = 4096

func (e *session) keepContent(id string, m Message) {
	if len(e.content) >= maxContent {
		clear(e.content)
	}
	e.content[id] = m
}

// mergeFields encodes a message and replaces fields of it.
func mergeFields(w wireMessage, fields map[string]any) ([]byte, error) {
	raw, err := encode(w)
	if err != nil || len(fields) == 0 {
		return raw, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for k, v := range all {
		out[k] = v
	}
	for k, v := range fields {
		if str, ok := v.(string); ok {
			v = text(str)
		}
		out[k] = v
	}
	return encode(out)
}

// SayFromPhone lets the account's owner write a text on the phone, to a person,
// a group or 文件传输助手.
func (s *Server) SayFromPhone(to Chat, text string) MsgID { return s.SendFromPhone(to, Text(text)) }

// SendFromPhone lets the account's owner send a message on the phone.
func (s *Server) SendFromPhone(to Chat, m Message) MsgID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.touch(to)
	return s.deliverLocked(s.ownEnvelope(to), m)
}

func (s *Server) ownEnvelope(to Chat) envelope {
	if g, ok := to.(*Group); ok {
		return envelope{from: s.world.self, group: g, to: g}
	}
	return envelope{from: s.world.self, to: to}
}

// RecallFromPhone lets the account's owner withdraw an own message.
func (s *Server) RecallFromPhone(to Chat, id MsgID) MsgID {
	s.mu.Lock()
	defer s.mu.Unlock()
	wxid := ""
	switch to := to.(type) {
	case *Account:
		wxid = to.wxid
	case *Group:
		wxid = to.wxid
	}
	m := recallMessage(wxid, id, s.phrases().iRecalled())
	return s.deliverLocked(s.ownEnvelope(to), m)
}

func (s *Server) recallLocked(by, session string, id MsgID) Message {
	for _, e := range s.bySid {
		if m, ok := e.content[string(id)]; ok {
			m.withdrawn = true
			e.content[string(id)] = m
		}
	}
	return recallMessage(session, id, s.phrases().recalled(by))
}

// Deliver sends a message from the account to itself, with whatever From, To and
// Fields it bears: for anything that the people and groups do not do.
func (s *Server) Deliver(m Message) MsgID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliverLocked(envelope{from: s.world.self, to: s.world.self}, m)
}

// EnterChat lets the phone open a chat: a type-51 message that synccheck
// announces with selector 7.
func (s *Server) EnterChat(c Chat) MsgID { return s.notifyFromPhone(2, c) }

// QuitChat lets the phone leave a chat.
func (s *Server) QuitChat(c Chat) MsgID { return s.notifyFromPhone(5, c) }

func (s *Server) notifyFromPhone(code int, c Chat) MsgID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliverLocked(envelope{from: s.world.self, to: s.world.self}, StatusNotify(code, c))
}

// With sets a field of the wire object, such as With("AppMsgType", 0).
func (m Message) With(field string, value any) Message {
	m.Fields = maps.Clone(m.Fields)
	if m.Fields == nil {
		m.Fields = map[string]any{}
	}
	m.Fields[field] = value
	return m
}
