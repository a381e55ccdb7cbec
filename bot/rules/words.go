package rules

import (
	"slices"

	"wxbot/bot/conf"
	"wxbot/bot/event"
)

const (
	// textsShape is a text or several.
	textsShape conf.Shape = "text|[text]"
	// messageShape is what is sent.
	messageShape conf.Shape = "text|@message"
)

// The keys of the file and its closed values. The schema, the reference, the loader
// and its messages are made from these tables.
var (
	topKeys = slices.Concat([]conf.Word{
		conf.Setting("version 版本", "int", "1", "the version of this format", "格式的版本"),
		conf.Key("include 引入", textsShape, "[rules.d/*.yaml]", "further files, relative to this one, with lists and rules only; * is allowed", "再读这些文件，路径相对于本文件，里面只能有 列表 和 规则；可以用 *"),
		conf.Key("settings 设置", "@settings|nothing", "{timezone: Asia/Shanghai}", "what holds for all rules", "对所有规则有效的设置"),
	}, includedKeys)
	includedKeys = []conf.Word{
		conf.Key("lists 列表", "{text|[text]|@list}", "{prices: [价格, 多少钱]}", "lists of words or names, used as $name", "给一组词或名字起名，用的时候写 $名字"),
		conf.Key("rules 规则", "[@rule]|nothing", "[{contains: 价格, reply: 十元}]", "the rules; the first that fits answers", "规则；从上往下，第一条符合的回答"),
	}
	listKeys = []conf.Word{
		conf.Required("file 文件", "text", "words.txt", "a file with one item in each line; # begins a comment", "文件，一行一个，# 开头的是注释"),
	}
	settingKeys = []conf.Word{
		conf.Key("timezone 时区", "text", "Asia/Shanghai", "for times, days, schedules and ${date}; without it the system's", "时间、日期、定时和 ${日期} 用的时区；不写就用系统的"),
		conf.Setting("mode 模式", "=mode", "live", "whether what is decided is carried out", "是真的发送，还是只试运行"),
		conf.Setting("admins 管理员", textsShape, "[]", "people, by remark, who may use the chat commands; $admins in rules", "管理员，写好友的备注名；可以发 /停 之类的命令；规则里写 $admins"),
		conf.Setting("admin_in_groups 群内管理", "bool", "false", "admins may use the commands in groups as well", "管理员在群里也能发命令"),
		conf.Setting("never 从不", textsShape, "[]", "people and groups that nothing answers or acts on", "永远不理的人和群"),
		conf.Setting("handover 人工接管", "@handover|off", "{private: 15m, group: off}", "the bot leaves a chat to its owner for so long after the owner wrote there", "号主自己在一个会话里说话以后，机器人在那里安静多久"),
		conf.Setting("notify 通知", textsShape, "filehelper", "where results, errors and notices go: filehelper, none, or names", "结果、错误、提醒发到哪里：filehelper（文件传输助手）、无，或名字"),
		conf.Setting("command_prefix 指令前缀", textsShape, `["/", "#"]`, "what may stand before a command", "指令前面可以加的符号"),
		conf.Setting("match 匹配", "@match", "{width: true, case: true, space: true, invisible: true}", "what makes no difference when texts are compared", "比较文字时哪些区别不算"),
		conf.Setting("pace 节奏", "@pace|off", "{reply: 2s-6s}", "how fast anything is sent; off is for tests", "发送的快慢；关 只用于测试"),
		conf.Setting("loop_guard 防循环", "@loop_guard|off", "{answers: 12, within: 1m, mute: 10m}", "so many quick answers to one person mute the bot there", "对同一个人回得太多太快，就先不理"),
		conf.Setting("recall 撤回记忆", "@recall", "{keep: 10m, max: 1000}", "what is remembered for event: recalled", "为“撤回消息”记住多少"),
		conf.Setting("trace 追踪", "@trace|off", "{keep: 7d, max: 50000}", "how many messages wxbot trace can tell of", "wxbot trace 能说出多少条消息的来龙去脉"),
		conf.Key("words 用语", "@words", `{resumed: 回来了。}`, "other texts for what the bot itself says", "改掉机器人自己说的话"),
	}
	ruleKeys = []conf.Word{
		conf.Key("name 名称", "text", "问价格", "what the rule is called; unique", "规则的名字，不能重复"),
		conf.Key("note 说明", "text", "价目表每月更新", "a note for people", "给人看的说明"),
		conf.Setting("enabled 启用", "bool", "true", "false switches the rule off", "写 否 就关掉这条规则"),
		conf.Key("when 当", "=event|@when|[=event|@when]", "{contains: 价格}", "when it fires: one block of conditions, or a list of blocks of which one is enough", "什么时候：一段条件，或几段条件，符合一段就行"),
		conf.Key("unless 除非", "=event|@conditions|[=event|@conditions]", "{from: 老王}", "the rule does not fire when one of these blocks holds", "除非：符合其中一段就不执行"),
		conf.Key("reply 回复", messageShape, "价目表：https://example.com/price", "answers in the chat of the event", "在原来的会话里回复"),
		conf.Key("reply_one_of 随机回复", "[text|@variant]", "[你好, 在呢]", "answers with one of these, at random", "随机回复其中一条"),
		conf.Key("do 执行", "[=bare|@step]", "[{reply: 稍等}, {notify: 有人问价格}]", "several steps, in order", "按顺序做几步"),
		conf.Key("cooldown 冷却", "duration|@cooldown", "1m", "how long the rule then stays silent in that chat", "回答以后，在这个会话里多久不再回答"),
		conf.Key("limit 上限", "rate", "30/day", "how often the rule fires altogether", "这条规则总共最多执行多少次"),
		conf.Setting("continue 继续", "bool", "false", "later rules are tried too", "后面的规则也接着看"),
		conf.Setting("dry_run 试运行", "bool", "false", "this rule is decided and logged, and sends nothing", "这条规则只判断和记录，不发送"),
		conf.Key("tests 测试", "[@test]", "[{say: 多少钱, expect: reply}]", "what must come of what; run at every load", "测试：说什么，应该怎样；每次载入都会跑"),
	}
	stepKeys = []conf.Word{
		conf.Key("accept 通过", "bool|@accept|nothing", "true", "accepts the friend request", "通过好友申请"),
		conf.Key("remark 备注", "text", `"客户-${nickname}"`, "sets the sender's remark", "给对方设置备注"),
		conf.Key("reply 回复", messageShape, "你好", "answers in the chat of the event", "在原来的会话里回复"),
		conf.Key("send 发送", "@send", "{to: filehelper, text: 早上好}", "writes to somebody else", "发给别人或别的群"),
		conf.Key("forward 转发", "text|[text]|@forward", "filehelper", "forwards the message of the event", "转发这条消息"),
		conf.Key("invite 拉群", textsShape, "[读书一群, 读书二群]", "invites into a group; of a list, the first that has room", "拉进群；写几个就进第一个没满的"),
		conf.Key("revoke 撤回", "bool|nothing", "true", "withdraws the bot's last message in the chat", "撤回机器人在这里的上一条消息"),
		conf.Key("call 调用", "text|@call", "weather.report", "calls a function of a plugin", "调用插件"),
		conf.Key("webhook 网络钩子", "@webhook", "{url: https://example.com/hook}", "posts to an address", "通知一个网址"),
		conf.Key("notify 通知", "text", `"${sender} 来了"`, "tells those of settings.notify", "告诉 设置 里 通知 写的人"),
		conf.Key("log 日志", "text", "有人问价格", "writes into the log", "写进日志"),
		conf.Key("wait 等待", "range", "3s", "waits before the next step", "等一会再做下一步"),
	}
	bareWords = []conf.Word{
		conf.Value("accept 通过", "accepts the friend request", "通过好友申请"),
		conf.Value("revoke 撤回", "withdraws the bot's last message in the chat", "撤回机器人在这里的上一条消息"),
	}
	messageKeys = []conf.Word{
		conf.Key("text 文本", "text", "你好", "a text", "文字"),
		conf.Key("image 图片", "text", "https://example.com/price.png", "a picture: a file beside the rules, or an https address", "图片：规则旁边的文件，或 https 网址"),
		conf.Key("file 文件", "text", "https://example.com/price.pdf", "a file, likewise", "文件，写法相同"),
		conf.Key("video 视频", "text", "https://example.com/a.mp4", "a video, likewise", "视频，写法相同"),
		conf.Key("sticker 表情", "text", "md5:e68363487d8f0519c4e1047de403b2e7", "a sticker: a gif, or md5:…", "表情：gif 文件，或 md5:…"),
		conf.Key("card 名片", "text", "老王", "the card of a friend or official account", "好友或公众号的名片"),
		conf.Key("mention 提及", "bool|[text]", "true", "mentions who caused it with @, or those named; in groups", "@ 对方，或 @ 写出的人；用在群里"),
		conf.Key("one_of 随机", "[text|@variant]", "[早上好, 早呀]", "one of several messages, at random", "几条里随机一条"),
		conf.Key("revoke_after 撤回时间", "duration", "90s", "withdraws the message after this time; at most 110s", "多久以后自己撤回；最多 110s"),
	}
	toKeys      = []conf.Word{conf.Required("to 到", textsShape, "[老王, 客户一群]", "people and groups by name, filehelper, $admins", "发给谁：名字、群名、filehelper、$admins")}
	weightKeys  = []conf.Word{conf.Setting("weight 权重", "number", "1", "how often this one, compared with the others", "这一条出现的比重")}
	headerKeys  = []conf.Word{conf.Key("header 题头", "text", `"${sender} 说："`, "a line before the message", "写在前面的一句话")}
	acceptKeys  = []conf.Word{conf.Key("remark 备注", "text", `"读者-${nickname}"`, "the remark that the new friend gets", "给新好友的备注")}
	callKeys    = []conf.Word{conf.Required("name 名称", "text", "weather.report", "plugin.function", "插件.函数"), conf.Key("args 参数", "{text}", "{city: 上海}", "what the function is given", "传给函数的参数")}
	webhookKeys = []conf.Word{
		conf.Required("url 地址", "text", "https://example.com/hook", "the address", "网址"),
		conf.Key("json 数据", "{text}", `{text: "${reason}"}`, "a JSON object to post", "用 JSON 提交"),
		conf.Key("form 表单", "{text}", `{text: "${reason}"}`, "a form to post", "用表单提交"),
		conf.Key("timeout 超时", "duration", "5s", "how long to wait for the answer", "最多等多久"),
	}
	paceKeys = []conf.Word{
		conf.Setting("reply 回复", "range", "2s-6s", "pause before an answer, at random in the range", "回复前停多久，在范围里随机"),
		conf.Setting("unsolicited 主动", "range", "15s-35s", "pause before what nobody asked for: schedules, send, forward, welcomes", "主动消息（定时、发送、转发、欢迎）之间停多久"),
		conf.Setting("unsolicited_per_day 每日主动", "int", "100", "how many of these in a day", "主动消息一天最多几条"),
		conf.Setting("accept 通过", "rate", "1/min", "how fast friend requests are accepted", "通过好友申请的快慢"),
		conf.Setting("accept_per_day 每日通过", "int", "50", "how many in a day", "一天最多通过几个"),
		conf.Setting("invite_per_day 每日拉群", "int", "30", "how many invitations in a day", "一天最多拉几个人"),
		conf.Setting("per_chat 每会话", "rate", "12/min", "messages in one chat", "一个会话里的消息"),
		conf.Setting("total 总计", "rate", "20/min", "messages altogether", "所有消息"),
		conf.Setting("quiet 静默", "window|off", "23:00-07:30", "nothing unsolicited in this time of day", "这段时间不发主动消息"),
		conf.Setting("stale 过时", "duration", "30m", "what waits longer, or answers something older, is not sent", "等了这么久还没发出的，就不发了"),
		conf.Setting("split_at 分段", "int", "2000", "longer texts are split at line ends, in characters", "超过多少字就分几条发"),
	}
	guardKeys = []conf.Word{
		conf.Setting("answers 次数", "int", "12", "how many answers", "回了多少次"),
		conf.Setting("within 时间", "duration", "1m", "within this time", "在多长时间里"),
		conf.Setting("mute 静音", "duration", "10m", "how long the bot then is silent there", "然后安静多久"),
	}
	handoverKeys = []conf.Word{
		conf.Setting("private 私聊", "duration|off", "15m", "in private chats", "私聊"),
		conf.Setting("group 群聊", "duration|off", "off", "in groups", "群"),
	}
	traceKeys = []conf.Word{
		conf.Setting("keep 保留", "duration", "7d", "for how long; texts are kept for a day", "留多久；原文只留一天"),
		conf.Setting("max 最多", "int", "50000", "how many messages", "最多几条"),
	}
	recallKeys = []conf.Word{
		conf.Setting("keep 保留", "duration", "10m", "for how long", "记多久"),
		conf.Setting("max 最多", "int", "1000", "how many messages", "最多几条"),
		conf.Setting("media 媒体", "bool", "false", "pictures, voices, videos and files too: each is fetched when it comes and kept on disk for that long, 20 MB each and 200 MB at most", "图片、语音、视频和文件也记：收到就下载，存在磁盘上这么久，每个不超过 20 MB，共 200 MB"),
	}
	matchKeys = []conf.Word{
		conf.Setting("width 全半角", "bool", "true", "Ａ is A, ！ is !, ① is 1", "Ａ 就是 A，！ 就是 !，① 就是 1"),
		conf.Setting("case 大小写", "bool", "true", "App is APP", "App 就是 APP"),
		conf.Setting("space 空格", "bool", "true", "价 格 is 价格", "价 格 就是 价格"),
		conf.Setting("invisible 不可见", "bool", "true", "invisible characters do not count", "看不见的字符不算"),
		conf.Setting("traditional 繁简", "bool", "false", "價 is 价", "價 就是 价"),
	}
	cooldownKeys = []conf.Word{
		conf.Setting("per 按", "=per", "chat", "for whom it counts", "按什么算"),
		conf.Required("every 间隔", "duration", "1m", "the time of which max holds", "多长时间里"),
		conf.Setting("max 最多", "int", "1", "how often within it", "最多几次"),
		conf.Key("notice 提示", "text", "歇一会儿再问。", "said once to whoever asks too often", "问得太勤时，提示一次"),
	}
	perWords = []conf.Word{
		conf.Value("chat 会话", "each chat", "每个会话"),
		conf.Value("sender 发送者", "each person", "每个人"),
		conf.Value("rule 规则", "all together", "合在一起"),
	}
	modeWords = []conf.Word{
		conf.Value(string(event.ModeLive)+" 上线", "answers are sent", "真的发送"),
		conf.Value(string(event.ModeTrial)+" 试运行", "everything is decided and logged, nothing is sent; notify is told what would have been", "只判断和记录，不发送；本来要说的话告诉 通知 写的人"),
	}
	testKeys = []conf.Word{
		conf.Key("say 说", "text", "这个多少钱？", "somebody writes this", "有人说这句话"),
		conf.Key("request 申请", "text", "我想加入读书会", "a friend request with this greeting", "好友申请，附言是这句"),
		conf.Key("joins 入群", textsShape, "[甲, 乙]", "these people come into the group", "这些人进群"),
		conf.Key("recalled 撤回", "text", "晚饭吃什么", "somebody withdraws this message", "有人撤回这句话"),
		conf.Key("tickled 拍一拍", "bool", "true", "somebody tickles the bot", "有人拍了拍机器人"),
		conf.Key("tick 到点", "bool|datetime", "true", "the schedule of the rule is due, or this time has come", "到了定时的时候，或到了写的时刻"),
		conf.Key("in 在", "text", "客户一群", "in this group; without it in a private chat", "在哪个群；不写就是私聊"),
		conf.Key("from 发送者", "text", "老王", "by the person with this remark", "是谁，写备注名"),
		conf.Key("mentioned 被提及", "bool", "true", "with @ before it", "@ 了机器人"),
		conf.Key("at 时间", "datetime", `"2026-01-05 20:00"`, "when; without it a Wednesday at 12:00", "什么时候；不写就是一个星期三的 12:00"),
		conf.Required("expect 期望", "text|@expect", "reply", "a step's name, nothing, or a text that the answer contains", "应该怎样：步骤的名字、无，或回复里应有的文字"),
	}
	expectKeys = []conf.Word{
		conf.Key("text 文本", "text", "价目表", "the answer contains this", "回复里有这句"),
		conf.Key("rule 规则", "text", "问价格", "this rule fires", "执行的是这条规则"),
		conf.Key("steps 步骤", "[=steps]", "[accept, reply]", "exactly these steps are done", "正好做了这几步"),
	}
	placeholderWords = []conf.Word{
		conf.Value("date 日期", "the date", "今天的日期"),
		conf.Value("time 时刻", "the time of day", "现在几点"),
		conf.Value("weekday 星期", "the day of the week", "星期几"),
		conf.Value("self 本人", "the account's nickname", "账号的昵称"),
		conf.Value("bot_name 机器人", "what the bot is called in the chat", "机器人在这里叫什么"),
		conf.Value("text 原文", "the message", "收到的话"),
		conf.Value("sender 发送者", "remark, card in the group, or nickname of whoever did it", "对方的备注、群名片或昵称"),
		conf.Value("nickname 昵称", "the nickname", "昵称"),
		conf.Value("remark 备注", "the remark", "备注"),
		conf.Value("group 群", "the name of the group", "群名"),
		conf.Value("at 提及", "@ with the name, as text", "@ 加名字"),
		conf.Value("args 参数", "what follows the command", "指令后面的话"),
		conf.Value("source 来源", "where a friend request came from", "好友申请从哪里来"),
		conf.Value("names 名单", "who came into the group", "进群的人"),
		conf.Value("count 人数", "how many came", "进了几个人"),
		conf.Value("inviter 邀请人", "who invited them", "谁邀请的"),
		conf.Value("type 类型", "the type of the message", "消息类型"),
		conf.Value("reason 原因", "why", "原因"),
	}
)

// commonWords are the placeholders that every event has.
var commonWords = []string{"date", "time", "weekday", "self", "bot_name"}

// inRule are the steps that may stand in the rule itself, in the order they run.
var inRule = []string{"accept", "remark", "reply", "invite", "forward", "notify"}
