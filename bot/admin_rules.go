package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/rules"
)

// What operators do about rules in a chat: see them, switch them off and on, and take
// back what they said.

const (
	// here is how an operator says that a switch is for this group alone.
	here = "本群"
	// listMost is how many rules one answer lists.
	listMost = 50
)

// adminRules lists the rules, or those whose names contain a word.
func (b *Bot) adminRules(chat event.Chat, word string) string {
	off := b.brakes.now().Rules
	var lines []string
	for i, r := range b.live.set.Load().Rules() {
		if strings.Contains(r.Name, word) {
			lines = append(lines, ruleLine(i+1, r, off[r.Name], chat))
		}
	}
	if len(lines) == 0 {
		return b.say(event.SayRulesNone)
	}
	n := len(lines)
	if n > listMost {
		lines = append(lines[:listMost], "……")
	}
	return b.say(event.SayRules, "count", strconv.Itoa(n), "list", strings.Join(lines, "\n"))
}

func ruleLine(n int, r rules.Info, off ruleOff, chat event.Chat) string {
	var marks []string
	switch _, hereOff := off.Chats[chat.Key]; {
	case !r.Enabled:
		marks = append(marks, "文件里关着")
	case off.Everywhere:
		marks = append(marks, "已关")
	case hereOff:
		marks = append(marks, "本群已关")
	case len(off.Chats) > 0:
		marks = append(marks, fmt.Sprintf("%d 个群里已关", len(off.Chats)))
	}
	if r.DryRun {
		marks = append(marks, "只记录")
	}
	line := strconv.Itoa(n) + ". " + r.Name
	if len(marks) > 0 {
		line += "（" + strings.Join(marks, "，") + "）"
	}
	return line
}

// inGroups tells of the groups where something holds; none is everywhere.
func inGroups(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "（" + strings.Join(names, "、") + "）"
}

// adminSwitch switches a rule off or on, everywhere or in this group.
func (b *Bot) adminSwitch(ctx context.Context, chat event.Chat, command, args string, off bool) string {
	name, inGroup := strings.CutSuffix(args, here)
	name = strings.TrimSpace(name)
	if inGroup && chat.Kind != event.ChatGroup {
		return b.say(event.SayNoGroupHere)
	}
	r, problem := b.ruleNamed(command, name)
	if problem != "" {
		return problem
	}
	if !off && !r.Enabled {
		return b.say(event.SayRuleOffByFile, "rule", r.Name)
	}
	if !inGroup {
		chat = event.Chat{}
	}
	change, done := b.brakes.switchOn, event.SayRuleOn
	switch {
	case off && inGroup:
		change, done = b.brakes.switchOff, event.SayRuleOffHere
	case off:
		change, done = b.brakes.switchOff, event.SayRuleOff
	case inGroup:
		done = event.SayRuleOnHere
	}
	if err := change(ctx, r.Name, chat); err != nil {
		b.log.Error().Err(err).Str("rule", r.Name).Msg("switched rule not stored")
		return b.say(event.SayNotStored)
	}
	b.log.Warn().Str("rule", r.Name).Bool("off", off).Str("chat", chat.Key).Msg("rule switched by an admin")
	b.schedule.kick()
	return b.say(done, "rule", r.Name)
}

// ruleNamed finds a rule by its name, or tells that there is none. A rule that is
// gone from the file, but off, is found too.
func (b *Bot) ruleNamed(command, name string) (r rules.Info, problem string) {
	all := b.live.set.Load().Rules()
	names := make([]string, len(all))
	for i, r := range all {
		if r.Name == name {
			return r, ""
		}
		names[i] = r.Name
	}
	if _, isOff := b.brakes.now().Rules[name]; isOff {
		return rules.Info{Name: name, Enabled: true}, ""
	}
	switch {
	case name == "":
		example := "问价格"
		if len(names) > 0 {
			example = names[0]
		}
		return r, b.say(event.SayRuleWhich, "example", example, "command", command)
	case conf.Suggest(name, names) != "":
		return r, b.say(event.SayRuleUnknownBut, "name", name, "suggest", conf.Suggest(name, names))
	}
	return r, b.say(event.SayRuleUnknown, "name", name)
}

// revokeMany is how many messages one command takes back at most.
const revokeMany = 20

// adminRevoke takes back the last messages of the daemon's own: in this chat, or
// wherever they went if the owner asks from the phone.
func (b *Bot) adminRevoke(ctx context.Context, ev *event.Event, args string) (text string, steps []event.Action) {
	if b.live.Settings().Mode == event.ModeTrial {
		return b.say(event.SayRevokeTrial), nil
	}
	n := 1
	if v, err := strconv.Atoi(args); err == nil && v > 0 {
		n = min(v, revokeMany)
	}
	// What it is about may have been sent this instant.
	err := b.store.Sync(ctx)
	var sent []event.Delivery
	if err == nil {
		sent, err = b.store.Revocable(ctx, b.opts.Clock.Now().Add(-revokeMost))
	}
	if err != nil {
		b.log.Error().Err(err).Msg("messages to take back not read")
	}
	for _, d := range sent {
		switch {
		case len(steps) == n, d.Handler == handlerAdmin:
			continue
		case ev.Chat.Kind == event.ChatSelf && d.Receipt.Chat == ev.Chat.Key:
			continue
		case ev.Chat.Kind != event.ChatSelf && d.Receipt.Chat != ev.Chat.Key:
			continue
		}
		steps = append(steps, event.Action{Kind: event.ActRevoke, Revoke: strconv.FormatInt(d.ID, 10)})
	}
	if len(steps) == 0 {
		return b.say(event.SayRevokeNone), nil
	}
	return b.say(event.SayRevoking, "count", strconv.Itoa(len(steps))), steps
}
