package wx

import "time"

// A session is taken for undead after stallAfter and stallEmpty empty fetches of
// what was announced, with nothing else between. Selectors without anything
// behind them come in runs of minutes on healthy sessions (section 6.1).
const (
	stallAfter = 15 * time.Minute
	stallEmpty = 50
	// idleStalled is how slow the loop gets then; a phone may be away for days.
	idleStalled = 10 * time.Second
)

// stall recognises a session that announces and does not deliver (section 16:
// the phone has been offline for long). It takes no notice of polls that say
// nothing is waiting, so a quiet account is never taken for one. Used by one
// goroutine.
type stall struct {
	since time.Time // the first empty fetch of the run, zero without one
	count int
	told  bool
}

// empty notes an announcement after which nothing came. It reports whether the
// session is taken for stalled from now on, once in a run.
func (s *stall) empty(now time.Time) bool {
	if s.count == 0 {
		s.since = now
	}
	s.count++
	if s.told || s.count < stallEmpty || now.Sub(s.since) < stallAfter {
		return false
	}
	s.told = true
	return true
}

// end ends the run. It reports whether that run was told, and since when it was.
func (s *stall) end() (since time.Time, told bool) {
	since, told = s.since, s.told
	*s = stall{}
	return since, told
}
