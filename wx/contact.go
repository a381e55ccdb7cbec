package wx

import "strings"

// Contact is a person, group or account, with names decoded.
type Contact struct {
	UserName   string // changes with every login; never a key beyond the session
	NickName   string // a group's topic
	RemarkName string
	Alias      string // own WeChat number, usually empty
	HeadImgURL string // path on the base host
	Signature  string
	Province   string
	City       string
	Sex        int
	Uin        int64 // 0 for nearly everybody but the account itself

	VerifyFlag  int
	ContactFlag int
	AttrStatus  int64
	KeyWord     string

	// Groups only.
	MemberCount     int
	Members         []Member
	EncryChatRoomID string
	IsOwner         bool
	OwnerUin        int64
	OwnerName       string // user name of the owner, once the members are known
	// Muted: the owner switched notifications off (Statues is 0).
	Muted bool
}

// Member is somebody in a group.
type Member struct {
	UserName    string
	NickName    string // may be the owner's remark if the member is a friend
	DisplayName string // the name in this group, "" if none
	AttrStatus  int64
}

// Name is what the member is called in the group.
func (m Member) Name() string {
	if m.DisplayName != "" {
		return m.DisplayName
	}
	return m.NickName
}

// Name is what the owner calls the contact: remark, else nickname.
func (c Contact) Name() string {
	if c.RemarkName != "" {
		return c.RemarkName
	}
	return c.NickName
}

// flagPinned is the bit of ContactFlag of a chat at the top of the list (section 5.1).
const flagPinned = 2048

// Pinned reports whether the owner keeps the chat at the top of the list.
func (c Contact) Pinned() bool { return c.ContactFlag&flagPinned != 0 }

// Kind says what an account is.
type Kind int

// The kinds of account (seed table "account kinds", protocol section 5.1).
const (
	KindPerson Kind = iota
	KindGroup
	KindOfficial
	KindSpecial
)

func (k Kind) String() string {
	switch k {
	case KindPerson:
		return "person"
	case KindGroup:
		return "group"
	case KindOfficial:
		return "official"
	case KindSpecial:
		return "special"
	}
	return "unknown"
}

// OfficialKind tells the official accounts apart by VerifyFlag.
type OfficialKind int

// The kinds of official account. A flag with bit 8 and none of the known
// combinations is OfficialOther.
const (
	NotOfficial          OfficialKind = iota
	OfficialSubscription              // 8: subscription or service account of a person
	OfficialService                   // 24: service account of a company
	OfficialTeam                      // 56: WeChat's own, such as 微信团队
	OfficialOther
)

func (k OfficialKind) String() string {
	switch k {
	case NotOfficial:
		return "none"
	case OfficialSubscription:
		return "subscription"
	case OfficialService:
		return "service"
	case OfficialTeam:
		return "team"
	case OfficialOther:
		return "other"
	}
	return "unknown"
}

const (
	verifyBizBit = 8
	groupPrefix  = "@@"
)

// Kind tells the kind of account from the user name and VerifyFlag.
func (c Contact) Kind() Kind {
	switch {
	case IsGroup(c.UserName):
		return KindGroup
	case IsSpecial(c.UserName):
		return KindSpecial
	case c.VerifyFlag&verifyBizBit != 0:
		return KindOfficial
	}
	return KindPerson
}

// Official tells which kind of official account the contact is.
func (c Contact) Official() OfficialKind {
	switch {
	case c.VerifyFlag&verifyBizBit == 0:
		return NotOfficial
	case c.VerifyFlag == 8:
		return OfficialSubscription
	case c.VerifyFlag == 24:
		return OfficialService
	case c.VerifyFlag == 56:
		return OfficialTeam
	}
	return OfficialOther
}

// IsGroup reports whether a user name is a group's.
func IsGroup(userName string) bool {
	return strings.HasPrefix(userName, groupPrefix) || strings.HasSuffix(userName, "@chatroom")
}

// IsSpecial reports whether a user name is one of WeChat's built-in accounts.
func IsSpecial(userName string) bool {
	switch userName {
	case "filehelper", "newsapp", "fmessage", "weibo", "qqmail", "tmessage",
		"qmessage", "qqsync", "floatbottle", "lbsapp", "shakeapp", "medianote",
		"qqfriend", "readerapp", "blogapp", "facebookapp", "masssendapp",
		"meishiapp", "feedsapp", "voip", "blogappweixin", "weixin",
		"brandsessionholder", "weixinreminder", "officialaccounts",
		"notification_messages", "wxitil", "userexperience_alarm":
		return true
	}
	return strings.HasSuffix(userName, "@lbsroom") || strings.HasSuffix(userName, "@talkroom")
}

// FileHelper is the user name of 文件传输助手, the chat with oneself. It exists in
// every account although contact lists may leave it out.
const FileHelper = "filehelper"
