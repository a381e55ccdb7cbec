package main

import (
	"fmt"
	"strconv"
	"strings"
)

// ruleTemplate is a rule to start from. In lines, NAME is its name.
type ruleTemplate struct {
	kind  string
	about string
	rule  string // what it is called
	lines string
}

// text is the rule by another name, as one item of a list.
func (t ruleTemplate) text(name string) string {
	return strings.ReplaceAll(strings.TrimPrefix(t.lines, "\n"), "NAME", strconv.Quote(name))
}

func templateNamed(kind string) (ruleTemplate, bool) {
	for _, t := range ruleTemplates() {
		if t.kind == kind {
			return t, true
		}
	}
	return ruleTemplate{}, false
}

func templateNames() []string {
	var out []string
	for _, t := range ruleTemplates() {
		out = append(out, t.kind)
	}
	return out
}

// ruleKinds lists the kinds for the help.
func ruleKinds() string {
	var b strings.Builder
	for _, t := range ruleTemplates() {
		fmt.Fprintf(&b, "  %-9s %s\n", t.kind, t.about)
	}
	return strings.TrimRight(b.String(), "\n")
}

func ruleTemplates() []ruleTemplate {
	return []ruleTemplate{
		{"faq", "answers a keyword, in private chats and in a group", "常见问题", `
# 关键词回答：有人问到这些词，就回复一句话
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    关键词: [营业时间, 几点开门]   # 话里有其中一个就算；逗号用半角
    会话: [私聊, 群聊]
    群: [客户一群]               # 写你的群名；不想在群里回答，就删掉这一行和上一行
  回复: 我们每天 9:00 到 18:00 营业。
  冷却: 1分钟                    # 同一个会话里，一分钟只回一次
  测试:
    - {说: 请问你们几点开门？, 期望: 回复}
    - {说: 几点开门, 在: 客户一群, 期望: 每天 9:00}
    - {说: 你好, 期望: 无}
`},
		{"welcome", "greets people who come into a group", "欢迎新人", `
# 欢迎新人：20 秒内进来的人合成一条
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    事件: 入群
    群: [客户一群]               # 写你的群名；"客户*" 代表所有以“客户”开头的群
    合并: 20秒
  回复:
    提及: 是                     # @ 新来的人
    文本: |
      欢迎 ${名单}！
      提问前请先看群公告。
  测试:
    - {入群: [甲, 乙], 在: 客户一群, 期望: 欢迎 甲、乙！}
`},
		{"friend", "accepts friend requests with a word, remarks, greets", "通过好友", `
# 好友申请：附言里有暗号就通过，加备注，打招呼
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    事件: 好友申请
    关键词: [读书会, 读书群]       # 附言里要有其中一个
  执行:
    - 通过: {备注: "读者-${昵称}"}
    - 等待: 3秒
    - 回复: 你好 ${昵称}，欢迎！
  上限: 30次/天
  测试:
    - {申请: 我想加入读书会, 期望: 通过}
    - {申请: 你好, 期望: 无}
`},
		{"command", "answers a command, such as 帮助", "帮助", `
# 指令：话以“帮助”开头，或写成 /帮助；群里要 @ 机器人
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    指令: {名称: 帮助, 别名: [功能], 空格: 必须}
    会话: [私聊, 群聊]
    群: "*"
    被提及: 是
  回复: |
    可以问我：
    价格 —— 看价目表
    营业时间 —— 几点开门
  测试:
    - {说: 帮助, 期望: 回复}
    - {说: /帮助, 在: 客户一群, 被提及: 是, 期望: 回复}
    - {说: 帮助, 在: 客户一群, 期望: 无}
`},
		{"schedule", "says something at a time of day", "定时提醒", `
# 定时：工作日早上 8:30 说一句话
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    定时: 08:30
    日期: 周一-周五
    随机延迟: 3分钟               # 不要每天分秒不差
  执行:
    - 发送:
        到: [客户一群]           # 群名或好友的备注名
        随机:
          - 早上好！今天是 ${日期}，${星期}。
          - 早呀，新的一天加油。
  测试:
    - {到点: 是, 期望: 发送}
`},
		{"antiad", "warns of advertisements in groups, and tells you", "防广告", `
# 防广告：警告一句，90 秒后收回警告，再告诉你
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    群: [客户一群]               # 写你的群名
    关键词: [加微信, 日结兼职, 代开发票]
  除非:
    发送者: $admins              # 管理员说的不算
  执行:
    - 回复: {文本: "${提及}群里请不要发广告。", 撤回时间: 90秒}
    - 通知: "${群}：${发送者} 疑似发广告：${原文}"
  测试:
    - {说: 日 结 兼 职，加 微 信, 在: 客户一群, 期望: 回复}
    - {说: 今天天气不错, 在: 客户一群, 期望: 无}
`},
		{"recall", "keeps what is withdrawn in a group, for you", "防撤回", `
# 防撤回：群里撤回的消息，转到“文件传输助手”
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当:
    事件: 撤回消息
    群: [家庭群]                 # 写你的群名
  执行:
    - 转发: {到: filehelper, 题头: "${发送者} 在「${群}」撤回了："}
  测试:
    - {撤回: 晚饭吃什么, 在: 家庭群, 期望: 晚饭吃什么}
`},
		{"offhours", "answers private messages outside the working hours", "下班自动回复", `
# 下班自动回复：放在最后，前面的规则晚上仍然有效
- 名称: NAME
  启用: 否                       # 改好以后删掉这一行
  当: {会话: 私聊}
  除非: {时间: "9:00-18:00", 日期: 周一-周五}
  回复: 我已下班，看到后回复你。急事请打电话。
  冷却: {按: 发送者, 间隔: 4小时}
  测试:
    - {说: 在吗, 时间: "2026-01-05 20:00", 期望: 回复}
    - {说: 在吗, 时间: "2026-01-05 10:00", 期望: 无}
`},
	}
}
