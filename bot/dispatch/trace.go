package dispatch

import (
	"context"
	"time"

	"wxbot/bot/event"
)

// begin begins the trace of a turn, if anybody wants it.
func (d *Dispatcher) begin(it *item) (begun time.Time) {
	if d.opts.Traced == nil {
		return time.Time{}
	}
	it.trace = &event.Trace{Seq: it.seqs()[0], Time: d.opts.Clock.Now()}
	return time.Now()
}

// traced hands over what became of a turn. What the stop cut short has another one
// after the restart, which tells.
func (d *Dispatcher) traced(ctx context.Context, it *item, out outcome, begun time.Time) {
	t := it.trace
	if t == nil || ctx.Err() != nil && !out.done && len(out.firings) == 0 {
		return
	}
	t.Took, t.Event, t.Outcome = time.Since(begun), it.Event, out.text
	d.opts.Traced(t)
	if len(it.parts) == 0 {
		return
	}
	for _, e := range it.parts[1:] { // what was merged has the same end
		own := *t
		own.Seq, own.Event = e.Seq, e.Event
		d.opts.Traced(&own)
	}
}
