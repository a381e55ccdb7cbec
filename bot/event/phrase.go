package event

import "strings"

// Phrase names a text that the daemon itself says in WeChat. settings.words of
// rules.yaml may give another text for each.
type Phrase string

// PhraseRow is one phrase: its key in both spellings, and the text. What stands as
// ${name} in it is filled in, and may stand in a text that replaces it.
type PhraseRow struct {
	Key     Phrase
	Chinese string
	Text    string
}

// The phrases.
const (
	SayEverything     Phrase = "everything"
	SayPaused         Phrase = "paused"
	SayPausedUntil    Phrase = "paused_until"
	SayNotPaused      Phrase = "not_paused"
	SayResumed        Phrase = "resumed"
	SayResumedChat    Phrase = "resumed_chat"
	SayNotResumed     Phrase = "not_resumed"
	SayLive           Phrase = "live"
	SayTrial          Phrase = "trial"
	SayNotStored      Phrase = "not_stored"
	SayReloaded       Phrase = "reloaded"
	SayReloadFailed   Phrase = "reload_failed"
	SayStatus         Phrase = "status"
	SayStatusPaused   Phrase = "status_paused"
	SayStatusChat     Phrase = "status_chat_paused"
	SayStatusWarned   Phrase = "status_warned"
	SayStatusStopped  Phrase = "status_throttled"
	SayStatusBroken   Phrase = "status_broken"
	SayStatusPlugin   Phrase = "status_plugin_paused"
	SayStatusOff      Phrase = "status_rule_off"
	SayStatusCounts   Phrase = "status_counts"
	SayRules          Phrase = "rules"
	SayRulesNone      Phrase = "rules_none"
	SayRuleUnknown    Phrase = "rule_unknown"
	SayRuleUnknownBut Phrase = "rule_unknown_suggest"
	SayRuleWhich      Phrase = "rule_which"
	SayRuleOff        Phrase = "rule_off"
	SayRuleOffHere    Phrase = "rule_off_here"
	SayRuleOn         Phrase = "rule_on"
	SayRuleOnHere     Phrase = "rule_on_here"
	SayRuleOffByFile  Phrase = "rule_off_by_file"
	SayNoGroupHere    Phrase = "no_group_here"
	SayRevoking       Phrase = "revoking"
	SayRevokeTrial    Phrase = "revoke_trial"
	SayRevokeNone     Phrase = "revoke_none"
	SayWhyNone        Phrase = "why_none"
	SayWhyFailed      Phrase = "why_failed"
	SayLimit          Phrase = "limit_reached"
	SayMissed         Phrase = "schedule_missed"
	SayLoop           Phrase = "loop_guard"
	SayAmbiguous      Phrase = "ambiguous"
	SayRenamed        Phrase = "group_renamed"
	SayRemarkMissed   Phrase = "remark_missed"
	SayTried          Phrase = "trial_prefix"
	SayStepFailed     Phrase = "step_failed"
	SayStepUnknown    Phrase = "step_unknown"
	SayOffline        Phrase = "offline"
	SayOfflineLogin   Phrase = "offline_login"
	SayAllAnswered    Phrase = "all_answered"
	SayUnanswered     Phrase = "unanswered"
	SayUnansweredChat Phrase = "unanswered_chat"
	SayMoreChats      Phrase = "more_chats"
	SayOtherGroups    Phrase = "other_groups"
	SayPluginFailed   Phrase = "plugin_failed"
	SayPluginPaused   Phrase = "plugin_paused"
	SayUsage          Phrase = "usage"
)

// Phrases are all phrases with their texts.
func Phrases() []PhraseRow {
	return []PhraseRow{
		{SayEverything, "全部", "全部"},
		{SayPaused, "已暂停", "已暂停${where}，发送“/开工”恢复。"},
		{SayPausedUntil, "已暂停到", "已暂停${where}，到 ${until} 恢复。"},
		{SayNotPaused, "没有暂停", "没有暂停：${why}"},
		{SayResumed, "已恢复", "已恢复。"},
		{SayResumedChat, "会话已恢复", "「${name}」已恢复。"},
		{SayNotResumed, "没有恢复", "没有恢复：${why}"},
		{SayLive, "已上线", "已上线：规则和插件的回复会真正发送。rules.yaml 里的 mode 改动后，以文件为准。"},
		{SayTrial, "已试运行", "已进入试运行：只记录，不发送。rules.yaml 里的 mode 改动后，以文件为准。"},
		{SayNotStored, "没有保存", "已生效，但状态无法保存：重启后失效。"},
		{SayReloaded, "已重载", "已重新载入。"},
		{SayReloadFailed, "重载失败", "新文件有误，仍用旧的：\n${why}"},
		{SayStatus, "状态", "规则 ${rules} 条，插件 ${plugins} 个，模式 ${mode}"},
		{SayStatusPaused, "状态暂停", "已暂停，自 ${since}"},
		{SayStatusChat, "状态会话暂停", "已暂停「${name}」"},
		{SayStatusWarned, "状态警告", "微信发出过警告，主动消息已停止；确认后发送“/开工”恢复。"},
		{SayStatusStopped, "状态频繁", "操作过于频繁：${what} 停到 ${until}"},
		{SayStatusBroken, "状态有误", "新文件有误：${why}"},
		{SayStatusPlugin, "状态插件暂停", "插件 ${plugin} 出错过多，已暂停"},
		{SayStatusOff, "状态已关", "已关规则「${rule}」${where}"},
		{SayStatusCounts, "状态计数", "已发 ${sent}，等待 ${waiting}，失败 ${failed}，不确定 ${unknown}，过期 ${expired}"},
		{SayRules, "规则列表", "规则 ${count} 条：\n${list}"},
		{SayRulesNone, "没有规则", "没有这样的规则。"},
		{SayRuleUnknown, "规则不存在", "没有叫「${name}」的规则，发送“/规则”查看。"},
		{SayRuleUnknownBut, "规则不存在提示", "没有叫「${name}」的规则，是不是「${suggest}」？"},
		{SayRuleWhich, "哪条规则", "请写规则的名字，例如“/${command} ${example}”。"},
		{SayRuleOff, "规则已关", "已关「${rule}」，重启后仍然有效，发送“/开 ${rule}”打开。"},
		{SayRuleOffHere, "规则本群已关", "已在本群关「${rule}」，发送“/开 ${rule} 本群”打开。"},
		{SayRuleOn, "规则已开", "已开「${rule}」。"},
		{SayRuleOnHere, "规则本群已开", "已在本群开「${rule}」。"},
		{SayRuleOffByFile, "文件里关着", "「${rule}」在文件里写了 enabled: false，请改文件。"},
		{SayNoGroupHere, "不在群里", "这里不是群，“本群”只能在群里用。"},
		{SayRevoking, "正在撤回", "正在撤回 ${count} 条。"},
		{SayRevokeTrial, "试运行不撤回", "试运行中什么也不发出，也不撤回。发送“/上线”以后再撤回。"},
		{SayRevokeNone, "没有可撤回", "两分钟内没有发过消息，没有可撤回的。"},
		{SayWhyNone, "为什么没有", "没有找到那条消息的记录。"},
		{SayWhyFailed, "为什么失败", "说不出为什么：${why}"},
		{SayLimit, "到了上限", "规则「${rule}」到了上限 ${limit}，暂时不再执行。"},
		{SayMissed, "错过定时", "定时规则「${rule}」错过了 ${due} 的执行，时间太久，不再补发。"},
		{SayLoop, "防循环", "防循环：${sender}（${chat}）暂时不再自动回复。"},
		{SayAmbiguous, "重名", "有多个“${name}”，重新登录后无法区分：请在手机上设置不同的备注。"},
		{SayRenamed, "群改名", "群「${old}」改名为「${new}」，这里写的还是旧名：${rules}。现在仍然有效，重启后失效，请改文件。"},
		{SayRemarkMissed, "备注没设上", "好友「${name}」的备注「${remark}」没有设上，请在手机上设置。"},
		{SayTried, "试运行前缀", "【试运行】→ ${to}：${text}"},
		{SayStepFailed, "步骤失败", "【未完成】${handler} → ${to}，第 ${step} 步 ${action}：${why}"},
		{SayStepUnknown, "步骤不确定", "【不确定是否完成】${handler} → ${to}，第 ${step} 步 ${action}：${why}"},
		{SayOffline, "离线", "离线 ${from} — ${to}（${long}）。"},
		{SayOfflineLogin, "离线重登", "期间重新登录过，微信不补发退出期间的消息，请看手机。"},
		{SayAllAnswered, "没有未回复", "没有未回复的私聊。"},
		{SayUnanswered, "未回复", "未回复 ${count} 个会话："},
		{SayUnansweredChat, "未回复会话", "${name}（${count} 条）"},
		{SayMoreChats, "更多会话", "…… 等 ${count} 个"},
		{SayOtherGroups, "其他群", "另有 ${count} 个群有新消息。"},
		{SayPluginFailed, "插件出错", "插件 ${plugin} 出错：${why}"},
		{SayPluginPaused, "插件已暂停", "插件 ${plugin} 已暂停：5 分钟内出错过多。改好文件，或运行 wxbot plugin resume ${plugin}。"},
		{SayUsage, "用法", "用法：${usage}"},
	}
}

// Words are the texts that replace phrases; an empty text is not said. The nil map
// replaces none. It is not changed once it is made.
type Words map[Phrase]string

// Say gives the text of a phrase with what it is about: pairs of a name and a value.
func (w Words) Say(p Phrase, pairs ...string) string {
	text, replaced := w[p]
	if !replaced {
		for _, row := range Phrases() {
			if row.Key == p {
				text = row.Text
			}
		}
	}
	// In one pass: what a value brings along is not looked at again.
	with := []string{"$${", "${"}
	for i := 0; i+1 < len(pairs); i += 2 {
		with = append(with, "${"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(with...).Replace(text)
}
