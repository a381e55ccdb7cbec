package main

import (
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// loginText tells in a line what a mode of login can do.
func loginText(c event.Capabilities) lang.Text {
	var chats, with, without []lang.Text
	for _, k := range c.Chats {
		name := lang.Raw(string(k))
		if k == event.ChatSelf && c.SelfIsPrivate {
			name = lang.T("self (文件传输助手, answered as private)")
		}
		chats = append(chats, name)
	}
	part := func(there bool, what lang.Text) {
		if there {
			with = append(with, what)
		} else {
			without = append(without, what)
		}
	}
	part(c.Friends, lang.T("friends"))
	part(c.Groups, lang.T("groups"))
	part(c.Revoke, lang.T("revoking"))
	part(c.Unsolicited, lang.T("unsolicited messages"))
	for _, m := range c.Media {
		with = append(with, lang.Raw(string(m)))
	}
	text := lang.T("%s: %s", c.Mode, lang.List(chats...))
	if len(with) > 0 {
		text = lang.T("%s; with %s", text, lang.List(with...))
	}
	if len(without) > 0 {
		text = lang.T("%s; without %s", text, lang.List(without...))
	}
	if c.LongestText > 0 {
		text = lang.T("%s; texts of %d characters at most", text, c.LongestText)
	}
	return text
}
