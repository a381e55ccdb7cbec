package classify

import (
	"regexp"
	"strings"

	"wxbot/bot/event"
)

// Warns tells whether an event is a text of WeChat's own which warns that the
// account is or will be restricted, or says that something was done too often
// (sections 12.6 and 16). Only system texts and WeChat's own accounts can: what a
// person writes never does.
func Warns(ev *event.Event) (restricted, tooOften bool) {
	if ev.Message == nil || ev.BySelf {
		return false, false
	}
	switch {
	case ev.Kind == event.KindSystem:
	case ev.Kind == event.KindMessage && ev.Chat.Kind == event.ChatSpecial:
	case ev.Kind == event.KindMessage && ev.Chat.Kind == event.ChatOfficial && ofWeChat(ev.Chat.Name):
	default:
		return false, false
	}
	text := ev.Message.Raw
	if ev.Chat.Kind == event.ChatGroup {
		// Names of members stand in quotes, and people choose them.
		text = quoted.ReplaceAllString(text, "")
		if !addressed.MatchString(text) {
			return false, tooFrequent.MatchString(text)
		}
	}
	return restriction.MatchString(text), tooFrequent.MatchString(text)
}

var (
	quoted      = regexp.MustCompile(`["“「][^"”」]*["”」]`)
	addressed   = regexp.MustCompile(`[你您]|[账帐帳]号|[账帐帳]號|微信[号號]|(?i:your|account)`)
	restriction = regexp.MustCompile(`外[挂掛]|非官方客[户戶]端|[违違][规規]|限制|(?i:unofficial client|plug-?in|violat|restrict)`)
	tooFrequent = regexp.MustCompile(`[过過][于於][频頻]繁|太[频頻]繁|(?i:too (?:often|frequent))`)
)

// ofWeChat tells the names that only WeChat's own accounts may bear.
func ofWeChat(name string) bool {
	return strings.HasPrefix(name, "微信") || strings.HasPrefix(name, "腾讯") || strings.HasPrefix(name, "騰訊") ||
		strings.HasPrefix(strings.ToLower(name), "wechat")
}

// tooFast tells the texts that stand in the chat that was written to, as if the
// person there had written them (section 12.6). They must not be answered; since a
// person can write them as well, they mean nothing more.
func tooFast(text string) bool {
	switch strings.TrimSpace(text) {
	case "操作过于频繁，可稍后再试。", "发送消息过于频繁，可稍后再试。":
		return true
	}
	return false
}
