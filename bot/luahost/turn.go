package luahost

import (
	"context"
	"sync"

	"wxbot/bot/event"
)

// turn is one event that a call handles: the one it was made for, and then each
// answer to a question of its. What is queued is counted, committed and claimed turn
// by turn.
type turn struct {
	ev      *event.Event  // nil for timers
	claimed chan struct{} // closed when the event is claimed
	once    sync.Once
	n       int    // actions queued; guarded by the run lock
	answers bool   // it may be told as event.Held
	reply   bool   // the event is an answer: its lane waits for the whole stretch
	marked  func() // takes the mark back that it runs; nil without one

	mu     sync.Mutex
	queued bool // something for the event
	held   bool // told to the dispatcher
	ended  bool
}

func newTurn(ev *event.Event) *turn { return &turn{ev: ev, claimed: make(chan struct{})} }

// claim takes the event for this handler: its lane goes on.
func (t *turn) claim() { t.once.Do(func() { close(t.claimed) }) }

// answer notes that something was queued, which marked the event done. The lane of
// an answer goes on when the handler waits or has ended, so that the next message
// meets the next question.
func (t *turn) answer() {
	t.mu.Lock()
	t.queued = true
	t.mu.Unlock()
	if !t.reply {
		t.claim()
	}
}

// answered tells whether something was queued for the event, or committed with it.
func (t *turn) answered() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queued
}

func (t *turn) isClaimed() bool {
	select {
	case <-t.claimed:
		return true
	default:
		return false
	}
}

// hold tells what to report of a call that claimed the event and goes on. From
// event.Held on, the host marks the event done.
func (t *turn) hold() event.Claim {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.queued:
		return event.Answered
	case t.ended, !t.answers:
		return event.Claimed
	}
	t.held = true
	return event.Held
}

// end marks the event of a call that was reported as held and has ended, unless it
// was queued for: that did. What the stop of the daemon cuts short is run again.
func (c *call) end(life context.Context) {
	t := c.turn
	t.mu.Lock()
	t.ended = true
	owed := t.held && !t.queued
	t.mu.Unlock()
	if t.reply {
		t.claim()
	}
	if owed && life.Err() == nil {
		c.done(context.WithoutCancel(life))
	}
}

// done marks the event of the present turn done.
func (c *call) done(ctx context.Context) {
	if err := c.host.opts.World.Done(ctx, c.ev); err != nil {
		c.host.opts.Logger.Error().Err(err).Str("plugin", c.plugin.name).Str("msg", c.ev.ID).
			Msg("event not marked done: its handler runs again after a restart")
	}
}

// settle marks the event of the present turn done before a question is waited for:
// the question does not outlive the process, and must not be asked twice.
func (c *call) settle(ctx context.Context) {
	t := c.turn
	t.mu.Lock()
	owed := t.answers && !t.queued
	t.queued = t.queued || owed
	t.mu.Unlock()
	if owed {
		c.done(ctx)
	}
}

// unmark takes the mark back that the handler is running.
func (t *turn) unmark() {
	if t.marked != nil {
		t.marked()
		t.marked = nil
	}
}

// mark notes, for after a kill, that the handler runs: it holds the lock and waits
// for nothing. Once something is queued the event is done and cannot be blamed.
func (c *call) mark() {
	if c.ev == nil || c.ev.Seq == 0 {
		return
	}
	if !c.answered() {
		c.marked = c.host.opts.World.Running(c.ev.Seq)
	}
}
