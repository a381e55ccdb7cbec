package bot

import (
	"maps"
	"slices"

	"wxbot/bot/conf"
	"wxbot/bot/store"
)

// The keys of wxbot.yaml, from which the schema, the loader and its messages are made.
// They have no second spelling: they are the names of flags and variables too.

func configWords() []conf.Word {
	return []conf.Word{
		conf.Key("rules", "text", "rules.yaml", "the rules file", "规则文件"),
		conf.Key("plugins", "text", "plugins", "the directory of the plugins", "插件目录"),
		conf.Key("state", "text", "/var/lib/wxbot", "the state directory: session, messages, switches", "状态目录：登录、消息、开关"),
		conf.Setting("mode", "=mode", ModeWeb, "by which page the account logs in", "从哪个页面登录"),
		conf.Key("server", "text", "http://127.0.0.1:8080", "one server instead of WeChat's, such as the simulator", "代替微信的服务器，例如模拟器"),
		conf.Key("socket", "text", "/run/wxbot/wxbot.sock", "the socket by which the commands reach the daemon", "其他命令找到守护进程用的套接字"),
		conf.Key("socket_group", "text", "wxbot", "a group of the system whose members may use the control socket too", "其成员也可使用控制套接字的系统组"),
		conf.Key("listen", "text", "127.0.0.1:9273", "the address of health and metrics over HTTP", "以 HTTP 提供健康状态和指标的地址"),
		conf.Key("language", "=language", "zh", "the language of what is said to people; without it commands follow the locale, and the bot speaks Chinese in WeChat", "对人说话用的语言；不写时命令跟随系统语言，机器人在微信里说中文"),
		conf.Setting("log_level", "=log_level", "info", "what is logged", "记多少日志"),
		conf.Setting("log_format", "=log_format", "auto", "how the log looks", "日志的样子"),
		conf.Key("alerts", "@alert|[@alert]|nothing", "[{webhook: https://example.com/hook}]", "who is told, outside WeChat, of what needs a person", "需要人处理的事，在微信之外告诉谁"),
		conf.Key(historyKey, "=history_mode|@history", "metadata", "what is kept of what was said", "聊天记录留多少"),
	}
}

func historyWords() []conf.Word {
	return []conf.Word{
		conf.Setting("keep", "=history_mode", string(store.HistoryMetadata), "what is kept", "留什么"),
		conf.Setting("days", "duration", "7d", "for how long", "留多久"),
		conf.Setting("max", "size", "1GB", "how large the database may become", "数据库最大多大"),
	}
}

func alertWords() []conf.Word {
	return []conf.Word{
		conf.Key("webhook", "text", "https://example.com/hook", "an address to post to", "提交到这个网址"),
		conf.Key("command", "[text]", `[/usr/local/bin/tell, "${event}"]`, "a program and its arguments, without a shell", "程序和它的参数，不经过 shell"),
		conf.Key("json", "{any}|[any]", `{text: "${text}"}`, "the body, as JSON", "内容，JSON"),
		conf.Key("form", "{text}", `{text: "${text}"}`, "the body, as a form", "内容，表单"),
		conf.Key("body", "text", `"${text}"`, "the body, as text", "内容，文字"),
		conf.Key("headers", "{text}", `{Authorization: "Bearer ${env:HOOK_TOKEN}"}`, "headers of the request", "请求头"),
		conf.Key("on", "=alert_event|[=alert_event]", "[logout, refused]", "for which events; without it all", "哪些事件；不写就是全部"),
		conf.Key("timeout", "duration", "10s", "how long it may take; 10s for a webhook, 30s for a command, at most 1m", "最多多久；网址不写是 10s，程序不写是 30s，最多 1m"),
	}
}

func plainValues(values ...string) []conf.Word {
	var out []conf.Word
	for _, v := range values {
		out = append(out, conf.Value(v, "", ""))
	}
	return out
}

func loginModes() []string { return []string{ModeWeb, ModeDesktop, ModeFileHelper} }
func logLevels() []string  { return []string{"debug", "info", "warn", "error"} }
func logFormats() []string { return []string{"auto", "json", "console"} }

// Manual is what wxbot.yaml may say, for its schema.
func Manual() conf.Manual {
	return conf.Manual{File: "wxbot.yaml", Title: "wxbot.yaml", Root: "@file|nothing", Sections: []conf.Section{
		{Name: "file", Words: configWords()},
		{Name: "mode", Words: plainValues(loginModes()...), Closed: true},
		{Name: "language", Words: plainValues(languages()...), Closed: true},
		{Name: "log_level", Words: plainValues(logLevels()...), Closed: true},
		{Name: "log_format", Words: plainValues(logFormats()...), Closed: true},
		{Name: "history", Words: historyWords()},
		{Name: "history_mode", Words: plainValues(slices.Sorted(maps.Keys(historyModes()))...), Closed: true},
		{Name: "alert", Words: alertWords()},
		{Name: "alert_event", Words: plainValues(alertKinds()...), Closed: true},
	}}
}
