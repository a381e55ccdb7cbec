package wx

import (
	"sync"
	"time"
)

// Health is how the connection does, for status pages. Times are of this
// machine's clock, zero for what has not happened yet.
type Health struct {
	State State
	// Heard is when the server last gave a whole answer to a request of any kind,
	// whatever it said. Polls alone make that happen every 25 s.
	Heard time.Time
	// Turned is when Run last took a step of its own: a poll begun, a failure met, a
	// state left. It does so every 35 s at least, a minute later after failures; only
	// a sink that does not return makes it older.
	Turned time.Time
	// Polled is when synccheck last said that the session is alive.
	Polled time.Time
	// Synced is when webwxsync last succeeded; a healthy session does so every
	// 15 minutes at least.
	Synced time.Time
	// Delivered is when webwxsync last brought anything new. On a quiet account
	// that is long ago, and no sign of trouble.
	Delivered time.Time
	// Stalled is since when the session announces and does not deliver; see the
	// event of that name. Zero while it is not stalled.
	Stalled time.Time
}

// Health may be called at any time, before and after Run too.
func (c *Client) Health() Health {
	h := c.health.snapshot()
	h.State = c.State()
	return h
}

// health gathers what Health tells, State left out. Safe for concurrent use.
type health struct {
	mu  sync.Mutex
	now Health
}

func (h *health) snapshot() Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *health) note(f func(*Health)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(&h.now)
}

func (h *health) noteHeard(t time.Time)     { h.note(func(n *Health) { n.Heard = t }) }
func (h *health) noteTurned(t time.Time)    { h.note(func(n *Health) { n.Turned = t }) }
func (h *health) notePolled(t time.Time)    { h.note(func(n *Health) { n.Polled = t }) }
func (h *health) noteSynced(t time.Time)    { h.note(func(n *Health) { n.Synced = t }) }
func (h *health) noteDelivered(t time.Time) { h.note(func(n *Health) { n.Delivered = t }) }
func (h *health) noteStalled(t time.Time)   { h.note(func(n *Health) { n.Stalled = t }) }
