package bot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
	"wxbot/bot/outbox"
	"wxbot/bot/store"
	"wxbot/wx"
)

// world is what plugins may do. It implements luahost.World.
type world struct {
	acc    *account
	store  *store.Store
	outbox *outbox.Outbox
	rules  *live
	tell   func(Notice)
	brakes *brakes
}

// waitingMost is how many deliveries may wait before plugins can queue no more.
const waitingMost = 5000

// Queue commits one action as rows of the outbox; with the first, the event is
// done, so that a crash later does not run its handler again. Of what runs again all
// the same, nothing is added twice.
func (w *world) Queue(ctx context.Context, ev *event.Event, plugin string, n int, a event.Action) (int64, error) {
	return w.queue(ctx, ev, plugin, n, a, func(ctx context.Context, id string, ds []event.Delivery) ([]event.Delivery, error) {
		if luahost.Repeats(plugin) {
			return w.store.AppendOnce(ctx, ds)
		}
		return w.store.Append(ctx, id, true, ds)
	})
}

// QueueKeeping commits an action with what the handler has written before.
func (w *world) QueueKeeping(ctx context.Context, ev *event.Event, plugin string, n int, a event.Action, b event.TableBatch) (int64, error) {
	return w.queue(ctx, ev, plugin, n, a, func(ctx context.Context, id string, ds []event.Delivery) ([]event.Delivery, error) {
		return w.store.KVAppend(ctx, id, ds, b)
	})
}

func (w *world) queue(ctx context.Context, ev *event.Event, plugin string, n int, a event.Action,
	commit func(ctx context.Context, id string, ds []event.Delivery) ([]event.Delivery, error),
) (int64, error) {
	if w.outbox.Counts().Waiting > waitingMost {
		return 0, fmt.Errorf("%s: too much is waiting to be sent", a.Kind)
	}
	now := w.acc.clock.Now()
	if ev == nil {
		ev = &event.Event{ID: "timer:" + plugin + ":" + strconv.FormatInt(now.UnixNano(), 10), Time: now}
	}
	handler := "plugin:" + plugin + "#" + strconv.Itoa(n)
	ds := outbox.Plan(ev, handler, []event.Action{a}, now, newSendID, w.rules.Settings().Pace.SplitAt)
	if len(ds) == 0 {
		return 0, fmt.Errorf("%s: nothing to send", a.Kind)
	}
	ds, err := commit(ctx, ev.ID, ds)
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %w", a.Kind, luahost.ErrNotStored, err)
	}
	w.outbox.Queue(ds...)
	w.tell(Handled{ID: ev.ID, Outcome: "plugin " + plugin})
	return ds[0].ID, nil
}

func newSendID(now time.Time) string { return string(wx.NewSendID(now)) }

// Done marks an event done that a plugin dealt with without queueing anything.
func (w *world) Done(ctx context.Context, ev *event.Event) error {
	w.tell(Handled{ID: ev.ID, Outcome: "plugin"})
	return w.store.FinishID(ctx, ev.ID, "plugin")
}

// Running notes that an event's handler runs.
func (w *world) Running(seq int64) func() { return w.store.Running(seq) }

// Outcome waits for the end of an action.
func (w *world) Outcome(ctx context.Context, id int64) (event.Status, string, error) {
	return w.outbox.Wait(ctx, id)
}

// Find gives the chats that bear a name.
func (w *world) Find(kind event.ChatKind, name string) ([]event.Chat, error) {
	if _, ok := w.acc.wxClient(); !ok {
		return nil, fmt.Errorf("find %q: %w", name, wx.ErrNotReady)
	}
	return w.acc.book.find(kind, name), nil
}

// Members gives the people of a group.
func (w *world) Members(groupKey string) []event.Person {
	b := w.acc.book
	user, ok := b.user(groupKey)
	if !ok {
		return nil
	}
	g, ok := b.contact(user)
	if !ok {
		return nil
	}
	people := make([]event.Person, 0, len(g.Members))
	for _, m := range g.Members {
		p, _ := b.Person(user, m.UserName)
		people = append(people, p)
	}
	return people
}

// OwnsGroup tells whether a group is the account's own.
func (w *world) OwnsGroup(groupKey string) bool {
	user, ok := w.acc.book.user(groupKey)
	if !ok {
		return false
	}
	g, ok := w.acc.book.contact(user)
	return ok && g.IsOwner
}

// Mute leaves a chat alone for a while.
func (w *world) Mute(ctx context.Context, chat event.Chat, d time.Duration) error {
	return w.brakes.mute(ctx, chat, d)
}

// Self is the account.
func (w *world) Self() event.Person {
	p, _ := w.acc.book.Person("", w.acc.book.SelfUserName())
	return p
}

// Settings are those of the rules in force.
func (w *world) Settings() event.Settings { return w.rules.Settings() }

// Notify tells the operator.
func (w *world) Notify(ctx context.Context, text string) error {
	now := w.acc.clock.Now()
	ev := &event.Event{ID: "notice:" + strconv.FormatInt(now.UnixNano(), 10), Time: now}
	settings := w.rules.Settings()
	steps := withTargets([]event.Action{{Kind: event.ActNotify, Message: event.Outgoing{Text: text}}}, settings)
	ds := outbox.Plan(ev, "notice", steps, now, newSendID, settings.Pace.SplitAt)
	if len(ds) == 0 {
		return nil
	}
	ds, err := w.store.Append(ctx, "", false, ds)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	w.outbox.Queue(ds...)
	return nil
}
