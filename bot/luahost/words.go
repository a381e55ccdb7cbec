package luahost

import (
	"slices"

	"wxbot/bot/conf"
	"wxbot/bot/match"
)

// The keys of plugins.yaml and its closed values. The schema, the loader and its
// messages are made from these tables.
var (
	configFileKeys = slices.Concat([]conf.Word{
		conf.Key("plugins 插件", "{@plugin|nothing}|nothing", "{dice: {enabled: true}}", "the plugins by name; those that are not named are loaded with their defaults", "插件，写名字；没写的也会载入，用默认设置"),
		conf.Key("limits 限制", "@limits_of_all", "{run: 1s, memory: 64MB}", "limits of every plugin", "所有插件的限制"),
	}, apologyKeys)
	pluginKeys = slices.Concat([]conf.Word{
		conf.Setting("enabled 启用", "bool", "true", "false switches the plugin off", "写 否 就关掉"),
		conf.Key("config 配置", "{any}", "{sides: 6}", "the options that the plugin declares", "插件自己的选项"),
		conf.Key("only 范围", "@conditions", "{group: 读书群}", "conditions before all its handlers", "只在符合这些条件时工作"),
		conf.Key("grant 授权", "@grant", "{send: any}", "what it may do of what it asks for", "允许它做的事（插件自己要先申请）"),
		conf.Setting("tests 测试", "bool", "false", "a new version must pass its tests before it takes over", "新版本要先通过自己的测试"),
		conf.Key("limits 限制", "@limits", "{memory: 32MB}", "limits of this plugin", "这个插件的限制"),
	}, apologyKeys)
	apologyKeys = []conf.Word{
		conf.Key("on_error 出错时", "text", "出错了，稍后再试", "said in the chat where a handler failed; without it nothing", "出错时在会话里说的话；不写就不说"),
	}
	grantKeys = []conf.Word{
		conf.Key("http 网络", textsShape, "[api.lan]", "hosts that it may speak to, private ones too: api.lan, 127.0.0.1:8080; or none", "可以访问的主机，内网的也行：api.lan、127.0.0.1:8080；或 无"),
		conf.Key("send 发送", "=anybody", "any", "it may write to anybody", "可以给任何人发消息"),
		conf.Key("history 历史", "bool", "true", "it may read the history", "可以看历史记录"),
	}
	anyWords  = []conf.Word{conf.Value("any 任意", "to anybody", "任何人")}
	noneWords = []conf.Word{conf.Value("none 无", "to no host at all", "哪里都不行")}
	limitKeys = []conf.Word{
		conf.Setting("run 运行", "duration", "1s", "how long a handler may work at a stretch; at most 10s", "一次连续运行多久；最多 10s"),
		conf.Setting("call 调用", "duration", "10m", "how long a handler may take altogether; at most 2h", "一次处理总共多久；最多 2h"),
		conf.Setting("memory 内存", "size", "64MB", "what it may hold; 4MB to 1024MB", "占用的内存；4MB 到 1024MB"),
		conf.Setting("sends 发送", "int", "30", "messages in a minute; at most 600", "一分钟发多少条；最多 600"),
		conf.Setting("timers 定时器", "int", "100", "timers; at most 1000", "定时器个数；最多 1000"),
	}
	waitsKeys = []conf.Word{
		conf.Setting("waits 等待", "int", "500", "questions that wait for an answer, of all plugins together; at most 5000", "所有插件一共在等回答的提问；最多 5000"),
	}
)

// textsShape is a text or several.
const textsShape conf.Shape = "text|[text]"

// Manual is what plugins.yaml may say, for its schema.
func Manual() conf.Manual {
	conditions := slices.DeleteFunc(match.Sections(), func(s conf.Section) bool { return s.Name == "when" })
	return conf.Manual{File: "plugins.yaml", Title: "plugins.yaml of wxbot", Root: "@file", Sections: append([]conf.Section{
		{Name: "file", English: "The file", Chinese: "文件", Words: configFileKeys},
		{Name: "plugin", English: "A plugin", Chinese: "一个插件", Words: pluginKeys},
		{Name: "grant", English: "grant", Chinese: "授权", Words: grantKeys},
		{Name: "anybody", English: "send", Chinese: "发送", Words: anyWords, Closed: true},
		{Name: "limits", English: "limits of one plugin", Chinese: "一个插件的限制", Words: limitKeys},
		{Name: "limits_of_all", English: "limits of all plugins", Chinese: "所有插件的限制", Words: slices.Concat(limitKeys, waitsKeys)},
	}, conditions...)}
}
