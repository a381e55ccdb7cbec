package event

import (
	"maps"

	"wxbot/bot/lang"
)

// In gives the words in a language in which the bot is told to speak: what replaces
// nothing is in it. Chinese is what phrases are in by themselves.
func (w Words) In(l lang.Language) Words {
	if l != lang.English {
		return w
	}
	out := Words{}
	maps.Copy(out, englishPhrases())
	maps.Copy(out, w)
	return out
}

// englishPhrases are the texts of all phrases in English.
func englishPhrases() map[Phrase]string {
	return map[Phrase]string{
		SayEverything:     "everything",
		SayPaused:         "Paused: ${where}. /开工 resumes.",
		SayPausedUntil:    "Paused: ${where}, until ${until}.",
		SayNotPaused:      "Not paused: ${why}",
		SayResumed:        "Resumed.",
		SayResumedChat:    "Resumed: ${name}.",
		SayNotResumed:     "Not resumed: ${why}",
		SayLive:           "Live: answers of rules and plugins are sent. Once mode in rules.yaml is changed, the file counts.",
		SayTrial:          "Trial: answers are recorded, not sent. Once mode in rules.yaml is changed, the file counts.",
		SayNotStored:      "In force, but the state cannot be stored: a restart undoes it.",
		SayReloaded:       "Loaded anew.",
		SayReloadFailed:   "The new files have errors, the old ones stay:\n${why}",
		SayStatus:         "${rules} rules, ${plugins} plugins, mode ${mode}",
		SayStatusPaused:   "paused since ${since}",
		SayStatusChat:     "paused: ${name}",
		SayStatusWarned:   "WeChat warned: nothing unsolicited is sent. Once you have looked, /开工 resumes.",
		SayStatusStopped:  "too often: ${what} stopped until ${until}",
		SayStatusBroken:   "the new files have errors: ${why}",
		SayStatusPlugin:   "plugin ${plugin} failed too often and is paused",
		SayStatusOff:      "rule ${rule} is off ${where}",
		SayStatusCounts:   "${sent} sent, ${waiting} waiting, ${failed} failed, ${unknown} unknown, ${expired} expired",
		SayRules:          "${count} rules:\n${list}",
		SayRulesNone:      "There is no such rule.",
		SayRuleUnknown:    "There is no rule ${name}; /规则 lists them.",
		SayRuleUnknownBut: "There is no rule ${name}; did you mean ${suggest}?",
		SayRuleWhich:      "Name the rule, as in /${command} ${example}.",
		SayRuleOff:        "Off: ${rule}, after a restart too. /开 ${rule} switches it on.",
		SayRuleOffHere:    "Off in this group: ${rule}. /开 ${rule} 本群 switches it on.",
		SayRuleOn:         "On: ${rule}.",
		SayRuleOnHere:     "On in this group: ${rule}.",
		SayRuleOffByFile:  "The file says enabled: false of ${rule}: edit the file.",
		SayNoGroupHere:    "This is no group: 本群 is for groups.",
		SayRevoking:       "Withdrawing ${count}.",
		SayRevokeTrial:    "Trial: nothing goes out, so nothing is withdrawn. Send /上线 first.",
		SayRevokeNone:     "Nothing was sent within two minutes: there is nothing to withdraw.",
		SayLimit:          "Rule ${rule} has reached its limit ${limit} and rests.",
		SayMissed:         "Rule ${rule} missed its time ${due}, too long ago to make up for it.",
		SayLoop:           "Loop guard: ${sender} (${chat}) gets no automatic answers for a while.",
		SayAmbiguous:      "Several bear the name ${name}; after a new login they cannot be told apart: set different remarks on the phone.",
		SayRenamed:        "Group ${old} is now called ${new}, and the old name stands here: ${rules}. It works until a restart: edit the files.",
		SayRemarkMissed:   "The remark ${remark} of friend ${name} was not set: set it on the phone.",
		SayTried:          "[trial] → ${to}: ${text}",
		SayStepFailed:     "[not done] ${handler} → ${to}, step ${step} ${action}: ${why}",
		SayStepUnknown:    "[perhaps not done] ${handler} → ${to}, step ${step} ${action}: ${why}",
		SayOffline:        "Offline ${from} to ${to} (${long}).",
		SayOfflineLogin:   "There was a new login meanwhile; WeChat does not deliver what came while logged out: look at the phone.",
		SayAllAnswered:    "No private chat waits for an answer.",
		SayUnanswered:     "${count} chats wait for an answer:",
		SayUnansweredChat: "${name} (${count})",
		SayMoreChats:      "… of ${count} in all",
		SayOtherGroups:    "New messages in ${count} other groups.",
		SayPluginFailed:   "Plugin ${plugin} failed: ${why}",
		SayPluginPaused:   "Plugin ${plugin} is paused: too many errors within 5 minutes. Mend its file, or run wxbot plugin resume ${plugin}.",
		SayWhyNone:        "There is no record of that message.",
		SayWhyFailed:      "No telling why: ${why}",
		SayUsage:          "Usage: ${usage}",
	}
}
