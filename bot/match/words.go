package match

import (
	"slices"

	"wxbot/bot/event"
)

// Word is a key or closed value with all its spellings, the English one first.
type Word []string

// whenKeys are the keys of a condition block.
var whenKeys = []Word{
	{"event", "事件"},
	{"exact", "等于"},
	{"contains", "包含", "关键词"},
	{"contains_all", "包含全部"},
	{"starts_with", "开头"},
	{"ends_with", "结尾"},
	{"regex", "正则"},
	{"command", "指令"},
	{"chat", "会话"},
	{"group", "群"},
	{"from", "发送者"},
	{"mentioned", "被提及"},
	{"type", "类型"},
	{"by_self", "本人发送"},
	{"time", "时间"},
	{"days", "日期"},
	{"gather", "合并"},
	{"via", "方式"},
	{"probability", "概率"},
	{"fold", "折叠"},
	{"at", "定时"},
	{"cron", "周期"},
	{"spread", "随机延迟"},
	{"catch_up", "补发"},
}

var eventWords = []Word{
	{string(event.KindMessage), "消息"},
	{string(event.KindFriendRequest), "好友申请"},
	{string(event.KindFriendAdded), "新好友"},
	{string(event.KindMemberJoined), "入群"},
	{string(event.KindJoined), "进群"},
	{string(event.KindMemberLeft), "退群"},
	{string(event.KindRemoved), "被移出"},
	{string(event.KindFriendLost), "失去好友"},
	{string(event.KindGroupRenamed), "群改名"},
	{string(event.KindRecalled), "撤回消息"},
	{string(event.KindTickled), "拍一拍"},
	{string(event.KindRedPacket), "红包"},
	{string(event.KindTransfer), "转账"},
	{string(event.KindLogin), "登录"},
	{string(event.KindLogout), "登出"},
	{string(event.KindRestricted), "受限"},
	{string(event.KindExpired), "过期"},
}

var chatWords = []Word{
	{string(event.ChatPrivate), "私聊"},
	{string(event.ChatGroup), "群聊"},
	{string(event.ChatOfficial), "公众号"},
	{string(event.ChatSpecial), "特殊账号"},
	{string(event.ChatSelf), "自己"},
}

var typeWords = []Word{
	{string(event.TypeText), "文本", "文字"},
	{string(event.TypeImage), "图片"},
	{string(event.TypeVoice), "语音"},
	{string(event.TypeVideo), "视频"},
	{string(event.TypeFile), "文件"},
	{string(event.TypeSticker), "表情"},
	{string(event.TypeCard), "名片"},
	{string(event.TypeLink), "链接"},
	{string(event.TypeMiniProgram), "小程序"},
	{string(event.TypeLocation), "位置"},
	{string(event.TypeOther), "其他"},
	{typeAny, "任意"},
}

const typeAny = "any"

var viaWords = []Word{{event.ViaInvite, "邀请"}, {event.ViaQRCode, "扫码"}}

var dayWords = []Word{
	{"sun", "周日", "星期日", "周天", "星期天", "sunday"},
	{"mon", "周一", "星期一", "monday"},
	{"tue", "周二", "星期二", "tuesday"},
	{"wed", "周三", "星期三", "wednesday"},
	{"thu", "周四", "星期四", "thursday"},
	{"fri", "周五", "星期五", "friday"},
	{"sat", "周六", "星期六", "saturday"},
}

// WhenKeys are the keys of a condition block with their spellings.
func WhenKeys() []Word { return whenKeys }

// Spellings leads from every spelling to the English one.
func Spellings(words []Word) map[string]string {
	out := make(map[string]string, 2*len(words))
	for _, w := range words {
		for _, s := range w {
			out[s] = w[0]
		}
	}
	return out
}

// Spelled gives the English spelling of one of words. For a few look-ups it is much
// cheaper than Spellings.
func Spelled(words []Word, spelling string) (english string, ok bool) {
	for _, w := range words {
		if slices.Contains(w, spelling) {
			return w[0], true
		}
	}
	return "", false
}

// Names lists the spellings of words for messages: the English ones first.
func Names(words []Word) []string {
	var out, rest []string
	for _, w := range words {
		out = append(out, w[0])
		rest = append(rest, w[1:]...)
	}
	return append(out, rest...)
}
