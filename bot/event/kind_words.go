package event

import "wxbot/bot/lang"

// Text names what happened, for people.
func (k Kind) Text() lang.Text {
	switch k {
	case KindFriendRequest:
		return lang.T("asks to be a friend")
	case KindFriendAdded:
		return lang.T("new friend")
	case KindMemberJoined:
		return lang.T("came into the group")
	case KindJoined:
		return lang.T("the bot came into the group")
	case KindMemberLeft:
		return lang.T("left the group")
	case KindRemoved:
		return lang.T("the bot was removed")
	case KindFriendLost:
		return lang.T("friend lost")
	case KindGroupRenamed:
		return lang.T("group renamed")
	case KindRecalled:
		return lang.T("message recalled")
	case KindTickled:
		return lang.T("tickled")
	case KindRedPacket:
		return lang.T("red packet")
	case KindTransfer:
		return lang.T("transfer")
	case KindTick:
		return lang.T("schedule")
	case KindLogin:
		return lang.T("login")
	case KindMessage, KindLogout, KindRestricted, KindExpired, KindSystem:
	}
	return lang.Raw(string(k))
}
