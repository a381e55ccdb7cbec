package main

import (
	"fmt"
	"strings"

	"wxbot/bot/event"
)

// loginText tells in a line what a mode of login can do.
func loginText(c event.Capabilities) string {
	var chats, with, without []string
	for _, k := range c.Chats {
		name := string(k)
		if k == event.ChatSelf && c.SelfIsPrivate {
			name = "self (文件传输助手, answered as private)"
		}
		chats = append(chats, name)
	}
	part := func(there bool, what string) {
		if there {
			with = append(with, what)
		} else {
			without = append(without, what)
		}
	}
	part(c.Friends, "friends")
	part(c.Groups, "groups")
	part(c.Revoke, "revoking")
	part(c.Unsolicited, "unsolicited messages")
	for _, m := range c.Media {
		with = append(with, string(m))
	}
	text := c.Mode + ": " + strings.Join(chats, ", ")
	if len(with) > 0 {
		text += "; with " + strings.Join(with, ", ")
	}
	if len(without) > 0 {
		text += "; without " + strings.Join(without, ", ")
	}
	if c.LongestText > 0 {
		text += fmt.Sprintf("; texts of %d characters at most", c.LongestText)
	}
	return text
}
