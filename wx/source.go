package wx

import (
	"maps"
	"net/url"
	"path"
	"strconv"
)

// Source is something that Client.Fetch can fetch. It is good for the session in
// which it was made.
type Source struct {
	endpoint string
	query    url.Values // without keys
	onFile   bool       // at the file host
	ranged   bool       // comes empty without a Range header
	// anything: a web page or a text is content as well.
	anything bool
}

const pictureBig = "big"

// PictureOf is the picture of a message, an emoticon's animation included.
func PictureOf(m *Message) Source {
	s := Source{endpoint: "webwxgetmsgimg", query: url.Values{"MsgID": {m.ID}}}
	if m.Type == MsgEmoticon {
		s.query.Set("type", pictureBig)
	}
	return s
}

// ThumbnailOf is the small picture of a message with a picture or video, and the map
// of a location.
func ThumbnailOf(m *Message) Source {
	if m.Location != nil {
		return Source{
			endpoint: "webwxgetpubliclinkimg",
			query:    url.Values{"url": {"xxx"}, "msgid": {m.ID}, "pictype": {"location"}},
		}
	}
	return Source{endpoint: "webwxgetmsgimg", query: url.Values{"MsgID": {m.ID}, "type": {"slave"}}}
}

// VoiceOf is the sound of a voice message, an mp3.
func VoiceOf(m *Message) Source {
	return Source{endpoint: "webwxgetvoice", query: url.Values{"msgid": {m.ID}}}
}

// VideoOf is the film of a video message.
func VideoOf(m *Message) Source {
	return Source{endpoint: "webwxgetvideo", query: url.Values{"msgid": {m.ID}}, ranged: true}
}

// FileOf is the file of a message (AppFile). WeChat does not hand out received
// files of more than 25 MB (section 9).
func FileOf(m *Message) Source {
	if m.File == nil {
		return Source{}
	}
	return Source{
		endpoint: "webwxgetmedia", onFile: true, anything: true,
		query: url.Values{"sender": {m.From}, "mediaid": {m.File.MediaID}, "encryfilename": {m.File.EncryName}},
	}
}

// SourceOf is what a message holds that can be fetched; ok is false if it holds
// nothing of the kind, as an emoticon of the shop.
func SourceOf(m *Message) (s Source, ok bool) {
	switch m.Type { //nolint:exhaustive // the other types hold nothing to fetch
	case MsgImage:
		return PictureOf(m), true
	case MsgEmoticon:
		return PictureOf(m), m.Emoticon != nil && !m.Emoticon.Store
	case MsgVoice:
		return VoiceOf(m), true
	case MsgVideo, MsgMicroVideo:
		return VideoOf(m), true
	case MsgApp:
		s = FileOf(m)
		return s, s.endpoint != ""
	}
	return Source{}, false
}

// AvatarOf is the picture of a person, account or group.
func AvatarOf(c *Contact) Source {
	s := Source{endpoint: "webwxgeticon", query: url.Values{"seq": {"0"}, "username": {c.UserName}}}
	if IsGroup(c.UserName) {
		s.endpoint = "webwxgetheadimg"
	}
	// Of the ready-made address only number and group are taken, wherever it leads.
	if u, err := url.Parse(c.HeadImgURL); err == nil && path.Base(u.Path) == s.endpoint {
		for _, name := range []string{"seq", "chatroomid"} {
			if v := u.Query().Get(name); v != "" {
				s.query.Set(name, v)
			}
		}
	}
	return s
}

// MemberAvatarOf is the picture of somebody in a group, who need not be known
// otherwise.
func MemberAvatarOf(group *Contact, userName string) Source {
	s := AvatarOf(&Contact{UserName: userName})
	if group.EncryChatRoomID != "" {
		s.query.Set("chatroomid", group.EncryChatRoomID)
	}
	return s
}

// sourceCall addresses a source with the keys of the session.
func (c *Client) sourceCall(a *account, s Source) call {
	query := url.Values{"skey": {a.position().skey}}
	maps.Copy(query, s.query)
	host := a.hosts.Base
	if s.onFile {
		host = a.hosts.File
		query.Set("fromuser", strconv.FormatInt(a.uin, 10))
		query.Set("pass_ticket", a.passTicket)
		query.Set("webwx_data_ticket", c.dataTicket(a))
	}
	if a.mode == ModeFileHelper {
		query.Set(appIDName, helperAppID)
		query.Set("sid", a.sid)
	}
	q := a.callAt(host, s.endpoint, query)
	q.class, q.ranged = classMedia, s.ranged
	return q
}
