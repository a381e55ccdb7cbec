package wx

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// gate lets calls of one kind through at intervals, and none for a while after
// WeChat has said that there were too many (section 16). The zero value is open.
// Safe for concurrent use.
type gate struct {
	mu   sync.Mutex
	next time.Time // when the next call may pass
	rest restAfterThrottle
}

// pass waits for the caller's turn. While the gate is closed it returns at once
// with the error that closed it.
func (g *gate) pass(ctx context.Context, every time.Duration) error {
	g.mu.Lock()
	now := time.Now()
	if until, cause := g.rest.until(); cause != nil {
		g.mu.Unlock()
		return fmt.Errorf("resting for %s: %w", until.Sub(now).Round(time.Second), cause)
	}
	at := g.next
	if at.Before(now) {
		at = now
	}
	g.next = at.Add(every)
	g.mu.Unlock()
	return pause(ctx, at.Sub(now))
}

// note takes in how a call that passed has ended.
func (g *gate) note(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.rest.reset()
	case Throttled(err):
		g.rest.begin(err)
	}
}
