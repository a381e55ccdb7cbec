package wx

import (
	"cmp"
	"strings"
	"time"

	"wxbot/wx/internal/wire"
)

// decodeMessage turns an entry of AddMsgList into a Message. It never fails: what
// cannot be read of a body is left out. self is the account's user name.
func decodeMessage(w *wire.Msg, self string) Message {
	m := Message{
		ID:   cmp.Or(string(w.MsgID), string(w.NewMsgID)),
		Type: MsgType(w.MsgType),
		From: string(w.FromUserName),
		To:   string(w.ToUserName),
		Time: time.Unix(int64(w.CreateTime), 0),
	}
	content := address(&m, string(w.Content), self)
	switch m.Type {
	case MsgText:
		decodeTyped(&m, w, content)
	case MsgImage, MsgVoice, MsgVideo, MsgMicroVideo:
		m.Media = media(m.Type, w, wire.ParseBody(content))
		if m.Type != MsgVoice {
			m.Original = wire.RawBody(content)
		}
	case MsgVerify:
		m.Request = verify(w, wire.ParseBody(content))
		m.Text = m.Request.Content
	case MsgCard, MsgPossibleFriend:
		m.Card = card(w, wire.ParseBody(content))
		m.Text = m.Card.NickName
	case MsgEmoticon:
		m.Emoticon = emoticon(w, wire.ParseBody(content))
	case MsgLocation:
		m.Location = place(w, wire.ParseBody(content).At("location"))
		m.Original = wire.RawBody(content)
		m.Text = m.Location.label()
	case MsgApp:
		decodeApp(&m, w, content)
	case MsgStatusNotify:
		m.Notify = notify(w, wire.ParseBody(content))
	case MsgRecalled:
		decodeSysmsg(&m, wire.ParseBody(content), content)
	case MsgSystem, MsgSysNotice:
		m.Text = wire.DecodeSystem(content)
	case MsgVoIP, MsgVoIPNotify, MsgVoIPInvite:
	default:
		m.Text = wire.DecodeText(content)
	}
	return m
}

// address fills in where a message belongs and who wrote it (sections 6.3 and
// 12.2), and gives the content without the sender.
func address(m *Message, content, self string) string {
	m.FromSelf = m.From == "" || m.From == self
	m.Chat = m.From
	if m.FromSelf {
		m.Chat = m.To
		m.Sender = self
		return content
	}
	if !IsGroup(m.Chat) {
		m.Sender = m.From
		return content
	}
	if m.Type == MsgSystem || m.Type == MsgSysNotice {
		return content // nobody wrote it
	}
	sender, rest, ok := wire.CutSender(content)
	if !ok {
		return content
	}
	m.Sender = sender
	// A name that the account bears itself: its other devices.
	m.FromSelf = sender == self && self != ""
	return rest
}

// decodeTyped reads a text, which may be a location (section 12.4).
func decodeTyped(m *Message, w *wire.Msg, content string) {
	m.App = AppType(w.AppMsgType)
	m.Text = wire.DecodeText(content)
	switch {
	case MsgType(w.SubMsgType) == MsgLocation:
		m.Location = place(w, wire.ParseBody(string(w.OriContent)).At("location"))
		m.Original = wire.RawBody(string(w.OriContent))
		if m.Location.Label == "" {
			// The content is the place's name, a colon, and the way to a picture.
			m.Location.Label, _, _ = strings.Cut(m.Text, ":\n")
		}
		m.Text = m.Location.label()
	case strings.HasPrefix(m.Text, oldPlace):
		m.Location = &Location{URL: m.Text}
	}
}

// oldPlace is how locations arrived before they had a type of their own.
const oldPlace = "http://weixin.qq.com/cgi-bin/redirectforward?args="

func place(w *wire.Msg, e *wire.Element) *Location {
	return &Location{
		X: wire.Float(e.Attr("x")), Y: wire.Float(e.Attr("y")), Scale: int(wire.Int(e.Attr("scale"))),
		Label: e.Attr("label"), Name: e.Attr("poiname"), URL: string(w.URL),
	}
}

func (l *Location) label() string { return cmp.Or(l.Label, l.Name) }

func media(t MsgType, w *wire.Msg, e *wire.Element) *Media {
	md := &Media{Width: int(w.ImgWidth), Height: int(w.ImgHeight)}
	body := e.At("img")
	switch t {
	case MsgVoice:
		body = e.At("voicemsg")
		ms := int64(w.VoiceLength)
		if ms == 0 {
			ms = wire.Int(body.Attr("voicelength"))
		}
		md.Duration = time.Duration(ms) * time.Millisecond
	case MsgVideo, MsgMicroVideo:
		if v := e.At("videomsg"); v != nil {
			body = v
		}
		s := int64(w.PlayLength)
		if s == 0 {
			s = wire.Int(body.Attr("playlength"))
		}
		md.Duration = time.Duration(s) * time.Second
	default: // a picture
	}
	md.Size = wire.Int(body.Attr("length"))
	return md
}

func emoticon(w *wire.Msg, e *wire.Element) *Emoticon {
	x := e.At("emoji")
	return &Emoticon{
		MD5: x.Attr("md5"), Size: wire.Int(x.Attr("len")), CDNURL: x.Attr("cdnurl"), Store: w.HasProductID != 0,
	}
}

// recommend reads RecommendInfo; names are decoded.
func recommend(r *wire.RecommendInfo) *Recommend {
	return &Recommend{
		UserName: string(r.UserName), NickName: wire.DecodeName(string(r.NickName)), Alias: string(r.Alias),
		Province: string(r.Province), City: string(r.City), Signature: wire.DecodeName(string(r.Signature)),
		Content: wire.DecodeText(string(r.Content)), Ticket: Secret(r.Ticket),
		Sex: int(r.Sex), Scene: int(r.Scene), VerifyFlag: int(r.VerifyFlag),
	}
}

func card(w *wire.Msg, e *wire.Element) *Recommend {
	r := recommend(&w.RecommendInfo)
	r.UserName = cmp.Or(r.UserName, e.Attr("username"))
	r.NickName = cmp.Or(r.NickName, e.Attr("nickname"))
	r.Alias = cmp.Or(r.Alias, e.Attr("alias"))
	r.Province, r.City = cmp.Or(r.Province, e.Attr("province")), cmp.Or(r.City, e.Attr("city"))
	r.Sex = cmp.Or(r.Sex, int(wire.Int(e.Attr("sex"))))
	return r
}

func verify(w *wire.Msg, e *wire.Element) *Recommend {
	r := recommend(&w.RecommendInfo)
	r.NickName = cmp.Or(r.NickName, e.Attr("fromnickname"))
	r.UserName = cmp.Or(r.UserName, e.Attr("fromusername"))
	r.Content = cmp.Or(r.Content, e.Attr("content"))
	r.Ticket = cmp.Or(r.Ticket, Secret(w.Ticket), Secret(e.Attr("ticket")))
	r.Alias = cmp.Or(r.Alias, e.Attr("alias"))
	r.Scene = cmp.Or(r.Scene, int(wire.Int(e.Attr("scene"))))
	r.Sex = cmp.Or(r.Sex, int(wire.Int(e.Attr("sex"))))
	return r
}

// notify reads a status notification. The list of user names and the list of real
// ids in the body are in one order; if their lengths differ nothing is paired
// (section 12.9).
func notify(w *wire.Msg, e *wire.Element) *Notify {
	n := &Notify{Code: NotifyCode(w.StatusNotifyCode)}
	n.UserNames = list(string(w.StatusNotifyUserName))
	if n.Code != NotifyConversations {
		return n
	}
	ids := list(e.Text("op", "username"))
	if len(ids) != len(n.UserNames) {
		return n
	}
	n.IDs = make(map[string]string, len(ids))
	for i, id := range ids {
		n.IDs[n.UserNames[i]] = id
	}
	return n
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' })
}

// decodeSysmsg reads a recall, a tickle, or another sysmsg (section 12.7).
func decodeSysmsg(m *Message, e *wire.Element, content string) {
	if e == nil {
		m.Text = wire.DecodeSystem(content)
		return
	}
	switch e.Attr("type") {
	case "revokemsg":
		r := e.At("revokemsg")
		id := r.Text("msgid")
		if id == "" || id == "0" {
			id = cmp.Or(r.Text("newmsgid"), id)
		}
		m.Recall = &Recall{MsgID: id, Notice: wire.StripLinks(r.Text("replacemsg"))}
		m.Text = m.Recall.Notice
	case "pat":
		p := e.At("pat")
		m.Pat = &Pat{
			From: p.Text("fromusername"), To: p.Text("pattedusername"), Chat: p.Text("chatusername"),
			Notice: wire.StripLinks(p.Text("template")),
		}
		m.Text = m.Pat.Notice
	case "sysmsgtemplate":
		m.Text = wire.TemplateText(e.At("sysmsgtemplate"))
	}
}
