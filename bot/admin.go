package bot

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// handlerAdmin is the outbox's name for answers to operators: no brake holds them.
const handlerAdmin = "admin"

// admin carries out what operators say in a chat: the account's own phone in
// 文件传输助手, and admins of the settings. ok is false for anything else.
func (b *Bot) admin(ctx context.Context, ev *event.Event) (answers []event.Firing, ok bool) {
	if ev.Kind != event.KindMessage || ev.Message == nil || ev.Message.Type != event.TypeText {
		return nil, false
	}
	s := b.live.Settings()
	name, args, ok := commandOf(ev.Message.Text, s.Prefixes)
	if !ok || !b.isAdmin(ev, s) {
		return nil, false
	}
	var steps []event.Action
	var text string
	if name == "撤回" || name == "revoke" {
		text, steps = b.adminRevoke(ctx, ev, args)
	} else if text, ok = b.adminCommand(ctx, ev, name, args); !ok {
		return nil, false
	}
	b.log.Info().Str("command", name).Str("chat", ev.Chat.Key).Msg("admin command")
	answers = []event.Firing{{Handler: handlerAdmin, Rule: handlerAdmin, Steps: []event.Action{{
		Kind: event.ActNotify, ToKey: ev.Chat.Key, Message: event.Outgoing{Text: text},
	}}}}
	for i, s := range steps {
		// One that fails leaves the others alone.
		answers = append(answers, event.Firing{Handler: handlerAdmin + ":" + strconv.Itoa(i+1), Rule: handlerAdmin, Steps: []event.Action{s}})
	}
	return answers, true
}

// commandOf takes a command apart. The prefix is required: a rule may well answer
// to the bare word.
func commandOf(text string, prefixes []string) (name, args string, ok bool) {
	text = strings.TrimSpace(text)
	for _, p := range prefixes {
		if rest, found := strings.CutPrefix(text, p); found && p != "" {
			name, args, _ = strings.Cut(strings.TrimSpace(rest), " ")
			return strings.ToLower(name), strings.TrimSpace(args), name != ""
		}
	}
	return "", "", false
}

// isAdmin reports whether the writer of a message may command the daemon here: a
// nickname or a group card, which anybody can take, makes nobody one.
func (b *Bot) isAdmin(ev *event.Event, s event.Settings) bool {
	switch ev.Chat.Kind {
	case event.ChatSelf:
		return ev.BySelf
	case event.ChatGroup:
		if !s.AdminInGroups {
			return false
		}
	case event.ChatPrivate:
	case event.ChatOfficial, event.ChatSpecial:
		return false
	}
	remark := ev.Sender.Remark
	if ev.BySelf || remark == "" || !slices.Contains(s.Admins, remark) {
		return false
	}
	hits := b.acc.book.find(event.ChatPrivate, remark)
	return len(hits) == 1 && hits[0].Key == ev.Sender.Key
}

// adminCommand does what a command says and tells what to answer.
func (b *Bot) adminCommand(ctx context.Context, ev *event.Event, name, args string) (text string, ok bool) {
	switch name {
	case "停", "暂停", "pause":
		return b.adminPause(ctx, args), true
	case "开工", "继续", "resume":
		return b.adminResume(ctx, args), true
	case "上线", "live":
		return b.adminMode(ctx, event.ModeLive), true
	case "试运行", "trial":
		return b.adminMode(ctx, event.ModeTrial), true
	case "重载", "reload":
		if err := b.Reload(ctx); err != nil {
			return b.say(event.SayReloadFailed, "why", firstLines(err.Error(), noticeLines)), true
		}
		return b.say(event.SayReloaded), true
	case "状态", "status":
		return b.adminStatus(), true
	case "为什么", "why":
		return b.adminWhy(ctx, ev, args), true
	case "规则", "rules":
		return b.adminRules(ev.Chat, args), true
	case "关", "off":
		return b.adminSwitch(ctx, ev.Chat, name, args, true), true
	case "开", "on":
		return b.adminSwitch(ctx, ev.Chat, name, args, false), true
	}
	return "", false
}

func (b *Bot) adminPause(ctx context.Context, args string) string {
	d, name := durationAndName(args)
	p, err := b.Pause(ctx, d, name)
	if err != nil {
		return b.sayFailed(event.SayNotPaused, err)
	}
	where := b.say(event.SayEverything)
	if p.Name != "" {
		where = "「" + p.Name + "」"
	}
	if p.Until.IsZero() {
		return b.say(event.SayPaused, "where", where)
	}
	return b.say(event.SayPausedUntil, "where", where, "until", b.moment(p.Until))
}

// sayFailed tells that a command failed, or how far it did not.
func (b *Bot) sayFailed(what event.Phrase, err error) string {
	if errors.Is(err, errUnstored) {
		return b.say(event.SayNotStored)
	}
	return b.say(what, "why", err.Error())
}

// durationAndName takes "30m 客户一群" apart; both parts are optional.
func durationAndName(args string) (time.Duration, string) {
	first, rest, _ := strings.Cut(args, " ")
	if d, ok := conf.ParseDuration(first); ok {
		return d, strings.TrimSpace(rest)
	}
	return 0, args
}

func (b *Bot) adminResume(ctx context.Context, name string) string {
	if err := b.Resume(ctx, name); err != nil {
		return b.sayFailed(event.SayNotResumed, err)
	}
	if name != "" {
		return b.say(event.SayResumedChat, "name", name)
	}
	return b.say(event.SayResumed)
}

func (b *Bot) adminMode(ctx context.Context, mode event.Mode) string {
	if err := b.brakes.choose(ctx, mode, b.live.fileMode()); err != nil {
		b.log.Error().Err(err).Msg("mode not stored")
		return b.say(event.SayNotStored)
	}
	b.log.Info().Str("mode", string(mode)).Msg("mode chosen by an admin")
	if mode == event.ModeLive {
		return b.say(event.SayLive)
	}
	return b.say(event.SayTrial)
}

// adminStatus is the status for a chat: what a person on a phone wants to know.
func (b *Bot) adminStatus() string {
	set := b.live.set.Load()
	s := b.brakes.now()
	lines := []string{b.say(event.SayStatus, "rules", strconv.Itoa(len(set.Rules())), "plugins", strconv.Itoa(len(b.host.Plugins())),
		"mode", modeName(b.live.Settings().Mode).In(b.inWeChat()))}
	if s.Paused != nil {
		lines = append(lines, b.say(event.SayStatusPaused, "since", b.moment(s.Paused.Since)))
	}
	for _, h := range s.Chats {
		lines = append(lines, b.say(event.SayStatusChat, "name", h.Name))
	}
	for _, p := range b.host.Plugins() {
		if !p.Paused.IsZero() {
			lines = append(lines, b.say(event.SayStatusPlugin, "plugin", p.Name))
		}
	}
	if s.Warned != nil {
		lines = append(lines, b.say(event.SayStatusWarned))
	}
	for _, stop := range b.outbox.Stops() {
		lines = append(lines, b.say(event.SayStatusStopped, "what", className(stop.Class).In(b.inWeChat()), "until", b.local(stop.Until).Format("15:04")))
	}
	for _, rule := range slices.Sorted(maps.Keys(s.Rules)) {
		lines = append(lines, b.say(event.SayStatusOff, "rule", rule, "where", inGroups(s.Rules[rule].groups())))
	}
	if bad := b.broken(b.inWeChat()); bad != "" {
		lines = append(lines, b.say(event.SayStatusBroken, "why", firstLines(bad, 1)))
	}
	n := b.outbox.Counts()
	lines = append(lines, b.say(event.SayStatusCounts, "sent", strconv.Itoa(n.Sent), "waiting", strconv.Itoa(n.Waiting),
		"failed", strconv.Itoa(n.Failed), "unknown", strconv.Itoa(n.Unknown), "expired", strconv.Itoa(n.Expired)))
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return l == "" }), "\n")
}

func modeName(m event.Mode) lang.Text {
	if m == event.ModeTrial {
		return lang.T("trial")
	}
	return lang.T("live")
}

// className names the actions that the server stops together.
func className(class string) lang.Text {
	switch class {
	case "message":
		return lang.T("messages")
	case "other":
		return lang.T("other actions")
	}
	return event.ActionKind(class).Text()
}

func (b *Bot) local(t time.Time) time.Time {
	if loc := b.live.Settings().Location; loc != nil {
		return t.In(loc)
	}
	return t
}
