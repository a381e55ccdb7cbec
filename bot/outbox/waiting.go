package outbox

import (
	"errors"
	"slices"
	"time"

	"wxbot/bot/event"
)

// HeldError is a Sender's error with the brake that held a delivery back.
type HeldError struct {
	By  event.Brake
	Err error
}

func (e *HeldError) Error() string { return e.Err.Error() }

func (e *HeldError) Unwrap() error { return e.Err }

// heldBy gives the brake of an error, or else another.
func heldBy(err error, other event.Brake) event.Brake {
	if held, ok := errors.AsType[*HeldError](err); ok {
		return held.By
	}
	return other
}

// brakeOf names what held gave as a reason.
func brakeOf(d event.Delivery, status event.Status) event.Brake {
	switch {
	case status == event.StatusTrial:
		return event.BrakeTrial
	case status == event.StatusExpired:
		return event.BrakeStale
	case d.Action.Kind == event.ActRevoke:
		return ""
	}
	return event.BrakeNever
}

// Waiting tells what a delivery waits for at this moment; ok is false for one that
// does not wait.
func (o *Outbox) Waiting(id int64) (w event.Waiting, ok bool) {
	now, settings := o.opts.Clock.Now(), o.opts.Settings()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.known[id] {
		return w, false
	}
	for _, s := range o.seqs {
		switch slices.IndexFunc(s.steps, func(d event.Delivery) bool { return d.ID == id }) {
		case -1:
		case 0:
			return o.waitingLocked(s, now, settings), true
		default:
			return event.Waiting{Brake: event.BrakeStep}, true
		}
	}
	return w, false
}

// waitingLocked tells what the first step of a sequence waits for.
func (o *Outbox) waitingLocked(s *sequence, now time.Time, settings event.Settings) event.Waiting {
	switch {
	case s.flying:
		return event.Waiting{} // it is being sent
	case s.notReady:
		return event.Waiting{Brake: s.held}
	}
	o.dueLocked(s, now, settings)
	due, _, by := o.pacer.due(s.steps[0], s.past.tries == 0, s.due, now, settings)
	switch {
	case !due.After(now):
		return event.Waiting{Brake: event.BrakeTurn}
	case by != "":
		return event.Waiting{Brake: by, Until: due}
	case s.why != nil:
		return event.Waiting{Brake: event.BrakeRetry, Until: due, Why: s.why.Error()}
	case s.steps[0].NotBefore.After(now):
		return event.Waiting{Brake: event.BrakeTime, Until: due}
	}
	return event.Waiting{Brake: event.BrakePace, Until: due}
}
