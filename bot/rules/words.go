package rules

import "wxbot/bot/match"

// The keys of the file with their spellings, the English one first. The schema,
// the loader and the messages are made from these tables.
var (
	topKeys = []match.Word{
		{"version", "版本"}, {"include", "引入"}, {"settings", "设置"}, {"lists", "列表"}, {"rules", "规则"},
	}
	settingKeys = []match.Word{
		{"timezone", "时区"},
		{"mode", "模式"},
		{"admins", "管理员"},
		{"admin_in_groups", "群内管理"},
		{"never", "从不"},
		{"handover", "人工接管"},
		{"notify", "通知"},
		{"command_prefix", "指令前缀"},
		{"match", "匹配"},
		{"pace", "节奏"},
		{"loop_guard", "防循环"},
		{"recall", "撤回记忆"},
		{"trace", "追踪"},
		{"words", "用语"},
	}
	ruleKeys = []match.Word{
		{"name", "名称"},
		{"note", "说明"},
		{"enabled", "启用"},
		{"when", "当"},
		{"unless", "除非"},
		{"reply", "回复"},
		{"reply_one_of", "随机回复"},
		{"do", "执行"},
		{"cooldown", "冷却"},
		{"limit", "上限"},
		{"continue", "继续"},
		{"dry_run", "试运行"},
		{"tests", "测试"},
	}
	stepKeys = []match.Word{
		{"accept", "通过"},
		{"remark", "备注"},
		{"reply", "回复"},
		{"send", "发送"},
		{"forward", "转发"},
		{"invite", "拉群"},
		{"revoke", "撤回"},
		{"call", "调用"},
		{"webhook", "网络钩子"},
		{"notify", "通知"},
		{"log", "日志"},
		{"wait", "等待"},
	}
	messageKeys = []match.Word{
		{"text", "文本"},
		{"image", "图片"},
		{"file", "文件"},
		{"video", "视频"},
		{"sticker", "表情"},
		{"card", "名片"},
		{"mention", "提及"},
		{"one_of", "随机"},
		{"revoke_after", "撤回时间"},
		{"to", "到"},
		{"weight", "权重"},
		{"header", "题头"},
	}
	paceKeys = []match.Word{
		{"reply", "回复"},
		{"unsolicited", "主动"},
		{"unsolicited_per_day", "每日主动"},
		{"accept", "通过"},
		{"accept_per_day", "每日通过"},
		{"invite_per_day", "每日拉群"},
		{"per_chat", "每会话"},
		{"total", "总计"},
		{"quiet", "静默"},
		{"stale", "过时"},
		{"split_at", "分段"},
	}
	guardKeys    = []match.Word{{"answers", "次数"}, {"within", "时间"}, {"mute", "静音"}}
	handoverKeys = []match.Word{{"private", "私聊"}, {"group", "群聊"}}
	recallKeys   = []match.Word{{"keep", "保留"}, {"max", "最多"}, {"media", "媒体"}}
	matchKeys    = []match.Word{{"width", "全半角"}, {"case", "大小写"}, {"space", "空格"}, {"invisible", "不可见"}, {"traditional", "繁简"}}
	cooldownKeys = []match.Word{{"per", "按"}, {"every", "间隔"}, {"max", "最多"}, {"notice", "提示"}}
	perWords     = []match.Word{{"chat", "会话"}, {"sender", "发送者"}, {"rule", "规则"}}
	modeWords    = []match.Word{{"live", "上线"}, {"trial", "试运行"}}
	testKeys     = []match.Word{
		{"say", "说"},
		{"request", "申请"},
		{"joins", "入群"},
		{"recalled", "撤回"},
		{"tickled", "拍一拍"},
		{"tick", "到点"},
		{"in", "在"},
		{"from", "发送者"},
		{"mentioned", "被提及"},
		{"at", "时间"},
		{"expect", "期望"},
	}
	expectKeys       = []match.Word{{"text", "文本"}, {"rule", "规则"}, {"steps", "步骤"}}
	placeholderWords = []match.Word{
		{"date", "日期"},
		{"time", "时刻"},
		{"weekday", "星期"},
		{"self", "本人"},
		{"bot_name", "机器人"},
		{"text", "原文"},
		{"sender", "发送者"},
		{"nickname", "昵称"},
		{"remark", "备注"},
		{"group", "群"},
		{"at", "提及"},
		{"args", "参数"},
		{"source", "来源"},
		{"names", "名单"},
		{"count", "人数"},
		{"inviter", "邀请人"},
		{"type", "类型"},
		{"reason", "原因"},
	}
)

// commonWords are the placeholders that every event has.
var commonWords = []string{"date", "time", "weekday", "self", "bot_name"}

// inRule are the steps that may stand in the rule itself, in the order they run.
var inRule = []string{"accept", "remark", "reply", "invite", "forward", "notify"}
