package wxtest

import "strings"

// phrases makes the system texts of section 12.6 in one language. Names go in as
// plain text; what the texts contain is plain, too, and encoded on delivery.
type phrases struct{ english bool }

func (s *Server) phrases() phrases { return phrases{english: s.cfg.Lang == langEnglish} }

func (p phrases) pick(chinese, english string, words ...string) string {
	text := chinese
	if p.english {
		text = english
	}
	return strings.NewReplacer(words...).Replace(text)
}

func list(names []string) string { return strings.Join(names, "、") }

func (p phrases) iInvited(names []string) string {
	return p.pick(`你邀请"{A}"加入了群聊  `, `You invited {A} to the group chat.   `, "{A}", list(names))
}

func (p phrases) invited(by string, names []string) string {
	return p.pick(`"{X}"邀请"{A}"加入了群聊`, `{X} invited {A} to the group chat`, "{X}", by, "{A}", list(names))
}

func (p phrases) invitedMe(by string, others []string) string {
	return p.pick(`"{X}"邀请你加入了群聊，群聊参与人还有：{A}`,
		`{X} invited you to a group chat with {A}`, "{X}", by, "{A}", list(others))
}

func (p phrases) invitedMeAnd(by string, names []string) string {
	return p.pick(`"{X}"邀请你和"{A}"加入了群聊`,
		`{X} invited you and {A} to the group chat`, "{X}", by, "{A}", list(names))
}

func (p phrases) joinedByMyCode(names []string) string {
	return p.pick(`"{A}"通过扫描你分享的二维码加入群聊  `,
		`"{A}" joined group chat via the QR code you shared.  `, "{A}", list(names))
}

func (p phrases) joinedByCode(names []string, sharer string) string {
	return p.pick(`" {A}"通过扫描"{X}"分享的二维码加入群聊`,
		`"{A}" joined the group chat via the QR Code shared by "{X}".`, "{A}", list(names), "{X}", sharer)
}

func (p phrases) iRemoved(name string) string {
	return p.pick(`你将"{A}"移出了群聊`, `You removed "{A}" from the group chat`, "{A}", name)
}

func (p phrases) wasRemoved(by string) string {
	return p.pick(`你被"{X}"移出群聊`, `You were removed from the group chat by "{X}"`, "{X}", by)
}

func (p phrases) renamed(by, topic string) string {
	return p.pick(`"{X}"修改群名为“{T}”`, `"{X}" changed the group name to "{T}"`, "{X}", by, "{T}", topic)
}

func (p phrases) iRenamed(topic string) string {
	return p.pick(`你修改群名为“{T}”`, `You changed the group name to "{T}"`, "{T}", topic)
}

func (p phrases) added(name string) string {
	return p.pick(`你已添加了{X}，现在可以开始聊天了。`,
		`You have added {X} as your WeChat contact. Start chatting!`, "{X}", name)
}

func (p phrases) addedMe(name string) string {
	return p.pick(`{X}刚刚把你添加到通讯录，现在可以开始聊天了。`,
		`{X} just added you to his/her contacts list. Send a message to him/her now!`, "{X}", name)
}

func (p phrases) notFriend(name string) string {
	return p.pick(`{X}开启了朋友验证，你还不是他（她）朋友。请先发送朋友验证请求，对方验证通过后，才能聊天。`,
		`{X} has enabled Friend Confirmation. Send a friend request first.`, "{X}", name)
}

func (p phrases) recalled(by string) string {
	return p.pick(`"{X}" 撤回了一条消息`, `"{X}" recalled a message`, "{X}", by)
}

func (p phrases) iRecalled() string {
	return p.pick(`你撤回了一条消息`, `You recalled a message`)
}

func (p phrases) tickled(from, to string) string {
	return p.pick(`"{X}" 拍了拍 "{A}"`, `"{X}" tickled "{A}"`, "{X}", from, "{A}", to)
}

func (p phrases) tickledMe(from string) string {
	return p.pick(`"{X}" 拍了拍我`, `"{X}" tickled me`, "{X}", from)
}
