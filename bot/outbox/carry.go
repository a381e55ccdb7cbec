package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
)

// carry does the first step of a sequence and settles what comes of it.
func (o *Outbox) carry(ctx context.Context, s *sequence, d event.Delivery, settings event.Settings) {
	r, again := o.attempt(ctx, d, settings)
	if again.why == nil {
		o.settle(ctx, s, d, r)
	} else {
		o.postpone(s, d, again)
	}
	o.signal()
}

// retry says when to try again; without why it is over.
type retry struct {
	why      error
	after    time.Duration
	throttle bool
	notReady bool
	tries    int
	first    time.Time
}

// attempt does a delivery if it may still be done, and judges the outcome.
func (o *Outbox) attempt(ctx context.Context, d event.Delivery, settings event.Settings) (event.Result, retry) {
	now := o.opts.Clock.Now()
	r := event.Result{ID: d.ID, Tries: d.Tries, First: d.First, Receipt: event.Receipt{Time: now}}
	if d.Action.Kind == event.ActWait {
		r.Status = event.StatusSent
		return r, retry{}
	}
	if reason, status := o.held(d, now, settings); status != "" {
		r.Status, r.Reason = status, reason
		return r, retry{}
	}
	if !repeatable(d) {
		if d.Tries > 0 {
			r.Status, r.Reason = event.StatusUnknown, "the daemon was stopped while doing it"
			return r, retry{}
		}
		// It must be known after a crash that it may have been done.
		mark := event.Result{ID: d.ID, Status: event.StatusPending, Tries: 1, First: now, NotBefore: d.NotBefore}
		if err := o.write(ctx, mark, nil); err != nil {
			return r, retry{why: err, after: retryLeast}
		}
	}
	if r.First.IsZero() {
		r.First = now
	}
	r.Tries++
	bounded, cancel := context.WithTimeout(ctx, sendMost)
	receipt, err := o.opts.Sender.Deliver(bounded, d)
	cancel()
	return o.judge(ctx, d, r, receipt, err)
}

// repeatable tells what may be done again after an unclear outcome: what bears a
// client message id, by which the server knows it.
func repeatable(d event.Delivery) bool { return isMessage(d) || d.Action.Kind == event.ActLog }

// judge turns the sender's answer into a result, or into a time to try again.
func (o *Outbox) judge(ctx context.Context, d event.Delivery, r event.Result, receipt event.Receipt, err error) (event.Result, retry) {
	now := o.opts.Clock.Now()
	again := retry{why: err, tries: r.Tries, first: r.First}
	if r.Receipt.Time = now; err == nil {
		r.Status, r.Receipt = event.StatusSent, receipt
		if r.Receipt.Time.IsZero() {
			r.Receipt.Time = now
		}
		if d.Action.Message.RevokeAfter > 0 && r.Receipt.MsgID != "" {
			r.Follow = []event.Delivery{revocation(d, r.Receipt)}
		}
		return r, retry{}
	}
	r.Reason = err.Error()
	switch {
	case errors.Is(err, ErrNotReady):
		again.notReady, again.after = true, notReadyWait
		again.tries, again.first = d.Tries, d.First
		if !repeatable(d) {
			again.tries = 0
		}
		return r, again
	case errors.Is(err, ErrThrottled):
		again.throttle = true
		again.tries = d.Tries
		return r, again
	case errors.Is(err, ErrPermanent):
		r.Status = event.StatusFailed
		return r, retry{}
	case errors.Is(err, ErrUnknown) && (!repeatable(d) || now.Sub(r.First) >= unclearMost):
		r.Status = event.StatusUnknown
		return r, retry{}
	case errors.Is(err, ErrTwice) && r.Tries >= 2, now.Sub(r.First) >= undoneMost:
		r.Status = event.StatusFailed
		return r, retry{}
	case ctx.Err() != nil:
		again.after = retryLeast
		return r, again
	}
	pause := min(retryLeast<<min(r.Tries-1, 10), retryMost)
	again.after = pause/2 + time.Duration(o.opts.Random()*float64(pause/2))
	if !repeatable(d) {
		again.tries = 0
	}
	return r, again
}

// revocation is the delivery that withdraws a message in time.
func revocation(d event.Delivery, r event.Receipt) event.Delivery {
	chat := d.Chat
	if r.Chat != "" && r.Chat != chat.Key {
		chat = event.Chat{Key: r.Chat}
	}
	return event.Delivery{
		Event: d.Event, Handler: "revoke:" + d.Handler + "#" + strconv.Itoa(d.N), Chat: chat,
		Action:   event.Action{Kind: event.ActRevoke, Revoke: strconv.FormatInt(d.ID, 10)},
		ClientID: d.ClientID, Created: r.Time, Asked: r.Time, NotBefore: r.Time.Add(d.Action.Message.RevokeAfter),
	}
}

// revokeMost is how long after sending the server lets a message be withdrawn.
const revokeMost = 2 * time.Minute

// held says what keeps a delivery from being done at this moment: it comes too
// late, somebody is never to be written to, or nothing is sent at all.
func (o *Outbox) held(d event.Delivery, now time.Time, settings event.Settings) (reason string, status event.Status) {
	switch d.Action.Kind {
	case event.ActNotify, event.ActLog, event.ActWebhook, event.ActWait:
		return "", ""
	case event.ActRevoke:
		if d.Handler != "" && !d.NotBefore.IsZero() && now.Sub(d.Asked) >= revokeMost {
			return "too old to be withdrawn", event.StatusFailed
		}
		return o.heldByMode(d, settings)
	case event.ActReply, event.ActSend, event.ActForward, event.ActAccept, event.ActRemark, event.ActInvite, event.ActCall:
	}
	if name, ok := never(d, settings.Never); ok {
		return fmt.Sprintf("%s is in settings.never", name), event.StatusFailed
	}
	stale := settings.Pace.Stale
	if stale > 0 && waited(d.Asked, now, d.Action.Unsolicited, settings.Pace.Quiet, settings.Location) > stale+stepTime(d) {
		return "waited longer than " + stale.String(), event.StatusExpired
	}
	return o.heldByMode(d, settings)
}

// stepTime is what the steps before this one were meant to take.
func stepTime(d event.Delivery) time.Duration {
	if d.Created.After(d.Asked) {
		return d.Created.Sub(d.Asked)
	}
	return 0
}

func never(d event.Delivery, names []string) (string, bool) {
	for _, n := range names {
		if n != "" && (n == d.Chat.Name || slices.Contains(d.Action.To, n)) {
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
	o.opts.Notify("【试运行】→ " + trialTarget(d) + "：" + trialText(d))
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

func trialText(d event.Delivery) string {
	if m := d.Action.Message; m.Text != "" {
		return m.Text
	}
	return "[" + string(d.Action.Kind) + "]"
}

// settle writes the outcome and lets the sequence go on, or ends it.
func (o *Outbox) settle(ctx context.Context, s *sequence, d event.Delivery, r event.Result) {
	var follow []event.Delivery
	if err := o.write(ctx, r, &follow); err != nil {
		// The outcome is not durable: the step stays, as after a crash.
		o.postpone(s, d, retry{why: err, after: retryMost, tries: r.Tries, first: r.First})
		return
	}
	o.log(d, r)
	var rest []event.Delivery
	o.mu.Lock()
	o.countLocked(r.Status)
	if r.Status == event.StatusSent {
		o.pacer.worked(classOf(d), o.opts.Clock.Now())
	} else if r.Status != event.StatusTrial {
		rest = slices.Clone(s.steps[1:])
		s.ending = len(rest) > 0
	}
	s.flying, s.chat.flying = false, false
	o.flying--
	o.removeLocked(s, d.ID)
	for _, f := range follow {
		o.addLocked(f)
	}
	o.mu.Unlock()
	for _, later := range rest {
		o.end(ctx, s, later, fmt.Sprintf("step %d ended as %s", d.N+1, r.Status))
	}
}

// end gives up a step because one before it did not end well.
func (o *Outbox) end(ctx context.Context, s *sequence, d event.Delivery, reason string) {
	r := event.Result{ID: d.ID, Status: event.StatusFailed, Reason: reason, Receipt: event.Receipt{Time: o.opts.Clock.Now()}}
	err := o.write(ctx, r, nil)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		o.countLocked(r.Status)
		o.removeLocked(s, d.ID)
	}
}

func (o *Outbox) countLocked(status event.Status) {
	switch status {
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
		Str("action", string(d.Action.Kind)).Str("status", string(r.Status)).Str("reason", r.Reason).Msg("delivery ended")
}

// postpone puts a step back until it is worth another try.
func (o *Outbox) postpone(s *sequence, d event.Delivery, again retry) {
	now := o.opts.Clock.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	s.flying, s.chat.flying = false, false
	o.flying--
	d.Tries, d.First = again.tries, again.first
	if i := slices.IndexFunc(s.steps, func(x event.Delivery) bool { return x.ID == d.ID }); i >= 0 {
		s.steps[i] = d
	}
	s.parked, s.notReady = true, again.notReady
	if again.throttle {
		wait := o.pacer.throttled(classOf(d), now)
		s.due = now
		o.opts.Logger.Error().Err(again.why).Str("action", string(d.Action.Kind)).Dur("wait", wait).
			Msg("WeChat says too often: this kind of action stops")
		return
	}
	s.due = now.Add(again.after)
	o.opts.Logger.Debug().Err(again.why).Int64("delivery", d.ID).Int("attempt", d.Tries).
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
