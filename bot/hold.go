package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/store"
)

// What puts the brakes on, and takes them off: operators, the account's owner, and
// WeChat itself.

// Pause holds everything that rules and plugins would do, or one chat if a name is
// given, for a time; 0 is until Resume. What waits to be sent waits on; what becomes
// too old meanwhile expires. An error that wraps errUnstored comes with a pause that
// is in force. It implements control.Daemon.
func (b *Bot) Pause(ctx context.Context, d time.Duration, name string) (control.Pause, error) {
	chat, err := b.chatNamed(name)
	if err != nil {
		return control.Pause{}, err
	}
	err = b.brakes.pause(ctx, chat, d)
	if err != nil && !errors.Is(err, errUnstored) {
		return control.Pause{}, err
	}
	p := control.Pause{Name: chat.Name, Since: b.opts.Clock.Now()}
	if d > 0 {
		p.Until = p.Since.Add(d)
	}
	e := b.log.Warn().Str("chat", chat.Key)
	if !p.Until.IsZero() {
		e = e.Time("until", p.Until)
	}
	e.Msg("paused")
	return p, err
}

// Resume ends a pause of one chat, or with "" all of them and what a warning of
// WeChat's held. It implements control.Daemon.
func (b *Bot) Resume(ctx context.Context, name string) error {
	chat, err := b.chatNamed(name)
	if err != nil {
		return err
	}
	err = b.brakes.resume(ctx, chat.Key)
	b.log.Warn().Str("chat", chat.Key).Msg("resumed")
	b.outbox.Kick()
	return err
}

// ResumePlugin starts a plugin anew that was paused after errors. It implements
// control.Daemon.
func (b *Bot) ResumePlugin(ctx context.Context, name string) error {
	return b.host.Resume(ctx, name)
}

// chatNamed finds the one chat of a name; "" is none.
func (b *Bot) chatNamed(name string) (event.Chat, error) {
	if name == "" {
		return event.Chat{}, nil
	}
	if key, ok := strings.CutPrefix(name, keyPrefix); ok {
		user, ok := b.acc.book.user(key)
		if !ok {
			return event.Chat{}, lang.Errorf("no friend or group of the key %q is among the contacts", key)
		}
		chat, _ := b.acc.book.Chat(user)
		return chat, nil
	}
	hits := b.acc.book.find(event.ChatPrivate, name)
	hits = append(hits, b.acc.book.find(event.ChatGroup, name)...)
	switch len(hits) {
	case 0:
		return event.Chat{}, lang.Errorf("no friend or group is called %q", name)
	case 1:
		return hits[0], nil
	}
	keys := make([]string, len(hits))
	for i, c := range hits {
		keys[i] = keyPrefix + c.Key
	}
	return event.Chat{}, lang.Errorf("%d friends and groups are called %q: name one by its key (%s), or set a remark on the phone", len(hits), name, strings.Join(keys, ", "))
}

// ownerWrote leaves a chat to the account's owner for a while.
func (b *Bot) ownerWrote(ctx context.Context, ev *event.Event) {
	h := b.live.Settings().Handover
	d := h.Private
	switch ev.Chat.Kind {
	case event.ChatGroup:
		d = h.Group
	case event.ChatPrivate:
	case event.ChatSelf, event.ChatOfficial, event.ChatSpecial:
		return
	}
	// Age counts from when it was written, not from when it is handled.
	d -= max(b.opts.Clock.Now().Sub(ev.Time), 0)
	// The lane waits for the write: what comes next must know.
	if err := b.brakes.takeOver(ctx, ev.Chat.Key, d); err != nil {
		b.log.Error().Err(err).Str("chat", ev.Chat.Key).Msg("handover not stored")
	}
}

// warned is told of a text of WeChat's own that warns of a restriction or says that
// something was done too often.
func (b *Bot) warned(ctx context.Context, text string, tooOften bool) {
	fresh, err := b.brakes.warn(ctx, text)
	if err != nil {
		b.log.Error().Err(err).Msg("warning not stored")
	}
	b.log.Error().Bool("first", fresh).Bool("too_often", tooOften).
		Msg("WeChat warns: nothing unsolicited is sent until wxbot resume")
	kind := alertRestricted
	if tooOften {
		kind = alertTooOften
	}
	b.alerts.raise(kind, text)
	if fresh {
		b.acc.emit(ctx, event.KindRestricted, text)
	}
}

// throttled is told that the server stopped a kind of action.
func (b *Bot) throttled(class string, wait time.Duration) {
	b.alerts.raise(alertTooOften, fmt.Sprintf("%s：暂停 %s", class, wait.Round(time.Minute)))
}

// notWritten is told of writes to the store that failed. Whoever asked for one
// tries again; a disk that is full needs a person.
func (b *Bot) notWritten(err error) {
	if store.IsFull(err) && b.alerts != nil {
		b.alerts.raise(alertDiskFull, b.opts.Config.State)
	}
}
