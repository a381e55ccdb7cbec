package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// flight is one step under way, with what was known when it set out.
type flight struct {
	sequence *sequence
	step     event.Delivery
	past     past
	since    time.Time
	settings event.Settings
	place    place
	held     event.Brake
	// end takes the mark back that it is under way; nil without one.
	end func(written bool)
}

// retry says when to try again; without why it is over.
type retry struct {
	why      error
	after    time.Duration
	past     past
	throttle bool
	notReady bool
	// idle: the server did nothing and was, as far as limits go, not asked.
	idle bool
}

// carry does the first step of a sequence and settles what comes of it.
func (o *Outbox) carry(ctx context.Context, f flight) {
	defer o.signal()
	if f.step.Action.Kind == event.ActWait && f.step.NotBefore.IsZero() {
		o.beginWait(ctx, f)
		return
	}
	r, again := o.attempt(ctx, &f)
	written := false
	defer func() {
		if f.end != nil {
			f.end(written)
		}
	}()
	if again.idle {
		o.mu.Lock()
		o.pacer.giveBack(f.step, f.place)
		o.mu.Unlock()
	}
	if again.why == nil {
		if written = o.settle(ctx, f, r); !written {
			f.end = nil // the mark is all that is known of it
		}
		return
	}
	if reason := o.droppedReason(f.sequence); reason != "" {
		o.settle(ctx, f, event.Result{ID: f.step.ID, Status: event.StatusFailed, Reason: reason, Tries: r.Tries, First: r.First})
		return
	}
	o.note(ctx, f, again)
	o.postpone(ctx, f, again)
}

// beginWait draws how long a wait step takes, and writes it, so that a restart
// does not begin it anew.
func (o *Outbox) beginWait(ctx context.Context, f flight) {
	d := f.step
	d.NotBefore = o.opts.Clock.Now().Add(o.draw(d.Action.Wait))
	err := o.write(ctx, event.Result{ID: d.ID, Status: event.StatusPending, NotBefore: d.NotBefore}, nil)
	if err != nil {
		o.postpone(ctx, f, retry{why: err, after: retryLeast})
		return
	}
	if reason := o.droppedReason(f.sequence); reason != "" {
		o.settle(ctx, f, event.Result{ID: d.ID, Status: event.StatusFailed, Reason: reason})
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.landLocked(f.sequence)
	f.sequence.due = time.Time{}
	if i := slices.IndexFunc(f.sequence.steps, func(x event.Delivery) bool { return x.ID == d.ID }); i >= 0 {
		f.sequence.steps[i] = d
	}
}

// landLocked ends a flight.
func (o *Outbox) landLocked(s *sequence) {
	s.flying, s.chat.flying = false, false
	o.flying--
}

// attempt does a delivery if it may still be done, and judges the outcome.
func (o *Outbox) attempt(ctx context.Context, f *flight) (event.Result, retry) {
	d, now := f.step, o.opts.Clock.Now()
	r := event.Result{ID: d.ID, Tries: f.past.tries, First: f.past.first, Receipt: event.Receipt{Time: now}, Held: f.held}
	if d.Action.Kind == event.ActWait {
		r.Status = event.StatusSent
		return r, retry{idle: true}
	}
	if f.past.unclear && (!repeatable(d) || now.Sub(f.past.first) >= unclearMost) {
		r.Status, r.Reason = event.StatusUnknown, "the daemon was stopped while doing it"
		if repeatable(d) {
			r.Reason = "no clear answer for " + unclearMost.String()
		}
		return r, retry{idle: true}
	}
	if reason, status := o.held(*f, now); status != "" {
		r.Status, r.Reason, r.Held = status, reason, brakeOf(d, status)
		return r, retry{idle: true}
	}
	if !repeatable(d) {
		// It must be known after a crash that it may have been done.
		mark := event.Result{ID: d.ID, Status: event.StatusPending, Tries: 1, First: now, NotBefore: d.NotBefore}
		if err := o.write(ctx, mark, nil); err != nil {
			return r, retry{why: err, after: retryLeast, past: f.past, idle: true}
		}
	}
	if r.First.IsZero() {
		r.First = now
	}
	r.Tries++
	if d.Action.Kind == event.ActRevoke {
		// What it withdraws may have been sent this instant.
		if err := o.opts.Store.Sync(ctx); err != nil {
			return r, retry{why: err, after: retryLeast, past: f.past, idle: true}
		}
	}
	sent, end := o.opts.Store.Sending(d.ID, r.First)
	f.end = end
	bounded, cancel := context.WithTimeout(ctx, sendMost)
	receipt, err := o.opts.Sender.Deliver(bounded, d)
	cancel()
	if err == nil {
		if receipt.Time.IsZero() {
			receipt.Time = o.opts.Clock.Now()
		}
		sent(receipt)
	}
	return o.judge(ctx, *f, r, receipt, err)
}

// repeatable tells what may be done again after an unclear outcome: what bears a
// client message id, by which the server knows it.
func repeatable(d event.Delivery) bool { return isMessage(d) || d.Action.Kind == event.ActLog }

// judge turns the sender's answer into a result, or into a time to try again.
func (o *Outbox) judge(ctx context.Context, f flight, r event.Result, receipt event.Receipt, err error) (event.Result, retry) {
	d, now := f.step, o.opts.Clock.Now()
	if r.Receipt.Time = now; err == nil {
		r.Status, r.Receipt = event.StatusSent, receipt
		r.Follow = d.Follow(r.Receipt)
		return r, retry{}
	}
	r.Reason = err.Error()
	unclear := errors.Is(err, ErrUnknown)
	again := retry{why: err, past: past{tries: r.Tries, first: r.First, unclear: f.past.unclear || unclear}}
	switch {
	case errors.Is(err, ErrNotReady):
		return r, retry{why: err, after: notReadyWait, past: f.past, notReady: true, idle: true}
	case errors.Is(err, ErrThrottled):
		return r, retry{why: err, past: f.past, throttle: true, idle: true}
	case errors.Is(err, ErrPermanent):
		r.Status, r.Held = event.StatusFailed, heldBy(err, r.Held)
	case errors.Is(err, ErrObsolete):
		r.Status, r.Held = event.StatusExpired, heldBy(err, r.Held)
		return r, retry{idle: true}
	case unclear && !repeatable(d), again.past.unclear && now.Sub(r.First) >= unclearMost:
		r.Status = event.StatusUnknown
	case errors.Is(err, ErrTwice) && r.Tries >= 2, now.Sub(r.First) >= undoneMost:
		r.Status = event.StatusFailed
		if again.past.unclear {
			r.Status = event.StatusUnknown
		}
	case ctx.Err() != nil:
		again.after = retryLeast
		return r, again
	default:
		pause := min(retryLeast<<min(r.Tries-1, 10), retryMost)
		again.after = pause/2 + time.Duration(o.opts.Random()*float64(pause/2))
		return r, again
	}
	return r, retry{}
}

// note keeps what a restart must know of a try that is to be repeated: that a
// message may be out already, or that what is done only once was not done.
func (o *Outbox) note(ctx context.Context, f flight, again retry) {
	mark := event.Result{ID: f.step.ID, Status: event.StatusPending, NotBefore: f.step.NotBefore}
	switch {
	case !repeatable(f.step):
	case again.past.unclear && !f.past.unclear:
		mark.Tries, mark.First = again.past.tries, again.past.first
	default:
		return
	}
	if err := o.write(ctx, mark, nil); err != nil {
		o.opts.Logger.Error().Err(err).Int64("delivery", f.step.ID).Msg("try not noted: a restart will take it otherwise")
	}
}

// revokeMost is how long after sending the server lets a message be withdrawn.
const revokeMost = 2 * time.Minute

// held says what keeps a delivery from being done at this moment: it comes too
// late, somebody is never to be written to, or nothing is sent at all.
func (o *Outbox) held(f flight, now time.Time) (reason string, status event.Status) {
	d, settings := f.step, f.settings
	switch d.Action.Kind {
	case event.ActNotify, event.ActLog, event.ActWebhook, event.ActWait:
		return "", ""
	case event.ActRevoke:
		if d.Handler != "" && !d.NotBefore.IsZero() && now.Sub(d.Asked) >= revokeMost {
			return "too old to be withdrawn", event.StatusFailed
		}
		return o.heldByMode(d, settings)
	case event.ActReply, event.ActSend, event.ActForward, event.ActAccept, event.ActRemark, event.ActInvite, event.ActCall,
		event.ActRename, event.ActPin, event.ActRead:
	}
	if name, ok := never(d, settings.Never); ok {
		return fmt.Sprintf("%q is in settings.never", name), event.StatusFailed
	}
	if stale := settings.Pace.Stale; stale > 0 && goesStale(d) {
		// What waited for the step before it, or for its own time, is asked for
		// anew when that is over.
		since := later(later(d.Asked, d.NotBefore), f.since)
		if waited(since, now, d.Action.Unsolicited, settings.Pace.Quiet, settings.Location) > stale {
			return "waited longer than " + stale.String(), event.StatusExpired
		}
	}
	return o.heldByMode(d, settings)
}

// goesStale tells what is of no use when it comes late. A friend is accepted, and
// named, whenever the daily cap allows.
func goesStale(d event.Delivery) bool {
	return d.Action.Kind != event.ActAccept && d.Action.Kind != event.ActRemark
}

func never(d event.Delivery, names []string) (string, bool) {
	for _, n := range names {
		if n != "" && (n == d.Chat.Name || n == d.Chat.Was || slices.Contains(d.Action.To, n)) {
			return n, true
		}
	}
	return "", false
}

func (o *Outbox) heldByMode(d event.Delivery, settings event.Settings) (string, event.Status) {
	if settings.Mode != event.ModeTrial {
		return "", ""
	}
	o.opts.Logger.Info().Str("chat", d.Chat.Key).Str("handler", d.Handler).
		Str("action", string(d.Action.Kind)).Msg("trial mode: not done")
	o.opts.Notify(settings.Words.Say(event.SayTried, "to", trialTarget(d), "text", trialText(d, settings.Speaks())))
	return "trial mode", event.StatusTrial
}

func trialTarget(d event.Delivery) string {
	switch {
	case len(d.Action.To) > 0:
		return d.Action.To[0]
	case d.Chat.Name != "":
		return d.Chat.Name
	}
	return d.Chat.Key
}

func trialText(d event.Delivery, l lang.Language) string {
	if m := d.Action.Message; m.Text != "" {
		return m.Text
	}
	return "[" + d.Action.Kind.Text().In(l) + "]"
}

// settle writes the outcome and lets the sequence go on, or ends it: a step that
// did not end well takes those after it along, in the same transaction. It reports
// whether the outcome is written.
func (o *Outbox) settle(ctx context.Context, f flight, r event.Result) (written bool) {
	s, d := f.sequence, f.step
	well := r.Status == event.StatusSent || r.Status == event.StatusTrial
	if !well {
		r.RestReason = fmt.Sprintf("step %d ended as %s", d.Step+1, r.Status)
		o.mu.Lock()
		for _, later := range s.steps {
			if dependsOn(later, d) {
				r.Rest = append(r.Rest, later.ID)
			}
		}
		o.mu.Unlock()
	}
	if soon(f, r) {
		wait := o.opts.Store.ResolveSoon(r)
		o.land(ctx, f, r, nil)
		o.signal()
		if err := wait(); err != nil {
			return o.write(ctx, r, nil) == nil
		}
		return true
	}
	var follow []event.Delivery
	if err := o.write(ctx, r, &follow); err != nil {
		// The outcome is not durable: the step stays, as after a crash.
		o.postpone(ctx, f, retry{why: err, after: retryMost, past: past{tries: r.Tries, first: r.First, unclear: true}})
		return false
	}
	o.land(ctx, f, r, follow)
	return true
}

// soon tells whether the next step may go before the outcome is written: a kill in
// between finds the mark that the server accepted it, and after a power cut the
// server knows the repeated message by its client id.
func soon(f flight, r event.Result) bool {
	return f.end != nil && isMessage(f.step) && r.Status == event.StatusSent && len(r.Follow) == 0
}

// land takes a step with its outcome out of memory and lets what follows go.
func (o *Outbox) land(ctx context.Context, f flight, r event.Result, follow []event.Delivery) {
	s, d, now := f.sequence, f.step, o.opts.Clock.Now()
	o.log(d, r)
	if r.Status != event.StatusSent && r.Status != event.StatusTrial {
		o.complain(d, r, now)
	}
	if r.Status == event.StatusSent {
		o.mu.Lock()
		lifted := o.pacer.worked(classOf(d), now)
		o.mu.Unlock()
		if lifted {
			o.keepStops(ctx)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.landLocked(s)
	o.countLocked(d, r)
	o.removeLocked(s, d.ID, end{r.Status, r.Reason})
	for _, id := range r.Rest {
		if i := slices.IndexFunc(s.steps, func(x event.Delivery) bool { return x.ID == id }); i >= 0 {
			o.countLocked(s.steps[i], event.Result{ID: id, Status: event.StatusFailed, Reason: r.RestReason, Held: event.BrakeStep, Receipt: event.Receipt{Time: now}})
		}
		o.removeLocked(s, id, end{event.StatusFailed, r.RestReason})
	}
	s.since = now
	for _, next := range follow {
		o.addLocked(next)
	}
}

// dependsOn tells what of a sequence is not done if a step was not: the steps after
// it, and what else was to go to the same chat.
func dependsOn(later, failed event.Delivery) bool {
	return later.ID != failed.ID && (later.Step != failed.Step || slices.Equal(later.Action.To, failed.Action.To))
}

// complainAgain is how long a handler's failures are not told again.
const complainAgain = 10 * time.Minute

// complain tells the operator of a step that was not done, or perhaps not. What
// came too late is only counted, and a notice that fails is not told by another.
func (o *Outbox) complain(d event.Delivery, r event.Result, now time.Time) {
	if d.Action.Kind == event.ActNotify || d.Action.Kind == event.ActRevoke || r.Status == event.StatusExpired ||
		r.Reason == event.ReasonForgotten {
		return
	}
	o.mu.Lock()
	at, told := o.complained[d.Handler]
	told = told && now.Sub(at) < complainAgain
	if !told {
		if len(o.complained) >= chatCap {
			clear(o.complained)
		}
		o.complained[d.Handler] = now
	}
	o.mu.Unlock()
	if told {
		return
	}
	what := event.SayStepFailed
	if r.Status == event.StatusUnknown {
		what = event.SayStepUnknown
	}
	settings := o.opts.Settings()
	o.opts.Notify(settings.Words.Say(what, "handler", d.Handler, "to", trialTarget(d),
		"step", strconv.Itoa(d.Step+1), "action", d.Action.Kind.Text().In(settings.Speaks()), "why", r.Reason))
}

func (o *Outbox) countLocked(d event.Delivery, r event.Result) {
	if o.opts.Ended != nil {
		o.opts.Ended(d, r)
	}
	switch r.Status {
	case event.StatusSent:
		o.counts.Sent++
	case event.StatusFailed:
		o.counts.Failed++
	case event.StatusUnknown:
		o.counts.Unknown++
	case event.StatusExpired:
		o.counts.Expired++
	case event.StatusTrial:
		o.counts.Trial++
	case event.StatusPending:
	}
}

func (o *Outbox) log(d event.Delivery, r event.Result) {
	level := zerolog.DebugLevel
	switch r.Status {
	case event.StatusFailed, event.StatusUnknown, event.StatusExpired:
		level = zerolog.WarnLevel
	case event.StatusSent, event.StatusTrial, event.StatusPending:
	}
	o.opts.Logger.WithLevel(level).Int64("delivery", d.ID).Str("chat", d.Chat.Key).Str("handler", d.Handler).
		Str("action", string(d.Action.Kind)).Str("status", string(r.Status)).Str("reason", nameless(d, r.Reason)).Msg("delivery ended")
}

// nameless takes the quoted names out of a reason: the log does not tell whom
// somebody knows.
func nameless(d event.Delivery, reason string) string {
	for _, name := range append(slices.Clip(d.Action.To), d.Chat.Name) {
		if name != "" {
			reason = strings.ReplaceAll(reason, strconv.Quote(name), "…")
		}
	}
	return reason
}

// postpone puts a step back until it is worth another try.
func (o *Outbox) postpone(ctx context.Context, f flight, again retry) {
	s, d, now := f.sequence, f.step, o.opts.Clock.Now()
	if again.throttle {
		o.throttled(ctx, classOf(d), again.why)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.landLocked(s)
	s.past = again.past
	s.notReady, s.why = again.notReady, again.why
	if again.notReady {
		s.held = heldBy(again.why, event.BrakeLogin)
	}
	// An answer keeps its place in the chat, unless it takes too long.
	s.parked = d.Action.Kind != event.ActReply || !s.past.first.IsZero() && now.Sub(s.past.first) >= unclearMost
	if again.throttle {
		s.due = now // the class's stop holds it
		return
	}
	s.due = now.Add(again.after)
	o.opts.Logger.Debug().Str("error", nameless(d, again.why.Error())).Int64("delivery", d.ID).Int("attempt", s.past.tries).
		Dur("wait", again.after).Msg("delivery tried again later")
}

// write stores a result, again and again while the store says no: what is not
// written would be done again. It gives up with ctx.
func (o *Outbox) write(ctx context.Context, r event.Result, follow *[]event.Delivery) error {
	wait := retryLeast
	for {
		got, err := o.opts.Store.Resolve(context.WithoutCancel(ctx), r)
		if err == nil {
			if follow != nil {
				*follow = got
			}
			return nil
		}
		o.opts.Logger.Error().Err(err).Int64("delivery", r.ID).Dur("wait", wait).Msg("outcome not written")
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return err
		case <-t.C:
		}
		wait = min(2*wait, retryMost)
	}
}
