// Package event holds the daemon's own words: what happened in WeChat
// (Event), where and by whom (Chat, Person), and what is to be done about it
// (Action). They are plain values without methods that act, safe to copy and to
// store as JSON. Rules and plugins see these words and nothing of the wire: no
// user name of a session, no MsgType number, no cookie.
package event

import "time"

// Kind says what happened.
type Kind string

// The kinds of event that rules and plugins may name.
const (
	KindMessage       Kind = "message"
	KindFriendRequest Kind = "friend_request"
	KindFriendAdded   Kind = "friend_added"
	KindMemberJoined  Kind = "member_joined"
	KindJoined        Kind = "joined" // the account itself came into a group
	KindMemberLeft    Kind = "member_left"
	KindRemoved       Kind = "removed" // the account itself was removed from a group
	KindFriendLost    Kind = "friend_lost"
	KindGroupRenamed  Kind = "group_renamed"
	KindRecalled      Kind = "recalled"
	KindTickled       Kind = "tickled"
	KindRedPacket     Kind = "red_packet"
	KindTransfer      Kind = "transfer"
	KindLogin         Kind = "login"
	KindLogout        Kind = "logout"
	KindRestricted    Kind = "restricted"
	KindExpired       Kind = "expired"

	// KindSystem is a notice of WeChat's own that means none of the above. It
	// is stored and traced; no rule or plugin can name it.
	KindSystem Kind = "system"

	// KindTick is a scheduled rule that is due. No rule or plugin can name it.
	KindTick Kind = "tick"
)

// ChatKind says which kind of account or conversation a chat is.
type ChatKind string

// The kinds of chat, as rules.yaml spells them.
const (
	ChatPrivate  ChatKind = "private"
	ChatGroup    ChatKind = "group"
	ChatOfficial ChatKind = "official" // an official account: subscription, service, WeChat team
	ChatSpecial  ChatKind = "special"  // one of WeChat's built-in accounts
	ChatSelf     ChatKind = "self"     // the account's own phone writing to 文件传输助手
)

// MessageType is the kind of content of a message, as rules.yaml spells it.
type MessageType string

// The message types.
const (
	TypeText        MessageType = "text"
	TypeImage       MessageType = "image"
	TypeVoice       MessageType = "voice"
	TypeVideo       MessageType = "video"
	TypeFile        MessageType = "file"
	TypeSticker     MessageType = "sticker"
	TypeCard        MessageType = "card"
	TypeLink        MessageType = "link"
	TypeMiniProgram MessageType = "mini_program"
	TypeLocation    MessageType = "location"
	TypeOther       MessageType = "other"
)

// Event is one thing that happened. Exactly the parts that its Kind needs are
// set; the rest is zero.
type Event struct {
	// ID is unique for the account, over restarts: the server's MsgId, with a
	// suffix if one message means several events, or an id of the daemon's own.
	ID   string    `json:"id"`
	Kind Kind      `json:"kind"`
	Time time.Time `json:"time"` // server time

	// Chat is where it happened and where an answer goes. It is zero for
	// events without a chat, such as login.
	Chat Chat `json:"chat"`
	// Sender is who did it: the writer of a message, the person asking to be a
	// friend, the one who recalled. It is zero when nobody in particular did.
	Sender Person `json:"sender"`
	// BySelf: the account's owner did it, from the phone or another client.
	BySelf bool `json:"by_self,omitempty"`
	// AsPrivate: the owner wrote in the chat with oneself, and that counts as a
	// private chat as well (Capabilities.SelfIsPrivate).
	AsPrivate bool `json:"as_private,omitempty"`

	Message  *Message  `json:"message,omitempty"`  // KindMessage, KindRedPacket, KindTransfer, KindSystem
	Request  *Request  `json:"request,omitempty"`  // KindFriendRequest
	Members  *Members  `json:"members,omitempty"`  // KindMemberJoined, KindMemberLeft, KindJoined, KindRemoved
	Recalled *Recalled `json:"recalled,omitempty"` // KindRecalled
	Renamed  *Renamed  `json:"renamed,omitempty"`  // KindGroupRenamed
	Tickled  *Tickled  `json:"tickled,omitempty"`  // KindTickled
	Tick     *Tick     `json:"tick,omitempty"`     // KindTick
	Reason   string    `json:"reason,omitempty"`   // KindLogin, KindLogout, KindRestricted, KindExpired

	// Seq is the position in the inbox, while it is handled; 0 for what never was
	// there.
	Seq int64 `json:"-"`
}

// Chat is a conversation. Key is the daemon's own name for it and stays the same
// over logins; Name is what people call it now and may be empty until the
// contact is known.
type Chat struct {
	Kind ChatKind `json:"kind,omitempty"`
	Key  string   `json:"key,omitempty"`
	Name string   `json:"name,omitempty"` // group name; for a person remark, else nickname
	// Was is what a group was called before it was renamed while the daemon ran: what
	// names it so still means it.
	Was string `json:"was,omitempty"`
}

// Person is somebody, seen from one chat.
type Person struct {
	Key      string `json:"key,omitempty"`
	Nickname string `json:"nickname,omitempty"`
	Remark   string `json:"remark,omitempty"`
	Card     string `json:"card,omitempty"` // name in this group
	IsFriend bool   `json:"is_friend,omitempty"`
	// Kind is ChatOfficial or ChatSpecial of an account that is no person; "" of one.
	Kind ChatKind `json:"kind,omitempty"`
}

// Name is what the owner would call the person: remark, card in this group, or
// nickname.
func (p Person) Name() string {
	switch {
	case p.Remark != "":
		return p.Remark
	case p.Card != "":
		return p.Card
	}
	return p.Nickname
}

// Message is the content of a message.
type Message struct {
	Type MessageType `json:"type"`
	// Raw is the decoded text as it was typed; Text is Raw without the mention
	// of the bot. For types other than text they hold what there is to read: a
	// link's title, a location's label, a file's name.
	Raw  string `json:"raw,omitempty"`
	Text string `json:"text,omitempty"`
	// Mentioned: the bot was addressed by name in a group, or the chat is
	// private. @所有人 is no mention.
	Mentioned bool   `json:"mentioned,omitempty"`
	URL       string `json:"url,omitempty"`  // links, music, locations
	File      *File  `json:"file,omitempty"` // files
	MD5       string `json:"md5,omitempty"`  // stickers the server knows
	// Quote is the text that this message answers, for quoted replies.
	Quote string `json:"quote,omitempty"`
	// QuoteID is the id of the event of that message, as far as the quote tells.
	QuoteID string `json:"quote_id,omitempty"`
	// Detail names the exact kind for the trace: "music", "chat_history",
	// "channels", "voip", "unsupported", …
	Detail string `json:"detail,omitempty"`
}

// File describes a received file.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes, 0 if not told
}

// Request is a friend request. Ticket is a secret of the account: it is stored
// to accept later and shown nowhere.
type Request struct {
	Text   string `json:"text,omitempty"` // the greeting
	Source string `json:"source,omitempty"`
	// Signature is the line that the person shows to everybody.
	Signature string `json:"signature,omitempty"`

	User   string `json:"user"` // the session's name of the person; only the account adapter reads it
	Ticket string `json:"ticket"`
}

// Members tells who came or went.
type Members struct {
	People  []Person `json:"people"`
	Inviter Person   `json:"inviter"` // zero if unknown
	Via     string   `json:"via,omitempty"`
}

// The ways into a group (Members.Via).
const (
	ViaInvite = "invite"
	ViaQRCode = "qrcode"
)

// Recalled tells what was withdrawn.
type Recalled struct {
	MessageID string   `json:"message_id,omitempty"`
	Message   *Message `json:"message,omitempty"` // nil if not remembered
	Notice    string   `json:"notice,omitempty"`
}

// Renamed tells a group's new name.
type Renamed struct {
	Name string `json:"name"`
}

// Tickled tells who tickled (拍一拍) whom.
type Tickled struct {
	Notice string `json:"notice,omitempty"`
	Me     bool   `json:"me,omitempty"`
}

// Tick tells which rule is due, and since when.
type Tick struct {
	Rule string    `json:"rule"`
	Due  time.Time `json:"due"`
}

// Entry is an event as the inbox holds it.
type Entry struct {
	Seq   int64 // position in the inbox, growing
	Event Event
	// Deaths counts how often the process died while a handler of this event
	// was running.
	Deaths int
}
