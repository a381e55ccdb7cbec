package clock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Hand turns a clock that stands still otherwise, for the tests that people write of
// their plugins. Its methods may be called concurrently, Pass by one at a time.
type Hand struct {
	mu      sync.Mutex
	now     time.Time
	pending []*Timer
}

// Manual returns a clock that shows origin, and the hand that turns it.
func Manual(origin time.Time) (Clock, *Hand) {
	h := &Hand{now: origin}
	return Clock{hand: h}, h
}

// Timer fires once. Stop must be called in the end, also after it fired: on a clock
// that is turned by hand, it tells that the wakened is at work.
type Timer struct {
	C <-chan time.Time

	real    *time.Timer
	hand    *Hand
	at      time.Time
	fire    chan time.Time
	stopped chan struct{}
	once    sync.Once
}

// NewTimer makes a timer that fires after d of this clock's time.
func (c Clock) NewTimer(d time.Duration) *Timer {
	if c.hand == nil {
		t := time.NewTimer(c.Real(d))
		return &Timer{C: t.C, real: t}
	}
	h := c.hand
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &Timer{hand: h, at: h.now.Add(d), fire: make(chan time.Time, 1), stopped: make(chan struct{})}
	t.C = t.fire
	h.pending = append(h.pending, t)
	return t
}

// Stop ends a timer.
func (t *Timer) Stop() {
	if t.real != nil {
		t.real.Stop()
		return
	}
	t.once.Do(func() {
		t.hand.mu.Lock()
		defer t.hand.mu.Unlock()
		t.hand.removeLocked(t)
		close(t.stopped)
	})
}

func (h *Hand) removeLocked(t *Timer) {
	for i, p := range h.pending {
		if p == t {
			h.pending = append(h.pending[:i], h.pending[i+1:]...)
			return
		}
	}
}

// Now is what the clock shows.
func (h *Hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// firesMost bounds how many timers fire while one duration passes.
const firesMost = 100_000

// Pass lets d go by. Timers fire in the order of their times, one by one; after each
// it waits until settle returns, whose error ends it.
func (h *Hand) Pass(ctx context.Context, d time.Duration, settle func(context.Context) error) error {
	until := h.Now().Add(d)
	for range firesMost {
		t := h.next(until)
		if t == nil {
			return nil
		}
		select {
		case <-t.stopped:
		case <-ctx.Done():
			return fmt.Errorf("pass %s: %w", d, ctx.Err())
		}
		if err := settle(ctx); err != nil {
			return err
		}
	}
	return errors.New("pass " + d.String() + ": too many timers fire")
}

// next fires the timer whose turn is next and moves the clock to it; with none left
// until then, it moves the clock there and returns nil.
func (h *Hand) next(until time.Time) *Timer {
	h.mu.Lock()
	defer h.mu.Unlock()
	var first *Timer
	for _, t := range h.pending {
		if !t.at.After(until) && (first == nil || t.at.Before(first.at)) {
			first = t
		}
	}
	if first == nil {
		h.now = until
		return nil
	}
	if first.at.After(h.now) {
		h.now = first.at
	}
	h.removeLocked(first)
	first.fire <- h.now
	return first
}
