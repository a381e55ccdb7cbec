package rules

import (
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// Manual is what rules.yaml may say, for its schema and its reference.
func Manual() conf.Manual {
	short := slices.Clone(match.WhenKeys())
	for _, w := range stepKeys {
		if slices.Contains(inRule, w.Name()) && w.Name() != "reply" {
			short = append(short, w)
		}
	}
	sections := []conf.Section{
		{
			Name: "file", English: "file", Chinese: "文件 file", Words: topKeys,
			EnglishNote: "A file that is a list is its rules. A file that is included has `lists` and `rules` only.",
			ChineseNote: "整个文件也可以就是一个列表，那就是它的 `规则`。被引入的文件里只能有 `列表` 和 `规则`。",
		},
		{Name: "list", English: "list", Chinese: "列表文件 list", Words: listKeys},
		{
			Name: "rule", English: "rule", Chinese: "规则 rule", Words: ruleKeys, Also: short,
			EnglishNote: "Conditions may stand in the rule itself, instead of in `when`; so may the steps " + listed(inRule, stepKeys, 0) + ", instead of in `do`.",
			ChineseNote: "条件可以不写在 `当` 里，直接写在规则里；" + listed(inRule, stepKeys, 1) + " 这些步骤也可以不写在 `执行` 里，直接写在规则里。",
		},
	}
	sections = append(sections, match.Sections()...)
	sections = append(sections,
		conf.Section{Name: "step", English: "step", Chinese: "步骤 step", EnglishNote: "The steps of `do`, one in each item. One that fails ends the rest.", ChineseNote: "`执行` 的步骤，一项一步。一步失败，后面的就不做了。", Words: stepKeys, Single: true},
		conf.Section{Name: "bare", English: "bare", Chinese: "光写名字的步骤 bare", Words: bareWords, Closed: true},
		conf.Section{Name: "message", English: "message", Chinese: "消息 message", Words: messageKeys},
		conf.Section{Name: "send", English: "send", Chinese: "发送 send", EnglishNote: "As a message, and:", ChineseNote: "和消息一样，另外有：", Words: toKeys, Also: messageKeys},
		conf.Section{Name: "variant", English: "variant", Chinese: "几条里的一条 variant", EnglishNote: "As a message, and:", ChineseNote: "和消息一样，另外有：", Words: weightKeys, Also: messageKeys},
		conf.Section{Name: "forward", English: "forward", Chinese: "转发 forward", Words: slices.Concat(toKeys, headerKeys)},
		conf.Section{Name: "accept", English: "accept", Chinese: "通过 accept", Words: acceptKeys},
		conf.Section{Name: "call", English: "call", Chinese: "调用 call", Words: callKeys},
		conf.Section{Name: "webhook", English: "webhook", Chinese: "网络钩子 webhook", Words: webhookKeys},
		conf.Section{Name: "cooldown", English: "cooldown", Chinese: "冷却 cooldown", Words: cooldownKeys},
		conf.Section{Name: "per", English: "per", Chinese: "冷却按什么算 per", Words: perWords, Closed: true},
		conf.Section{
			Name: "placeholder", English: "Placeholders", Chinese: "占位符", Words: placeholdersTold(), Closed: true,
			EnglishNote: "Written `${name}`, or `${name|instead}` where it may be empty. In brackets: the events that have it. A named group of a regular expression is one too.",
			ChineseNote: "写成 `${昵称}`；可能是空的，就写 `${昵称|朋友}`。括号里是能用它的事件。正则表达式的命名分组也是占位符。",
		},
		conf.Section{Name: "test", English: "test", Chinese: "测试 test", EnglishNote: "What happens, and what must come of it.", ChineseNote: "发生什么，应该怎样。", Words: testKeys},
		conf.Section{Name: "expect", English: "expect", Chinese: "期望 expect", Words: expectKeys},
		conf.Section{Name: "steps", English: "steps", Chinese: "期望的步骤 steps", Words: stepKeys, Closed: true},
	)
	return conf.Manual{File: "rules.yaml", Title: "rules.yaml of wxbot", Root: "@file|[@rule]", Sections: append(sections, settingSections()...)}
}

// listed gives some words in one of their spellings, for Markdown.
func listed(names []string, words []conf.Word, spelling int) string {
	var out []string
	for _, w := range words {
		if slices.Contains(names, w.Name()) {
			out = append(out, "`"+w.Spellings[spelling]+"`")
		}
	}
	return strings.Join(out, " ")
}

// IncludedManual is what a file may say that rules.yaml includes.
func IncludedManual() conf.Manual {
	m := Manual()
	m.Title = "a file that rules.yaml of wxbot includes"
	m.Section("file").Words = includedKeys
	return m
}

func settingSections() []conf.Section {
	return []conf.Section{
		{Name: "settings", English: "settings", Chinese: "设置 settings", Words: settingKeys},
		{Name: "mode", English: "mode", Chinese: "模式 mode", Words: modeWords, Closed: true},
		{Name: "pace", English: "pace", Chinese: "节奏 pace", EnglishNote: "What rules and plugins send alike.", ChineseNote: "规则和插件发的都算。", Words: paceKeys},
		{Name: "handover", English: "handover", Chinese: "人工接管 handover", Words: handoverKeys},
		{Name: "loop_guard", English: "loop_guard", Chinese: "防循环 loop_guard", Words: guardKeys},
		{Name: "trace", English: "trace", Chinese: "追踪 trace", Words: traceKeys},
		{Name: "recall", English: "recall", Chinese: "撤回记忆 recall", Words: recallKeys},
		{Name: "match", English: "match", Chinese: "匹配 match", Words: matchKeys},
		{Name: "words", English: "words", Chinese: "用语 words", EnglishNote: "What the bot itself says. An empty text is not said.", ChineseNote: "机器人自己说的话。写成空的 `\"\"` 就不说。", Words: phraseKeys()},
	}
}

// placeholdersTold are the placeholders with the events that have them.
func placeholdersTold() []conf.Word {
	var out []conf.Word
	for _, w := range placeholderWords {
		var english, chinese []string
		for _, k := range match.EventWords() {
			if slices.Contains(placeholdersOf(event.Kind(k.Name())), w.Name()) {
				english = append(english, k.Name())
				chinese = append(chinese, k.Spellings[1])
			}
		}
		switch {
		case slices.Contains(commonWords, w.Name()):
			english, chinese = []string{"every event"}, []string{"所有事件"}
		case w.Name() == "args":
			english, chinese = []string{"command"}, []string{"指令"}
		}
		w.English += " (" + strings.Join(english, ", ") + ")"
		w.Chinese += "（" + strings.Join(chinese, "、") + "）"
		out = append(out, w)
	}
	return out
}
