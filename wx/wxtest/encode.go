package wxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// text is a string on the wire: JSON without any escape that JSON does not
// demand, so that markup and bytes that are no UTF-8 go out as WeChat sends them.
type text string

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, len(t)+2)
	out = append(out, '"')
	for i := range len(t) {
		switch c := t[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c < ' ':
			out = fmt.Appendf(out, "\\u%04x", c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"'), nil
}

// encode writes an answer as WeChat does, one field a line.
func encode(v any) ([]byte, error) {
	var compact, out bytes.Buffer
	enc := json.NewEncoder(&compact)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if err := json.Indent(&out, compact.Bytes(), "", ""); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return out.Bytes(), nil
}

// escape is for text and names. The entities are those WeChat uses; package html
// has another one for the double quote. Broken bytes stay what they are.
func escape(s string, quotes bool) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '&':
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == '"' && quotes:
			b.WriteString("&quot;")
		case c == '\'' && quotes:
			b.WriteString("&#39;")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// typed encodes what a person typed, for the Content of a message: escaped once,
// newlines as <br/> (section 12.2). Emoji stay as they are, as newer phones send
// them.
func typed(s string) string {
	return strings.ReplaceAll(escape(s, true), "\n", "<br/>")
}

// notice encodes a system text: its quotes stay bare, and names in it are encoded
// as names are.
func notice(s string) string {
	return strings.ReplaceAll(withSpans(s, false), "\n", "<br/>")
}

// markup encodes XML for the Content of a message.
func markup(s string) string {
	return strings.ReplaceAll(escape(s, false), "\n", "<br/>")
}

// named encodes a name: escaped once, emoji as spans (section 12.2).
func named(s string) text { return text(withSpans(s, true)) }

func withSpans(s string, quotes bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		next, nextSize := utf8.DecodeRuneInString(s[i+size:])
		switch {
		case isFlagPart(r) && isFlagPart(next):
			fmt.Fprintf(&b, `<span class="emoji emoji%x%x"></span>`, r, next)
			size += nextSize
		case isOldEmoji(r):
			fmt.Fprintf(&b, `<span class="emoji emoji%x"></span>`, r)
		default:
			b.WriteString(escape(s[i:i+size], quotes))
		}
		i += size
	}
	return b.String()
}

func isFlagPart(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// isOldEmoji knows the blocks whose characters WeChat writes as spans in names.
func isOldEmoji(r rune) bool {
	return r >= 0x1f300 && r <= 0x1f6ff || r >= 0x2600 && r <= 0x27bf
}

// attr encodes an XML attribute or element text.
func attr(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

// response is an answer in JSON. Blank ones have every field, with Count 0 and
// empty lists, as error answers do.
type response interface {
	refuse(ret int, msg string)
}

type baseResponse struct {
	Ret    int
	ErrMsg text
}

type baseAnswer struct {
	BaseResponse baseResponse
}

func (b *baseAnswer) refuse(ret int, msg string) {
	b.BaseResponse = baseResponse{Ret: ret, ErrMsg: text(msg)}
}

type wireKey struct {
	Key int
	Val uint32
}

type wireKeys struct {
	Count int
	List  []wireKey
}

type wireBuff struct{ Buff text }

// wireContact is a contact object (section 5.1); all fields are always there.
type wireContact struct {
	Uin              int64
	UserName         text
	NickName         text
	HeadImgURL       text `json:"HeadImgUrl"`
	ContactFlag      int
	MemberCount      int
	MemberList       []wireMember
	RemarkName       text
	HideInputBarFlag int
	Sex              int
	Signature        text
	VerifyFlag       int
	OwnerUin         int64
	ChatRoomOwner    text `json:",omitempty"` // of groups in webwxbatchgetcontact alone (section 5.2)
	PYInitial        text
	PYQuanPin        text
	RemarkPYInitial  text
	RemarkPYQuanPin  text
	StarFriend       int
	AppAccountFlag   int
	Statues          int
	AttrStatus       int64
	Province         text
	City             text
	Alias            text
	SnsFlag          int
	UniFriend        int
	DisplayName      text
	ChatRoomID       int64 `json:"ChatRoomId"`
	KeyWord          text
	EncryChatRoomID  text `json:"EncryChatRoomId"`
	IsOwner          int
}

// wireMember is a member of a group (section 5.2).
type wireMember struct {
	Uin             int64
	UserName        text
	NickName        text
	AttrStatus      int64
	PYInitial       text
	PYQuanPin       text
	RemarkPYInitial text
	RemarkPYQuanPin text
	MemberStatus    int
	DisplayName     text
	KeyWord         text
}

// wireUser is the account itself in the answer of webwxinit.
type wireUser struct {
	Uin               int64
	UserName          text
	NickName          text
	HeadImgURL        text `json:"HeadImgUrl"`
	RemarkName        text
	PYInitial         text
	PYQuanPin         text
	RemarkPYInitial   text
	RemarkPYQuanPin   text
	HideInputBarFlag  int
	StarFriend        int
	Sex               int
	Signature         text
	AppAccountFlag    int
	VerifyFlag        int
	ContactFlag       int
	WebWxPluginSwitch int
	HeadImgFlag       int
	SnsFlag           int
}

// wireMessage is an entry of AddMsgList (section 12.1).
type wireMessage struct {
	MsgID                text `json:"MsgId"`
	FromUserName         text
	ToUserName           text
	MsgType              int
	Content              text
	Status               int
	ImgStatus            int
	CreateTime           int64
	VoiceLength          int64
	PlayLength           int64
	FileName             text
	FileSize             text
	MediaID              text `json:"MediaId"`
	URL                  text `json:"Url"`
	AppMsgType           int
	StatusNotifyCode     int
	StatusNotifyUserName text
	RecommendInfo        wireRecommend
	ForwardFlag          int
	AppInfo              wireAppInfo
	HasProductID         int `json:"HasProductId"`
	Ticket               text
	ImgHeight            int
	ImgWidth             int
	SubMsgType           int
	NewMsgID             int64 `json:"NewMsgId"`
	OriContent           text
	EncryFileName        text
}

type wireRecommend struct {
	UserName   text
	NickName   text
	QQNum      int64
	Province   text
	City       text
	Content    text
	Signature  text
	Alias      text
	Scene      int
	VerifyFlag int
	AttrStatus int64
	Sex        int
	Ticket     text
	OpCode     int
}

type wireAppInfo struct {
	AppID text
	Type  int
}
