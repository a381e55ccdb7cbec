package bot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"wxbot/bot/classify"
	"wxbot/bot/event"
	"wxbot/wx"
)

// What the client delivers: its events become the daemon's own and are committed.

// sink takes one batch: its messages become events, and these, the keys of new
// people, and the session are durable when it returns.
func (a *account) sink(ctx context.Context, batch wx.Batch) error {
	var events []event.Event
	var messages []*wx.Message // by event; nil of what is none
	for _, e := range batch.Events {
		got, err := a.take(ctx, e)
		if err != nil {
			return err
		}
		events = append(events, got...)
		var m *wx.Message
		if r, ok := e.(wx.MessageReceived); ok {
			m = &r.Message
		}
		for range got {
			messages = append(messages, m)
		}
	}
	var session []byte
	if batch.Session != nil {
		var err error
		if session, err = batch.Session.Encode(); err != nil {
			return fmt.Errorf("encode session: %w", err)
		}
	}
	if err := a.commit(ctx, session, events); err != nil {
		return err
	}
	for i, m := range messages {
		if m != nil {
			a.keep.note(m, &events[i])
		}
	}
	return nil
}

func (a *account) commit(ctx context.Context, session []byte, events []event.Event) error {
	if named := a.book.newAliases(); len(named) > 0 {
		if err := a.store.PutAliases(ctx, named, a.clock.Now()); err != nil {
			a.book.aliasesAgain(named)
			return fmt.Errorf("store keys: %w", err)
		}
	}
	if rows, gone := a.book.changes(); len(rows)+len(gone) > 0 {
		if err := a.store.PutKeys(ctx, rows, gone...); err != nil {
			a.book.again(rows, gone)
			return fmt.Errorf("store keys: %w", err)
		}
	}
	if session == nil && len(events) == 0 {
		return nil
	}
	fresh, err := a.store.Commit(ctx, session, events)
	if err != nil {
		return fmt.Errorf("commit events: %w", err)
	}
	for i := range fresh {
		a.stored(&fresh[i].Event)
	}
	a.dispatch.Offer(fresh)
	return nil
}

// emit commits an event of the daemon's own.
func (a *account) emit(ctx context.Context, kind event.Kind, reason string) {
	now := a.clock.Now()
	ev := event.Event{ID: string(kind) + ":" + strconv.FormatInt(now.UnixNano(), 10), Kind: kind, Time: now, Reason: reason}
	if err := a.commit(ctx, nil, []event.Event{ev}); err != nil {
		a.log.Error().Err(err).Str("kind", string(kind)).Msg("event not stored")
	}
}

// take translates one event of the client's.
func (a *account) take(ctx context.Context, e wx.Event) ([]event.Event, error) {
	switch e := e.(type) {
	case wx.MessageReceived:
		if e.Message.FromSelf && a.echoes.has(e.Message.ID) {
			return nil, nil
		}
		if e.Message.Notify == nil {
			a.received.put(&e.Message)
		}
		return a.message(ctx, &e.Message), nil
	case wx.ContactsChanged:
		a.book.learn(e.Changed, a.clock.Now())
		a.tidy.note(people(e.Changed))
		if e.Complete {
			a.listed.Store(true)
			a.complete()
		}
		a.kick()
	case wx.MembersChanged:
		return a.left(e), nil
	case wx.LoggedIn:
		return a.loggedIn(ctx, e)
	case wx.StateChanged:
		a.stateChanged(e)
	case wx.QRReady:
		a.show(shownQR{e.Payload, e.Attempt, e.Max})
		a.setState("scan needed: run wxbot qr")
		a.tell(QRCode{Payload: e.Payload, Attempt: e.Attempt, Max: e.Max, FirstEver: a.firstEver()})
	case wx.QRScanned:
		a.setState("scanned: confirm on the phone")
		a.tell(Scanned{})
	case wx.PushSent:
		a.setState("waiting for the phone to confirm the login")
		a.tell(PushAsked{})
	case wx.Stalled:
		a.stalled(e.Since)
	case wx.StallOver:
		a.stalled(time.Time{})
	case wx.QRCancelled, wx.QRExpired:
		a.show(shownQR{})
		a.tell(QRDone{})
	case wx.LoggedOut, wx.Refused:
		// What Run returns says the same.
	}
	return nil, nil
}

// people counts contacts and the members of groups among them.
func people(contacts []wx.Contact) int {
	n := len(contacts)
	for i := range contacts {
		n += len(contacts[i].Members)
	}
	return n
}

func (a *account) message(ctx context.Context, m *wx.Message) []event.Event {
	if m.Notify != nil {
		a.book.pair(m.Notify.IDs)
		return nil
	}
	events := classify.Message(m, a.book)
	if m.FromSelf && len(events) == 1 && a.echoes.isEcho(&events[0], a.clock.Now()) {
		a.echoes.add(m.ID)
		return nil
	}
	if a.opts.Config.loginMode() == wx.ModeFileHelper {
		for i := range events {
			events[i].AsPrivate = events[i].Chat.Kind == event.ChatSelf
		}
	}
	offset := a.offset()
	for i := range events {
		if m.Time.Unix() <= 0 {
			events[i].Time = a.clock.Now()
			continue
		}
		events[i].Time = events[i].Time.Add(offset)
	}
	for i := range events {
		if events[i].Kind == event.KindMemberLeft && events[i].Members != nil {
			for _, p := range events[i].Members.People {
				a.leaves(events[i].Chat.Key, p, events[i].Time)
			}
		}
		a.heed(ctx, &events[i])
	}
	return events
}

// heed puts the brakes on for a warning of WeChat's. One that is handed out again,
// after an operator has taken it off, is none.
func (a *account) heed(ctx context.Context, ev *event.Event) {
	restricted, tooOften := classify.Warns(ev)
	if !restricted && !tooOften || a.beforeLogin(ev.Time) {
		return
	}
	known, err := a.store.Known(ctx, ev.ID)
	if err != nil {
		a.log.Error().Err(err).Str("msg", ev.ID).Msg("warning not looked up")
	}
	if !known {
		a.warned(ctx, ev.Message.Raw, !restricted)
	}
}
