package dispatch

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"wxbot/bot/event"
)

// lane is what waits in one chat.
type lane struct {
	queue  []item
	loaded int64 // position of the last event taken into memory
	behind bool  // events after loaded wait in the inbox alone
}

// laneLocked gives the lane of a chat, which runs from now on.
func (d *Dispatcher) laneLocked(key string) *lane {
	l := d.waiting[key]
	if l == nil {
		l = &lane{}
		d.waiting[key] = l
		d.launch(key)
	}
	return l
}

// laneLoop handles what comes in one chat, in order, until nothing is left.
func (d *Dispatcher) laneLoop(ctx context.Context, key string) {
	for {
		it, ok := d.next(ctx, key)
		if !ok {
			return
		}
		// The owner is heard whatever waits to be sent.
		if d.opts.Room != nil && !it.Event.BySelf {
			d.opts.Room(ctx, key)
		}
		d.turn(ctx, it)
	}
}

// next takes the item at the head of a lane, or ends the lane.
func (d *Dispatcher) next(ctx context.Context, key string) (item, bool) {
	wait := retryFloor
	for {
		it, found, done := d.head(ctx, key)
		if found || done {
			return it, found
		}
		if err := d.refill(ctx, key); err != nil {
			d.opts.Logger.Warn().Err(err).Str("chat", key).Dur("wait", wait).Msg("inbox not read")
			pause(ctx, wait)
			wait = min(2*wait, retryCap)
		}
	}
}

// head takes the item at the head of a lane. done tells that the lane has ended;
// otherwise, if none was found, the rest is in the inbox.
func (d *Dispatcher) head(ctx context.Context, key string) (it item, found, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.waiting[key]
	if d.launch == nil || ctx.Err() != nil || len(l.queue) == 0 && !l.behind {
		delete(d.waiting, key)
		d.held -= len(l.queue)
		if l.loaded > d.read {
			d.ahead[key] = l.loaded
		}
		return item{}, false, true
	}
	if len(l.queue) == 0 {
		return item{}, false, false
	}
	it, l.queue = l.queue[0], l.queue[1:]
	return it, true, false
}

// refill reads the next events of a chat from the inbox.
func (d *Dispatcher) refill(ctx context.Context, key string) error {
	d.mu.Lock()
	l := d.waiting[key]
	after := l.loaded
	l.behind = false // what comes from here on sets it again
	d.mu.Unlock()
	limit := d.opts.ChatBound
	entries, err := d.opts.Inbox.Unfinished(ctx, key, after, limit)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		l.behind = true
		return err
	}
	queue := make([]item, 0, len(entries)+len(l.queue))
	for _, e := range entries {
		queue = append(queue, item{Entry: e})
		l.loaded = e.Seq
	}
	// Offer may have given events meanwhile. If there is more in the inbox than was
	// read now, they are behind that; otherwise they follow, or are among it.
	full := len(entries) >= limit
	for _, it := range l.queue {
		switch {
		case it.rule != "", !full && it.Seq > l.loaded:
			queue = append(queue, it)
			l.loaded = max(l.loaded, it.Seq)
		}
	}
	l.behind = l.behind || full
	d.held += len(queue) - len(l.queue)
	l.queue = queue
	return nil
}

// turn handles one item and writes what came of it.
func (d *Dispatcher) turn(ctx context.Context, it item) {
	begun := d.begin(&it)
	out := d.guarded(ctx, &it)
	d.traced(ctx, &it, out, begun)
	if out.keep {
		return
	}
	seqs := it.seqs()
	// What the stop cut short is handled anew after the restart.
	ended := ctx.Err() == nil || len(out.firings) > 0
	if !out.done && ended {
		d.finish(ctx, seqs, out, &it.Event)
	}
	if ended && d.opts.Handled != nil {
		d.opts.Handled(out.text)
	}
	d.release(len(seqs))
}

// seqs gives the positions of what a turn is about.
func (it *item) seqs() []int64 {
	if it.parts == nil {
		return []int64{it.Seq}
	}
	out := make([]int64, len(it.parts))
	for i, e := range it.parts {
		out[i] = e.Seq
	}
	return out
}

// outcome is what came of offering an event.
type outcome struct {
	text    string
	firings []event.Firing
	keep    bool // it gathers: not done yet, not let go
	gather  event.Gather
	done    bool // it is marked done already, or will be by who holds it
}

// guarded is the border at which a panic of a rule or of the host's own code ends
// one event and not the daemon. What ends the daemon all the same, again and again,
// is let alone at last.
func (d *Dispatcher) guarded(ctx context.Context, it *item) (out outcome) {
	if it.Deaths >= deadly {
		d.opts.Logger.Error().Str("msg", it.Event.ID).Str("chat", it.Event.Chat.Key).Int("deaths", it.Deaths).
			Msg("event poisoned: the daemon died each time it was handled; skipped")
		return outcome{text: event.OutcomePoisoned}
	}
	defer func() {
		if r := recover(); r != nil {
			d.opts.Logger.Error().Str("msg", it.Event.ID).Str("chat", it.Event.Chat.Key).
				Str("panic", fmt.Sprint(r)).Bytes("stack", debug.Stack()).Msg("handler panicked")
			out = outcome{text: event.OutcomePanic}
		}
	}()
	if it.rule != "" {
		out, _ := d.rules(it, "", it.rule)
		return out
	}
	return d.handle(ctx, it)
}

// handle offers one event in the promised order.
func (d *Dispatcher) handle(ctx context.Context, it *item) outcome {
	ev := &it.Event
	ev.Seq = it.Seq
	if ev.Kind == event.KindSystem {
		return outcome{text: event.OutcomeNotice}
	}
	if ev.Kind == event.KindTick {
		return d.tick(it)
	}
	reason := d.opts.Prepare.Prepare(ctx, ev)
	d.opts.Plugins.Observe(ctx, ev)
	if reason != "" {
		return outcome{text: reason}
	}
	if d.stale(ev) {
		d.ownerWrote(ctx, ev)
		return outcome{text: event.OutcomeStale}
	}
	if d.opts.Admin != nil {
		if answers, ok := d.opts.Admin(ctx, ev); ok {
			return outcome{text: event.OutcomeAdmin, firings: answers}
		}
	}
	if reason := d.silent(ev); reason != "" {
		d.ownerWrote(ctx, ev)
		return outcome{text: reason}
	}
	if claim := d.dialogue(ctx, ev); claim != event.Unclaimed {
		return outcome{text: event.OutcomeAnswer, done: claim == event.Held || claim == event.Answered}
	}
	if d.opts.Plugins.Filter(ctx, ev) {
		d.ownerWrote(ctx, ev)
		return outcome{text: event.OutcomeFiltered}
	}
	command, run := d.command(ev)
	out, ended := d.rules(it, command, "")
	if out.keep {
		d.gather(*it, out.gather)
	}
	if out.text == event.OutcomeNothing && !out.keep {
		d.ownerWrote(ctx, ev)
	}
	if ended {
		return out
	}
	return d.after(ctx, it, run, out)
}

// tick asks the rules about one of them that is due. Nobody did anything, so nobody
// else is asked, and no loop is guarded.
func (d *Dispatcher) tick(it *item) outcome {
	if d.stale(&it.Event) {
		return outcome{text: event.OutcomeStale}
	}
	out := outcome{text: event.OutcomeNothing, firings: d.decide(it, "", "").Firings}
	for _, f := range out.firings {
		if !f.DryRun {
			out.text = event.OutcomeRule + f.Rule
		}
	}
	return out
}

// ownerWrote tells of a message that the account's owner wrote and no rule took.
func (d *Dispatcher) ownerWrote(ctx context.Context, ev *event.Event) {
	if ev.BySelf && ev.Kind == event.KindMessage && d.opts.Owner != nil {
		d.opts.Owner(ctx, ev)
	}
}

// silent tells why nothing may answer an event now.
func (d *Dispatcher) silent(ev *event.Event) string {
	if d.guard.muted(ev, d.opts.Clock.Now()) {
		return event.OutcomeMuted
	}
	if d.opts.Silent != nil {
		return d.opts.Silent(ev)
	}
	return ""
}

// dialogue offers a message to the question that may wait for it.
func (d *Dispatcher) dialogue(ctx context.Context, ev *event.Event) event.Claim {
	if d.opts.Dialogues == nil || ev.Kind != event.KindMessage || ev.Message == nil {
		return event.Unclaimed
	}
	return d.opts.Dialogues.Answer(ctx, ev, func() bool {
		text := strings.TrimSpace(ev.Message.Text)
		prefixed := slices.ContainsFunc(d.opts.Rules.Settings().Prefixes, func(p string) bool {
			return p != "" && strings.HasPrefix(text, p)
		})
		if !prefixed {
			return false
		}
		rule, run := d.command(ev)
		return rule != "" || run != nil
	})
}

// command resolves whose command the message calls: the longest name wins, a tie
// goes to the rules. It returns the rule's name, or how to run the plugin's.
func (d *Dispatcher) command(ev *event.Event) (rule string, run func(context.Context) event.Claim) {
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
func (d *Dispatcher) rules(it *item, command, gathered string) (out outcome, ended bool) {
	ev := &it.Event
	dec := d.decide(it, command, gathered)
	out = outcome{text: event.OutcomeNothing, firings: dec.Firings}
	for _, f := range dec.Firings {
		if !f.DryRun {
			out.text = event.OutcomeRule + f.Rule
		}
	}
	if out.text != event.OutcomeNothing && command == "" {
		d.answered(ev)
	}
	if len(dec.Gather) > 0 {
		out.text, out.keep, out.gather = event.OutcomeGathered, true, dec.Gather[0]
		return out, true
	}
	return out, dec.Ended
}

// decide asks the rules, with a mark for the case that this ends the process.
func (d *Dispatcher) decide(it *item, command, gathered string) event.Decision {
	for _, seq := range it.seqs() {
		defer d.opts.Inbox.Running(seq)()
	}
	dec := d.opts.Rules.Decide(&it.Event, command, gathered)
	if t := it.trace; t != nil {
		t.Rules, t.Command, t.Gathered, t.Held = dec.Rev, command, gathered, dec.Verdicts
	}
	return dec
}

// answered tells the loop guard that ev is being answered. Admins are no machines.
func (d *Dispatcher) answered(ev *event.Event) {
	settings := d.opts.Rules.Settings()
	limit := settings.LoopGuard
	if ev.Chat.Kind == event.ChatSelf || ev.Sender.Remark != "" && slices.Contains(settings.Admins, ev.Sender.Remark) {
		return
	}
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
// decided is committed before: the event has been answered from then on.
func (d *Dispatcher) after(ctx context.Context, it *item, run func(context.Context) event.Claim, out outcome) outcome {
	ev := &it.Event
	if out.text != event.OutcomeNothing {
		d.finish(ctx, []int64{it.Seq}, out, ev)
		out.done = true
	}
	claim, text := event.Unclaimed, event.OutcomePlugin
	if run != nil {
		claim, text = run(ctx), event.OutcomeCommand
	}
	if claim == event.Unclaimed {
		if claim = d.opts.Plugins.On(ctx, ev); claim == event.Unclaimed && out.text == event.OutcomeNothing {
			claim = d.opts.Plugins.Fallback(ctx, ev)
		}
		text = event.OutcomePlugin
	}
	if claim == event.Unclaimed {
		return out
	}
	if text != event.OutcomeCommand {
		d.answered(ev)
	}
	out.done = out.done || claim == event.Held || claim == event.Answered && len(out.firings) == 0
	if out.text == event.OutcomeNothing {
		out.text = text
	}
	return out
}

func (d *Dispatcher) stale(ev *event.Event) bool {
	limit := d.opts.Rules.Settings().Pace.Stale
	return limit > 0 && !ev.Time.IsZero() && d.opts.Clock.Now().Sub(ev.Time) > limit
}

// finish writes the end of events, again and again until it is written or the
// dispatcher stops: an event that is not done would be handled anew.
func (d *Dispatcher) finish(ctx context.Context, seqs []int64, out outcome, ev *event.Event) {
	wait := retryFloor
	for {
		err := d.opts.Inbox.Finish(context.WithoutCancel(ctx), seqs, out.text, ev, out.firings)
		if err == nil {
			d.opts.Logger.Debug().Str("msg", ev.ID).Str("chat", ev.Chat.Key).Str("kind", string(ev.Kind)).
				Str("outcome", out.text).Int("fired", len(out.firings)).Msg("event done")
			return
		}
		d.opts.Logger.Error().Err(err).Str("msg", ev.ID).Dur("wait", wait).Msg("event not marked done")
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, retryCap)
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
