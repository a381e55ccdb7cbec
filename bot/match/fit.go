package match

import (
	"fmt"
	"slices"

	"wxbot/bot/event"
)

// Unfit tells why the block can never hold in a mode; "" if it can.
func (w *When) Unfit(c event.Capabilities) string {
	if len(w.Events) > 0 && !slices.ContainsFunc(w.Events, c.Happens) {
		return fmt.Sprintf("%s does not happen", joined(w.Events))
	}
	placed := len(w.Events) == 0 || slices.ContainsFunc(w.Events, func(k event.Kind) bool { return c.Happens(k) && hasChat(k) })
	if placed && len(w.chats) > 0 && !slices.ContainsFunc(w.chats, c.Has) {
		return fmt.Sprintf("there is no %s chat", joined(w.chats))
	}
	return ""
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
