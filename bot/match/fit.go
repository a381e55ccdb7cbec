package match

import (
	"slices"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// Unfit tells why the block can never hold in a mode; nothing if it can.
func (w *When) Unfit(c event.Capabilities) lang.Text {
	if len(w.Events) > 0 && !slices.ContainsFunc(w.Events, c.Happens) {
		return lang.T("%s does not happen", joined(w.Events))
	}
	placed := len(w.Events) == 0 || slices.ContainsFunc(w.Events, func(k event.Kind) bool { return c.Happens(k) && hasChat(k) })
	if placed && len(w.chats) > 0 && !slices.ContainsFunc(w.chats, c.Has) {
		return lang.T("there is no %s chat", joined(w.chats))
	}
	return lang.Text{}
}

// hasChat reports whether an event of a kind happens in a chat.
func hasChat(k event.Kind) bool {
	switch k {
	case event.KindLogin, event.KindLogout, event.KindRestricted, event.KindExpired, event.KindTick:
		return false
	default:
		return true
	}
}
