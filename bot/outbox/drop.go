package outbox

import (
	"slices"

	"wxbot/bot/event"
)

// Drop ends deliveries that are failed in the store already. One under way at this
// moment ends as it does; it is not tried again.
func (o *Outbox) Drop(ids []int64, reason string) {
	gone := make(map[int64]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.seqs {
		for i, d := range slices.Clone(s.steps) {
			switch {
			case !gone[d.ID]:
			case i == 0 && s.flying:
				s.dropped = reason
			default:
				o.countLocked(d, event.Result{ID: d.ID, Status: event.StatusFailed, Reason: reason, Receipt: event.Receipt{Time: o.opts.Clock.Now()}})
				o.takeOutLocked(s, d.ID, end{event.StatusFailed, reason})
			}
		}
	}
	o.signal()
}

// takeOutLocked takes a step out of a sequence whose first step may be under way,
// and leaves that as it is.
func (o *Outbox) takeOutLocked(s *sequence, id int64, e end) {
	was := *s
	first := len(s.steps) > 0 && s.steps[0].ID == id
	o.removeLocked(s, id, e)
	if !first {
		s.due, s.parked, s.notReady, s.dropped, s.past = was.due, was.parked, was.notReady, was.dropped, was.past
		s.held, s.why = was.held, was.why
	}
}

func (o *Outbox) droppedReason(s *sequence) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return s.dropped
}
