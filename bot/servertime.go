package bot

import (
	"time"
)

// The server's time and the daemon's.

// beforeLogin reports whether something happened before the present login.
func (a *account) beforeLogin(t time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	// CreateTime counts whole seconds.
	return t.Before(a.entered.Add(a.offsetLocked() - 2*time.Second))
}

// offset is what to add to the server's time for the daemon's.
func (a *account) offset() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.offsetLocked()
}

func (a *account) offsetLocked() time.Duration {
	if a.serverAt.IsZero() {
		return 0
	}
	now := a.clock.Now()
	server := a.serverAt.Add(now.Sub(a.initAt)) // by the monotonic clock
	return now.Sub(server).Round(time.Second)
}
