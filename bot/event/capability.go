package event

import "slices"

// Capabilities is what a way of being connected to WeChat can do: there is one
// description for each mode of login. What rules and plugins ask for is compared
// with it when they are loaded.
type Capabilities struct {
	Mode string `json:"mode"`
	// Chats are the kinds of conversation that messages come from and go to.
	Chats []ChatKind `json:"chats"`
	// SelfIsPrivate: what the account's owner writes to 文件传输助手 is answered
	// as a private chat is, since there is no other.
	SelfIsPrivate bool `json:"self_is_private,omitempty"`
	Friends       bool `json:"friends"` // requests, remarks, who came and went
	Groups        bool `json:"groups"`  // invitations, who came and went
	Revoke        bool `json:"revoke"`
	Unsolicited   bool `json:"unsolicited"` // sending where nobody has just written
	// Media are the kinds of content besides text that can be sent.
	Media []MessageType `json:"media"`
	// LongestText is how many characters one message holds; 0 if no limit is
	// known.
	LongestText int `json:"longest_text,omitempty"`
}

// Has reports whether a kind of chat is there to be answered.
func (c Capabilities) Has(k ChatKind) bool {
	return slices.Contains(c.Chats, k) || k == ChatPrivate && c.SelfIsPrivate && slices.Contains(c.Chats, ChatSelf)
}

// Happens reports whether a kind of event can come.
func (c Capabilities) Happens(k Kind) bool {
	switch k {
	case KindFriendRequest, KindFriendAdded, KindFriendLost:
		return c.Friends
	case KindMemberJoined, KindJoined, KindMemberLeft, KindRemoved, KindGroupRenamed:
		return c.Groups
	case KindMessage, KindRecalled, KindTickled, KindRedPacket, KindTransfer,
		KindLogin, KindLogout, KindRestricted, KindExpired, KindTick, KindSystem:
	}
	return true
}
