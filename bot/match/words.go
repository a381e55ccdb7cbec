package match

import (
	"slices"

	"wxbot/bot/conf"
	"wxbot/bot/event"
)

// textsShape is a text, or several of which one is enough.
const textsShape conf.Shape = "text|[text]"

// conditionKeys are the keys of a condition block; scheduleKeys may stand in that of a
// rule's when as well. whenKeys are both.
var (
	whenKeys      = slices.Concat(conditionKeys, scheduleKeys)
	conditionKeys = []conf.Word{
		conf.Key("event 事件", "=event|[=event]", "member_joined", "what happens; without it a message", "发生了什么；不写就是收到消息"),
		conf.Key("exact 等于", textsShape, "[谢谢, 多谢]", "the whole text, but for punctuation at its end", "整句话就是它，句尾的标点不算"),
		conf.Key("contains 包含 关键词", textsShape, "[价格, 多少钱]", "one of these occurs in the text", "话里有其中一个词"),
		conf.Key("contains_all 包含全部", textsShape, "[北京, 机票]", "all of these occur in the text", "话里这些词都有"),
		conf.Key("starts_with 开头", textsShape, "报名", "the text begins with one of these", "话的开头是其中一个"),
		conf.Key("ends_with 结尾", textsShape, "吗", "the text ends with one of these", "话的结尾是其中一个"),
		conf.Key("regex 正则", textsShape, `'订单\s*(?P<number>\d{6,})'`, "a regular expression (RE2) is found in the text; its named groups become placeholders", "话里能找到正则表达式（RE2）；命名分组可以当占位符用"),
		conf.Key("command 指令", textsShape+"|@command", "天气", "the text begins with a command; the rest is ${args}", "话以指令开头；后面的是 ${参数}"),
		conf.Key("chat 会话", "=chat|[=chat]", "[private, group]", "the kind of chat; without it private, or group where group is given", "哪种会话；不写就是私聊，写了群就是群聊"),
		conf.Key("group 群", "text|[text|@pattern]|@pattern", `"客户*"`, `the name of the group; "*" stands for anything`, `群名；"*" 代表任意文字`),
		conf.Key("from 发送者", "text|[text|@pattern]|@pattern", "老王", "who wrote it: the remark, else the nickname or card in the group; in unless the remark alone", "谁发的：备注名，没有就看昵称或群名片；在“除非”里只看备注名"),
		conf.Key("mentioned 被提及", "bool", "true", "the bot was mentioned with @; always so in private chats", "@ 了机器人；私聊里总是成立"),
		conf.Key("type 类型", "=type|[=type]", "image", "the type of the message; text where the block asks for words, else any", "消息类型；写了关键词之类就只看文字，否则不限"),
		conf.Key("by_self 本人发送", "bool", "true", "the owner of the account wrote it on the phone", "号主自己在手机上发的"),
		conf.Key("time 时间", "window|[window]", "09:00-18:00", "the time of day; it may pass midnight", "几点到几点，可以跨过半夜"),
		conf.Key("days 日期", textsShape, "mon-fri", "weekdays or dates: mon-fri, sat,sun, 2026-10-01..2026-10-07", "星期几或日期：周一-周五、sat,sun、2026-10-01..2026-10-07"),
		conf.Key("gather 合并", "duration|off", "20s", "people who join within this time are one event (member_joined); 10s without it", "这段时间里进群的人合成一次（入群）；不写是 10s"),
		conf.Key("via 方式", "=via|[=via]", "invite", "how somebody joined the group (member_joined)", "怎么进的群（入群）"),
		conf.Key("probability 概率", "number", "0.3", "from 0 to 1: the rule fits so often only", "0 到 1：只在一部分时候成立"),
		conf.Key("fold 折叠", "bool", "false", "false compares texts exactly as typed, in this block", "写 否 就一字不差地比较，只管这一段条件"),
	}
	scheduleKeys = []conf.Word{
		conf.Key("at 定时", "clock|[clock]", "08:30", "the rule runs by itself at this time of day, on the days of days", "到这个时刻自己执行，可以配合 日期"),
		conf.Key("cron 周期", "text", "30 8 * * mon-fri", "the rule runs by itself: minute hour day month weekday", "自己执行，五段：分 时 日 月 星期"),
		conf.Key("spread 随机延迟", "duration", "2m", "a scheduled rule runs up to so much later, at random", "定时规则随机晚一点执行"),
		conf.Key("catch_up 补发", "duration|off", "30m", "a scheduled rule may run so much too late, after an outage; 5m without it", "错过以后多久之内还补上；不写是 5m"),
	}
)

var (
	commandKeys = []conf.Word{
		conf.Required("name 名称", textsShape, "天气", "what it is called", "指令的名字"),
		conf.Key("aliases 别名", textsShape, "[tq]", "other names", "别的叫法"),
		conf.Key("space 空格", "=space", "required", "whether a blank must follow the name", "名字后面要不要空格"),
	}
	spaceWords = []conf.Word{
		conf.Value("auto 自动", "not after a Chinese name: 天气北京", "中文名字后面可以不空：天气北京"),
		conf.Value("required 必须", "always: 天气 北京", "一定要空：天气 北京"),
	}
	patternKeys = []conf.Word{
		conf.Required("regex 正则", textsShape, "'^客户.群$'", "a regular expression for the name", "用正则表达式匹配名字"),
	}
)

var eventWords = []conf.Word{
	conf.Value(string(event.KindMessage)+" 消息", "a message came", "收到消息"),
	conf.Value(string(event.KindFriendRequest)+" 好友申请", "somebody asks to be a friend; words look at the greeting", "有人申请加好友；关键词看的是附言"),
	conf.Value(string(event.KindFriendAdded)+" 新好友", "somebody became a friend", "成了好友"),
	conf.Value(string(event.KindMemberJoined)+" 入群", "people came into a group; it needs group", "有人进群；要写 群"),
	conf.Value(string(event.KindJoined)+" 进群", "the bot came into a group", "机器人自己进了群"),
	conf.Value(string(event.KindMemberLeft)+" 退群", "somebody left a group; seen some minutes late", "有人退群；会晚几分钟才知道"),
	conf.Value(string(event.KindRemoved)+" 被移出", "the bot was taken out of a group", "机器人被移出群"),
	conf.Value(string(event.KindFriendLost)+" 失去好友", "a friend deleted or blocked the account", "被好友删除或拉黑"),
	conf.Value(string(event.KindGroupRenamed)+" 群改名", "a group has another name", "群改了名"),
	conf.Value(string(event.KindRecalled)+" 撤回消息", "somebody withdrew a message; words look at that message", "有人撤回消息；关键词看的是被撤回的话"),
	conf.Value(string(event.KindTickled)+" 拍一拍", "somebody tickled the bot", "有人拍了拍机器人"),
	conf.Value(string(event.KindRedPacket)+" 红包", "a red packet came", "收到红包"),
	conf.Value(string(event.KindTransfer)+" 转账", "a transfer of money came", "收到转账"),
	conf.Value(string(event.KindLogin)+" 登录", "the account logged in", "账号登录了"),
	conf.Value(string(event.KindLogout)+" 登出", "the session ended", "登录失效了"),
	conf.Value(string(event.KindRestricted)+" 受限", "WeChat restricts the account", "账号被限制"),
	conf.Value(string(event.KindExpired)+" 过期", "an answer waited too long and was not sent", "回复等得太久，没有发"),
}

var chatWords = []conf.Word{
	conf.Value(string(event.ChatPrivate)+" 私聊", "with a friend", "和好友"),
	conf.Value(string(event.ChatGroup)+" 群聊", "a group", "群"),
	conf.Value(string(event.ChatOfficial)+" 公众号", "an official account", "公众号"),
	conf.Value(string(event.ChatSpecial)+" 特殊账号", "an account of WeChat's own", "微信自己的账号"),
	conf.Value(string(event.ChatSelf)+" 自己", "the owner, in 文件传输助手", "号主自己，在文件传输助手里"),
}

var typeWords = []conf.Word{
	conf.Value(string(event.TypeText)+" 文本 文字", "a text", "文字"),
	conf.Value(string(event.TypeImage)+" 图片", "a picture", "图片"),
	conf.Value(string(event.TypeVoice)+" 语音", "a voice message", "语音"),
	conf.Value(string(event.TypeVideo)+" 视频", "a video", "视频"),
	conf.Value(string(event.TypeFile)+" 文件", "a file", "文件"),
	conf.Value(string(event.TypeSticker)+" 表情", "a sticker", "表情"),
	conf.Value(string(event.TypeCard)+" 名片", "a contact card", "名片"),
	conf.Value(string(event.TypeLink)+" 链接", "a link", "链接"),
	conf.Value(string(event.TypeMiniProgram)+" 小程序", "a mini program", "小程序"),
	conf.Value(string(event.TypeLocation)+" 位置", "a place", "位置"),
	conf.Value(string(event.TypeOther)+" 其他", "anything else", "别的"),
	conf.Value(typeAny+" 任意", "every type", "不限"),
}

const typeAny = "any"

var viaWords = []conf.Word{
	conf.Value(event.ViaInvite+" 邀请", "invited by a member", "群成员邀请"),
	conf.Value(event.ViaQRCode+" 扫码", "by the group's QR code", "扫群二维码"),
}

// dayWords begin with Sunday, as time.Weekday does.
var dayWords = []conf.Word{
	conf.Value("sun 周日 星期日 周天 星期天 sunday", "", ""),
	conf.Value("mon 周一 星期一 monday", "", ""),
	conf.Value("tue 周二 星期二 tuesday", "", ""),
	conf.Value("wed 周三 星期三 wednesday", "", ""),
	conf.Value("thu 周四 星期四 thursday", "", ""),
	conf.Value("fri 周五 星期五 friday", "", ""),
	conf.Value("sat 周六 星期六 saturday", "", ""),
}

// WhenKeys are the keys of a condition block with their spellings.
func WhenKeys() []conf.Word { return whenKeys }

// EventWords are the events that rules may name.
func EventWords() []conf.Word { return eventWords }

// Sections describe a condition block.
func Sections() []conf.Section {
	return []conf.Section{
		{Name: "conditions", English: "conditions", Chinese: "条件 conditions", EnglishNote: "The keys of `when` and `unless`, or of the rule itself. All conditions of a block must hold; of a list, one item is enough.", ChineseNote: "写在 `当`（when）、`除非`（unless）里，或直接写在规则里。一段里的条件要都成立；一个列表里有一项成立就行。", Words: conditionKeys},
		{Name: "when", English: "when", Chinese: "当 when", EnglishNote: "Conditions, or a schedule, by which the rule runs by itself:", ChineseNote: "条件；或者定时，规则就到时候自己执行：", Words: scheduleKeys, Also: conditionKeys},
		{Name: "event", English: "event", Chinese: "事件 event", Words: eventWords, Closed: true},
		{Name: "chat", English: "chat", Chinese: "会话 chat", Words: chatWords, Closed: true},
		{Name: "type", English: "type", Chinese: "消息类型 type", Words: typeWords, Closed: true},
		{Name: "via", English: "via", Chinese: "进群方式 via", Words: viaWords, Closed: true},
		{Name: "command", English: "command", Chinese: "指令 command", EnglishNote: "A command with more than its name.", ChineseNote: "指令的详细写法。", Words: commandKeys},
		{Name: "space", English: "space", Chinese: "空格 space", Words: spaceWords, Closed: true},
		{Name: "pattern", English: "pattern", Chinese: "名字的正则 pattern", Words: patternKeys},
	}
}
