package event

import "wxbot/bot/lang"

// Text names the kind for people.
func (k ActionKind) Text() lang.Text {
	switch k {
	case ActReply:
		return lang.T("reply")
	case ActSend:
		return lang.T("send")
	case ActForward:
		return lang.T("forward")
	case ActAccept:
		return lang.T("accept")
	case ActRemark:
		return lang.T("remark")
	case ActInvite:
		return lang.T("invite")
	case ActRevoke:
		return lang.T("revoke")
	case ActRename:
		return lang.T("rename")
	case ActPin:
		return lang.T("pin")
	case ActRead:
		return lang.T("mark as read")
	case ActNotify:
		return lang.T("notify")
	case ActWait:
		return lang.T("wait")
	case ActCall:
		return lang.T("call")
	case ActWebhook:
		return lang.T("webhook")
	case ActLog:
		return lang.T("log")
	}
	return lang.Raw(string(k))
}
