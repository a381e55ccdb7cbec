package match

import (
	"slices"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// defaults fills in what was not said.
func (c *compiler) defaults(seen map[string]bool, n *conf.Node) {
	w := c.w
	if w.Schedule != nil {
		w.Events = []event.Kind{event.KindTick}
		c.scheduleWhole(seen, n)
		return
	}
	if len(w.Events) == 0 && !c.o.Unless {
		w.Events = []event.Kind{event.KindMessage}
	}
	joins := slices.Contains(w.Events, event.KindMemberJoined)
	if c.o.Rule && joins && w.groups == nil {
		c.fail(n, lang.T("member_joined needs a group"), lang.T(`group: "*" means all groups`))
	}
	switch {
	case !joins && seen["gather"]:
		c.fail(n, lang.T("gather is for member_joined"))
	case joins && w.Gather == 0 && c.o.Rule:
		w.Gather = defaultGather
	case w.Gather < 0:
		w.Gather = 0
	}
	if seen["via"] && !joins {
		c.fail(n, lang.T("via is for member_joined"))
	}
	c.impossible(seen, n)
	c.defaultChat(seen, n)
	text := w.exact != nil || w.contains != nil || w.containsAll != nil || w.starts != nil || w.ends != nil || w.regexes != nil || w.command != nil
	if w.types == nil && text && !seen["type"] && (slices.Contains(w.Events, event.KindMessage) || slices.Contains(w.Events, event.KindRecalled)) {
		w.types = []event.MessageType{event.TypeText}
	}
}

// impossible finds what can hold for none of the events.
func (c *compiler) impossible(seen map[string]bool, n *conf.Node) {
	if len(c.w.Events) == 0 {
		return
	}
	if !slices.ContainsFunc(c.w.Events, hasText) {
		for _, key := range []string{"exact", "contains", "contains_all", "starts_with", "ends_with", "regex", "command"} {
			if seen[key] {
				c.fail(n, lang.T("%s: %s has no text", key, c.w.Events[0]))
				break
			}
		}
	}
	if seen["group"] && !slices.ContainsFunc(c.w.Events, inGroups) {
		c.fail(n, lang.T("group: %s does not happen in groups", c.w.Events[0]))
	}
}

func hasText(k event.Kind) bool {
	switch k {
	case event.KindMessage, event.KindFriendRequest, event.KindRecalled, event.KindRedPacket, event.KindTransfer:
		return true
	default:
		return false
	}
}

func inGroups(k event.Kind) bool {
	switch k {
	case event.KindFriendRequest, event.KindFriendAdded, event.KindFriendLost, event.KindLogin, event.KindLogout,
		event.KindRestricted, event.KindExpired:
		return false
	default:
		return true
	}
}

func (c *compiler) defaultChat(seen map[string]bool, n *conf.Node) {
	w := c.w
	switch {
	case seen["chat"]:
		if w.groups != nil && !slices.Contains(w.chats, event.ChatGroup) {
			c.fail(n, lang.T("group: restricts group messages, but chat: leaves groups out"), lang.T("add group to chat:"))
		}
	case w.groups != nil:
		w.chats = []event.ChatKind{event.ChatGroup}
	case c.o.Unless, c.o.Everywhere:
	case c.o.Rule:
		w.chats = []event.ChatKind{event.ChatPrivate}
		// Things that happen in groups are meant where they happen.
		if groupOnly(w.Events) {
			w.chats = []event.ChatKind{event.ChatGroup}
		}
	default:
		w.chats = []event.ChatKind{event.ChatPrivate, event.ChatGroup}
	}
}

func groupOnly(kinds []event.Kind) bool {
	for _, k := range kinds {
		switch k {
		case event.KindJoined, event.KindMemberJoined, event.KindMemberLeft, event.KindRemoved, event.KindGroupRenamed:
		default:
			return false
		}
	}
	return true
}
