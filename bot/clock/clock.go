// Package clock is the daemon's time. The zero Clock is the system's clock; the
// demo runs on one with a fixed start that goes faster. Tests need neither: they
// run the zero Clock inside testing/synctest.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and waits in it. It is a value, safe for concurrent use.
type Clock struct {
	began time.Time // real time at which origin was shown
	orig  time.Time
	hand  *Hand // that turns it; nil if it goes by itself
	rate  int64 // how many times as fast as real time; 0 is the system's clock
}

// Fast returns a clock that shows origin now and goes rate times as fast as
// real time. A rate below 1 counts as 1.
func Fast(origin time.Time, rate int) Clock {
	return Clock{began: time.Now(), orig: origin, rate: int64(max(rate, 1))}
}

// Now is the time this clock shows.
func (c Clock) Now() time.Time {
	switch {
	case c.hand != nil:
		return c.hand.Now()
	case c.rate == 0:
		return time.Now()
	}
	return c.orig.Add(time.Duration(int64(time.Since(c.began)) * c.rate))
}

// Real turns a duration of this clock into one of real time. A positive duration
// stays positive. On a clock that is turned by hand, use NewTimer.
func (c Clock) Real(d time.Duration) time.Duration {
	if c.rate == 0 || d <= 0 {
		return d
	}
	return max(time.Duration(int64(d)/c.rate), 1)
}

// Until is the real time that passes before this clock shows t.
func (c Clock) Until(t time.Time) time.Duration {
	return c.Real(t.Sub(c.Now()))
}

// Sleep waits for d of this clock's time or until ctx is done, whose error it
// returns.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	t := c.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
