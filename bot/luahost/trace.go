package luahost

import (
	"time"

	"wxbot/bot/event"
)

// ran tells that a call has ended.
func (h *Host) ran(t *turn, c *call, truth bool, since time.Time) {
	claim := event.Unclaimed
	switch {
	case t.answered():
		claim = event.Answered
	case truth, t.isClaimed():
		claim = event.Claimed
	}
	h.took(t, c, claim, time.Since(since), c.err)
}

// took tells how far a call has come with the event of a turn: at its end, and when
// it claims the event before.
func (h *Host) took(t *turn, c *call, claim event.Claim, took time.Duration, err error) {
	h.noteRan(t.ev, event.Ran{Plugin: c.plugin.name, Handler: c.name, Claim: claim, Took: took}, err)
}

// noteRan hands over what is told of an event; timers have none.
func (h *Host) noteRan(ev *event.Event, r event.Ran, err error) {
	if h.opts.Traced != nil && ev != nil && ev.ID != "" {
		h.opts.Traced(event.TraceRun{Event: ev.ID, Err: err, Ran: r})
	}
}
