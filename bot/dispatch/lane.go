package dispatch

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"wxbot/bot/event"
)

// The outcomes that the inbox keeps for an event, besides "rule NAME" and the
// reasons that a Preparer gives.
const (
	outcomeNothing = "nothing answered"
	outcomeFilter  = "dropped by a filter"
	outcomeMuted   = "loop guard"
	outcomePlugin  = "plugin"
	outcomeCommand = "plugin command"
	outcomeNotice  = "notice of WeChat"
	outcomePanic   = "handler panicked"
	outcomeStale   = "expired"
)

// laneLoop handles what comes in one chat, in order, until nothing is left.
func (d *Dispatcher) laneLoop(ctx context.Context, key string) {
	for {
		it, ok := d.next(key)
		if !ok {
			return
		}
		out := d.guarded(ctx, it)
		if out.keep {
			continue
		}
		if ctx.Err() != nil && len(out.firings) == 0 {
			// Cut short by the stop: it is handled anew after the restart.
			d.release(max(len(it.parts), 1))
			continue
		}
		ids := []string{it.ev.ID}
		if it.parts != nil {
			ids = ids[:0]
			for _, ev := range it.parts {
				ids = append(ids, ev.ID)
			}
		}
		d.finish(ctx, ids, out, it.ev)
		d.release(len(ids))
	}
}

// outcome is what came of offering an event.
type outcome struct {
	text    string
	firings []event.Firing
	keep    bool // it gathers: not done yet, not let go
}

// guarded is the border at which a panic of a rule or of the host's own code ends
// one event and not the daemon.
func (d *Dispatcher) guarded(ctx context.Context, it item) (out outcome) {
	defer func() {
		if r := recover(); r != nil {
			d.opts.Logger.Error().Str("msg", it.ev.ID).Str("chat", it.ev.Chat.Key).
				Str("panic", fmt.Sprint(r)).Bytes("stack", debug.Stack()).Msg("handler panicked")
			out = outcome{text: outcomePanic}
		}
	}()
	if it.rule != "" {
		out, _ := d.rules(it.ev, "", it.rule)
		return out
	}
	return d.handle(ctx, it.ev)
}

// handle offers one event in the promised order.
func (d *Dispatcher) handle(ctx context.Context, ev *event.Event) outcome {
	if ev.Kind == event.KindSystem {
		return outcome{text: outcomeNotice}
	}
	reason := d.opts.Prepare.Prepare(ctx, ev)
	d.opts.Plugins.Observe(ctx, ev)
	if reason != "" {
		return outcome{text: reason}
	}
	if d.stale(ev) {
		return outcome{text: outcomeStale}
	}
	if d.guard.muted(ev, d.opts.Clock.Now()) {
		return outcome{text: outcomeMuted}
	}
	if d.opts.Plugins.Filter(ctx, ev) {
		return outcome{text: outcomeFilter}
	}
	command, run := d.command(ev)
	out, ended := d.rules(ev, command, "")
	if ended {
		return out
	}
	return d.after(ctx, ev, run, out)
}

// command resolves whose command the message calls: the longest name wins, a tie
// goes to the rules. It returns the rule's name, or how to run the plugin's.
func (d *Dispatcher) command(ev *event.Event) (rule string, run func(context.Context) bool) {
	if ev.Kind != event.KindMessage {
		return "", nil
	}
	rule, ruleName, byRule := d.opts.Rules.CommandName(ev)
	pluginName, run, byPlugin := d.opts.Plugins.Resolve(ev)
	switch {
	case byRule && byPlugin && len(pluginName) > len(ruleName):
		return "", run
	case byRule:
		return rule, nil
	case byPlugin:
		return "", run
	}
	return "", nil
}

// rules asks the rules. ended is false if plugins come next.
func (d *Dispatcher) rules(ev *event.Event, command, gathered string) (out outcome, ended bool) {
	dec := d.opts.Rules.Decide(ev, command, gathered)
	out = outcome{text: outcomeNothing, firings: dec.Firings}
	for _, f := range dec.Firings {
		if !f.DryRun {
			out.text = "rule " + f.Rule
		}
	}
	if out.text != outcomeNothing {
		d.answered(ev)
	}
	if len(dec.Gather) > 0 {
		d.gather(ev, dec.Gather[0])
		out.keep = true
		return out, true
	}
	return out, dec.Ended
}

// answered tells the loop guard that ev is being answered.
func (d *Dispatcher) answered(ev *event.Event) {
	limit := d.opts.Rules.Settings().LoopGuard
	if d.guard.answered(ev, d.opts.Clock.Now(), limit) {
		d.opts.Logger.Warn().Str("chat", ev.Chat.Key).Str("sender", ev.Sender.Key).
			Dur("mute", limit.Mute).Msg("loop guard muted a sender")
		if d.opts.Muted != nil {
			d.opts.Muted(ev)
		}
	}
}

// Sent tells the loop guard that something of ours arrived in a chat.
func (d *Dispatcher) Sent(chat string, at time.Time) { d.guard.sent(chat, at) }

// after offers what the rules left to the plugins. What rules with "continue"
// decided goes along.
func (d *Dispatcher) after(ctx context.Context, ev *event.Event, run func(context.Context) bool, out outcome) outcome {
	claimed := ""
	switch {
	case run != nil && run(ctx):
		claimed = outcomeCommand
	case d.opts.Plugins.On(ctx, ev):
		claimed = outcomePlugin
	case out.text == outcomeNothing && d.opts.Plugins.Fallback(ctx, ev):
		claimed = outcomePlugin
	}
	if claimed != "" {
		d.answered(ev)
		if out.text == outcomeNothing {
			out.text = claimed
		}
	}
	return out
}

func (d *Dispatcher) stale(ev *event.Event) bool {
	limit := d.opts.Rules.Settings().Pace.Stale
	return limit > 0 && !ev.Time.IsZero() && d.opts.Clock.Now().Sub(ev.Time) > limit
}

// finish writes the end of events, again and again until it is written or the
// dispatcher stops: an event that is not done would be handled anew.
func (d *Dispatcher) finish(ctx context.Context, ids []string, out outcome, ev *event.Event) {
	wait := retryFloor
	for {
		err := d.opts.Inbox.Finish(context.WithoutCancel(ctx), ids, out.text, ev, out.firings)
		if err == nil {
			d.opts.Logger.Debug().Str("msg", ev.ID).Str("chat", ev.Chat.Key).Str("kind", string(ev.Kind)).
				Str("outcome", out.text).Int("fired", len(out.firings)).Msg("event done")
			return
		}
		d.opts.Logger.Error().Err(err).Str("msg", ev.ID).Dur("wait", wait).Msg("event not marked done")
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		wait = min(2*wait, retryCap)
	}
}
