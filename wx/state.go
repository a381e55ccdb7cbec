package wx

import (
	"context"
	"time"
)

// State is how far the client is.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// changeState is the one place where the state changes. It gives the event that
// tells of it, nil if nothing changed.
func (c *Client) changeState(to State, cause error) []Event {
	c.mu.Lock()
	from := c.state
	c.state = to
	c.mu.Unlock()
	if from == to {
		return nil
	}
	c.log.Debug().Stringer("from", from).Stringer("to", to).AnErr("cause", cause).Msg("state changed")
	return []Event{StateChanged{From: from, To: to, Cause: cause}}
}

// enter changes the state and tells the sink.
func (c *Client) enter(ctx context.Context, to State, cause error) error {
	c.health.noteTurned(time.Now())
	return c.emit(ctx, c.changeState(to, cause)...)
}

// emit hands events to the sink without a session.
func (c *Client) emit(ctx context.Context, events ...Event) error {
	if len(events) == 0 {
		return nil
	}
	return c.deliver(ctx, Batch{Events: events})
}

// deliver hands a batch to the sink, one at a time.
func (c *Client) deliver(ctx context.Context, b Batch) error {
	select {
	case c.sink <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.sink }()
	if err := c.opts.Sink(ctx, b); err != nil {
		return &sinkError{err}
	}
	return nil
}

// sinkError marks what the sink returned, so that no retry loop takes it for a
// failure of the network.
type sinkError struct{ err error }

func (e *sinkError) Error() string { return e.err.Error() }
func (e *sinkError) Unwrap() error { return e.err }
