package bot

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/outbox"
)

// handlerSend is the outbox's name for what an operator sends by the command line.
const handlerSend = "send"

// Send queues a message of the operator's. It obeys the pace, a pause and the mode as
// everything does that is sent. It implements control.SendDaemon.
func (b *Bot) Send(ctx context.Context, q control.SendRequest) (control.Sending, error) {
	for _, path := range []string{q.Image, q.File, q.Video} {
		if path != "" && !filepath.IsAbs(path) {
			return control.Sending{}, fmt.Errorf("send %s: the daemon needs an absolute path", path)
		}
	}
	chat := event.Chat{Kind: event.ChatSelf, Key: keyFileHelper, Name: fileHelperName}
	if q.To != filehelperArg && q.To != fileHelperName {
		var err error
		if chat, err = b.chatNamed(q.To); err != nil {
			return control.Sending{}, fmt.Errorf("send: %w", err)
		}
	}
	now := b.opts.Clock.Now()
	ev := &event.Event{ID: "send:" + strconv.FormatInt(now.UnixNano(), 10), Time: now, BySelf: true, Chat: chat}
	a := event.Action{
		Kind: event.ActSend, ToKey: chat.Key, To: []string{q.To},
		Message: event.Outgoing{Text: q.Text, Image: q.Image, File: q.File, Video: q.Video},
	}
	ds := outbox.Plan(ev, handlerSend, []event.Action{a}, now, newSendID, b.live.Settings().Pace.SplitAt)
	ds, err := b.store.Append(ctx, "", false, ds)
	if err != nil {
		return control.Sending{}, fmt.Errorf("send: %w", err)
	}
	b.outbox.Queue(ds...)
	// Of a long text the last part ends last.
	return control.Sending{ID: ds[len(ds)-1].ID, Status: string(event.StatusPending)}, nil
}

// Sending tells how far a message has come. It implements control.SendDaemon.
func (b *Bot) Sending(ctx context.Context, id int64) (control.Sending, error) {
	s := control.Sending{ID: id}
	s.Done, s.Total = b.sender.progress(id)
	status, reason, ended := b.outbox.Ended(id)
	if !ended {
		d, err := b.store.Delivery(ctx, id)
		if err != nil {
			return s, fmt.Errorf("send: %w", err)
		}
		status, reason = d.Status, d.Reason
	}
	s.Status, s.Reason = string(status), reason
	return s, nil
}

var _ control.SendDaemon = (*Bot)(nil)
