package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
)

// handlerAdmin is the outbox's name for answers to operators: no brake holds them.
const handlerAdmin = "admin"

// admin carries out what operators say in a chat: the account's own phone in
// 文件传输助手, and admins of the settings. ok is false for anything else.
func (b *Bot) admin(ctx context.Context, ev *event.Event) (answer event.Firing, ok bool) {
	if ev.Kind != event.KindMessage || ev.Message == nil || ev.Message.Type != event.TypeText {
		return answer, false
	}
	s := b.live.Settings()
	name, args, ok := commandOf(ev.Message.Text, s.Prefixes)
	if !ok || !b.isAdmin(ev, s) {
		return answer, false
	}
	text, ok := b.adminCommand(ctx, name, args)
	if !ok {
		return answer, false
	}
	b.log.Info().Str("command", name).Str("chat", ev.Chat.Key).Msg("admin command")
	return event.Firing{Handler: handlerAdmin, Rule: handlerAdmin, Steps: []event.Action{{
		Kind: event.ActNotify, ToKey: ev.Chat.Key, Message: event.Outgoing{Text: text},
	}}}, true
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
func (b *Bot) adminCommand(ctx context.Context, name, args string) (text string, ok bool) {
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
			return "新文件有误，仍用旧的：\n" + firstLines(err.Error(), noticeLines), true
		}
		return "已重新载入。", true
	case "状态", "status":
		return b.adminStatus(), true
	}
	return "", false
}

func (b *Bot) adminPause(ctx context.Context, args string) string {
	d, name := durationAndName(args)
	p, err := b.Pause(ctx, d, name)
	if err != nil {
		return "没有暂停：" + err.Error()
	}
	where := "全部"
	if p.Name != "" {
		where = "「" + p.Name + "」"
	}
	if p.Until.IsZero() {
		return "已暂停" + where + "，发送“/开工”恢复。"
	}
	return fmt.Sprintf("已暂停%s，到 %s 恢复。", where, b.local(p.Until).Format("01-02 15:04"))
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
		return "没有恢复：" + err.Error()
	}
	if name != "" {
		return "「" + name + "」已恢复。"
	}
	return "已恢复。"
}

func (b *Bot) adminMode(ctx context.Context, mode event.Mode) string {
	if err := b.brakes.choose(ctx, mode, b.live.fileMode()); err != nil {
		b.log.Error().Err(err).Msg("mode not stored")
		return "没有切换：状态无法保存。"
	}
	b.log.Info().Str("mode", string(mode)).Msg("mode chosen by an admin")
	if mode == event.ModeLive {
		return "已上线：规则和插件的回复会真正发送。rules.yaml 里的 mode 改动后，以文件为准。"
	}
	return "已进入试运行：只记录，不发送。rules.yaml 里的 mode 改动后，以文件为准。"
}

// adminStatus is the status for a chat: what a person on a phone wants to know.
func (b *Bot) adminStatus() string {
	set := b.live.set.Load()
	s := b.brakes.now()
	lines := []string{
		fmt.Sprintf("规则 %d 条，插件 %d 个，模式 %s", len(set.Rules()), len(b.host.Plugins()), modeName(b.live.Settings().Mode)),
	}
	if s.Paused != nil {
		lines = append(lines, "已暂停，自 "+b.local(s.Paused.Since).Format("01-02 15:04"))
	}
	for _, h := range s.Chats {
		lines = append(lines, "已暂停「"+h.Name+"」")
	}
	if s.Warned != nil {
		lines = append(lines, "微信发出过警告，主动消息已停止；确认后发送“/开工”恢复。")
	}
	for _, stop := range b.outbox.Stops() {
		lines = append(lines, fmt.Sprintf("操作过于频繁：%s 停到 %s", stop.Class, b.local(stop.Until).Format("15:04")))
	}
	if bad := b.broken(); bad != "" {
		lines = append(lines, "新文件有误："+firstLines(bad, 1))
	}
	n := b.outbox.Counts()
	lines = append(lines, fmt.Sprintf("已发 %d，等待 %d，失败 %d，不确定 %d，过期 %d", n.Sent, n.Waiting, n.Failed, n.Unknown, n.Expired))
	return strings.Join(lines, "\n")
}

func modeName(m event.Mode) string {
	if m == event.ModeTrial {
		return "试运行"
	}
	return "上线"
}

func (b *Bot) local(t time.Time) time.Time {
	if loc := b.live.Settings().Location; loc != nil {
		return t.In(loc)
	}
	return t
}
