package bot

import (
	"context"
	"strings"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/event"
)

// What tells others how the daemon does: the control socket, and health and metrics
// over HTTP.

// startControl starts what serves them.
func (b *Bot) startControl(ctx context.Context, t *tasks) error {
	if b.opts.Config.Socket != "" {
		c, err := control.New(control.Options{
			Path: b.opts.Config.Socket, Group: b.opts.Config.SocketGroup, Daemon: b, Metrics: b.metrics, Logger: b.component("control"),
		})
		if err != nil {
			return err
		}
		if err := c.Listen(ctx); err != nil {
			return err
		}
		t.start(ctx, "control", c.Run)
	}
	if b.opts.Config.Listen == "" {
		return nil
	}
	w, err := control.NewWeb(control.WebOptions{
		Addr: b.opts.Config.Listen, Daemon: b, Metrics: b.metrics, Logger: b.component("control"),
		Alive: func() bool { return !b.stuck.Load() },
	})
	if err != nil {
		return err
	}
	if err := w.Listen(ctx); err != nil {
		return err
	}
	t.start(ctx, "web", w.Run)
	return nil
}

// deliveryEnded counts a delivery. How long an answer took is of interest where
// somebody waited for it.
func (b *Bot) deliveryEnded(d event.Delivery, r event.Result) {
	var took time.Duration
	if d.Action.Kind == event.ActReply && r.Status == event.StatusSent && !d.Asked.IsZero() {
		took = max(r.Receipt.Time.Sub(d.Asked), time.Nanosecond)
	}
	b.metrics.Ended(d.Action.Kind, r.Status, took)
	b.recorder.Ended(d, r)
}

// handled counts an event that was dealt with. Names of rules are counted apart.
func (b *Bot) handled(outcome string) {
	if strings.HasPrefix(outcome, event.OutcomeRule) {
		outcome = "rule"
	}
	if outcome == event.OutcomePoisoned {
		b.poisoned.Add(1)
	}
	b.metrics.Handled(outcome)
}
