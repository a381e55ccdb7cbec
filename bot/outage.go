package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/store"
)

// After an outage the operator gets one digest: from when to when, and who wrote
// meanwhile without an answer.

const (
	// metaHeard is when the account was last known to be connected, in Unix
	// milliseconds of the daemon's time.
	metaHeard = "heard"
	// outageLeast is how long an outage must last to be told.
	outageLeast = 5 * time.Minute
	// outageLook is how often the connection is looked at.
	outageLook = 5 * time.Second
	// heardEvery is how often it is written that it stands.
	heardEvery = time.Minute
	// digestAfter is how long after an outage the digest is made: what came
	// meanwhile has been fetched and handled by then.
	digestAfter = 20 * time.Second
	// digestRetryMost is the longest wait after a digest that could not be told.
	digestRetryMost = 10 * time.Minute
	// digestMost is how many chats a digest names.
	digestMost = 20
	// digestText is how many runes it shows of a message.
	digestText = 40
)

// outages watches the connection.
type outages struct {
	heard   time.Time // daemon's time; zero before the first login ever
	written time.Time
	from    time.Time // of an outage that is over and not told yet
	to      time.Time
	failed  int       // times that it could not be told
	again   time.Time // when to try next
}

// outageLoop notes when the account is connected, and tells of outages when they
// are over.
func (b *Bot) outageLoop(ctx context.Context) error {
	text, err := b.store.Meta(ctx, metaHeard)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	o := &outages{}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		o.heard = time.UnixMilli(ms)
	}
	t := time.NewTicker(b.opts.Clock.Real(outageLook))
	defer t.Stop()
	for {
		b.outageStep(ctx, o)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (b *Bot) outageStep(ctx context.Context, o *outages) {
	if !b.acc.connected() {
		return
	}
	now := b.opts.Clock.Now()
	if !o.heard.IsZero() && now.Sub(o.heard) > outageLeast {
		if o.from.IsZero() {
			o.from = o.heard
			b.digesting.Store(true)
		}
		o.to = now
	}
	o.heard = now
	if !o.from.IsZero() && now.Sub(o.to) >= digestAfter && !now.Before(o.again) {
		b.tellOutage(ctx, o)
	}
	// Until the outage is told, a restart must find that it was.
	if o.from.IsZero() && now.Sub(o.written) >= heardEvery {
		o.written = now
		if err := b.store.SetMeta(ctx, metaHeard, strconv.FormatInt(now.UnixMilli(), 10)); err != nil {
			b.log.Error().Err(err).Msg("time of the connection not stored")
		}
	}
}

// tellOutage tells of an outage that is over. What fails is tried again, each time
// twice as long after.
func (b *Bot) tellOutage(ctx context.Context, o *outages) {
	text, err := b.digest(ctx, o.from, o.to)
	if err == nil {
		err = b.world.Notify(ctx, text)
	}
	if err != nil {
		wait := min(outageLook<<min(o.failed, 10), digestRetryMost)
		o.failed++
		o.again = b.opts.Clock.Now().Add(wait)
		b.log.Error().Err(err).Dur("again_in", wait).Msg("outage not told")
		return
	}
	b.log.Warn().Time("from", o.from).Time("until", o.to).Msg("outage over")
	o.from, o.written, o.failed = time.Time{}, time.Time{}, 0
	b.digesting.Store(false)
}

// connected reports whether the account is logged in and the server answers.
func (a *account) connected() bool {
	a.mu.Lock()
	client, online := a.client, a.online
	a.mu.Unlock()
	return online && client != nil && time.Since(client.Health().Heard) < outageLeast
}

// unanswered is a chat where somebody wrote during an outage.
type unanswered struct {
	chat  event.Chat
	first string
	n     int
}

// digest tells of an outage. Texts are shown only where they were written for: to
// the account's own phone.
func (b *Bot) digest(ctx context.Context, from, to time.Time) (string, error) {
	entries, err := b.store.Between(ctx, from, to)
	if err != nil {
		return "", err
	}
	chats, groups := gatherUnanswered(entries)
	head := b.say(event.SayOffline, "from", b.moment(from), "to", b.moment(to), "long", roughly(to.Sub(from)).In(b.inWeChat()))
	if b.acc.loggedInSince(from) {
		head += b.say(event.SayOfflineLogin)
	}
	lines := []string{head}
	if len(chats) == 0 {
		lines = append(lines, b.say(event.SayAllAnswered))
	} else {
		lines = append(lines, b.say(event.SayUnanswered, "count", strconv.Itoa(len(chats))))
	}
	private := b.privateNotices()
	for i, c := range chats {
		if i == digestMost {
			lines = append(lines, b.say(event.SayMoreChats, "count", strconv.Itoa(len(chats))))
			break
		}
		line := b.say(event.SayUnansweredChat, "name", b.acc.book.nameOf(c.chat), "count", strconv.Itoa(c.n))
		if private && c.first != "" {
			line += "：" + c.first
		}
		lines = append(lines, line)
	}
	if groups > 0 {
		lines = append(lines, b.say(event.SayOtherGroups, "count", strconv.Itoa(groups)))
	}
	return strings.Join(lines, "\n"), nil
}

// moment writes a time for people.
func (b *Bot) moment(t time.Time) string { return b.local(t).Format("01-02 15:04") }

func roughly(d time.Duration) lang.Text {
	switch d = d.Round(time.Minute); {
	case d < time.Hour:
		return lang.T("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return lang.T("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return lang.T("%d days", int(d.Hours())/24)
}

// privateNotices reports whether notices go to the account's own phone alone.
func (b *Bot) privateNotices() bool {
	to := b.live.Settings().Notify
	return len(to) == 1 && (to[0] == filehelperArg || to[0] == fileHelperName)
}

// gatherUnanswered groups what nobody answered by chat: private chats, and groups
// where the bot was addressed. groups counts the other groups. Where the owner has
// written since, the owner has answered.
func gatherUnanswered(entries []store.Handled) (chats []*unanswered, groups int) {
	byKey := map[string]*unanswered{}
	others := map[string]bool{}
	for _, e := range entries {
		ev := &e.Event
		if ev.Kind != event.KindMessage || ev.Message == nil {
			continue
		}
		key := ev.Chat.Key
		if ev.BySelf || answeredOutcome(e.Outcome) {
			delete(byKey, key)
			continue
		}
		if ev.Chat.Kind == event.ChatGroup && !ev.Message.Mentioned {
			others[key] = true
			continue
		}
		if ev.Chat.Kind != event.ChatPrivate && ev.Chat.Kind != event.ChatGroup {
			continue
		}
		u := byKey[key]
		if u == nil {
			u = &unanswered{chat: ev.Chat, first: firstLine(ev.Message)}
			byKey[key] = u
		}
		u.n++
	}
	// In the order of the first message that is still open.
	for _, e := range entries {
		if u := byKey[e.Event.Chat.Key]; u != nil {
			chats = append(chats, u)
			delete(byKey, e.Event.Chat.Key)
			delete(others, e.Event.Chat.Key)
		}
	}
	return chats, len(others)
}

// answeredOutcome tells the outcomes of events that something answered.
func answeredOutcome(outcome string) bool {
	switch outcome {
	case "plugin", "plugin command", "admin command":
		return true
	}
	return strings.HasPrefix(outcome, "rule ")
}

func firstLine(m *event.Message) string {
	if m.Type != event.TypeText {
		return "[" + string(m.Type) + "]"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(m.Text), "\n")
	runes := []rune(line)
	if len(runes) > digestText {
		return string(runes[:digestText]) + "…"
	}
	return line
}

// loggedInSince reports whether the present session began after a time.
func (a *account) loggedInSince(t time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entered.Add(a.offsetLocked()).After(t)
}
