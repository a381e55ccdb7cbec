package bot

import (
	"time"

	"github.com/rs/zerolog"
)

// stuckAfter is how long a loop may take no step before the daemon is taken for
// stuck. A poll takes 35 s, and pauses after failures are a minute at most.
const stuckAfter = 3 * time.Minute

// loop is one that everything has to go through. turns wakes it and tells something
// that changes whenever it makes a turn.
type loop struct {
	name  string
	turns func() uint64

	last uint64
	at   time.Time
	told bool
}

// pulse tells whether the daemon's loops go on. A loop that waits for work makes a
// turn when it is asked, so only one that is stuck makes none. Used by one
// goroutine.
type pulse struct {
	loops []*loop
	log   zerolog.Logger
}

// beats asks every loop. It reports false while one has been stuck for long.
func (p *pulse) beats(now time.Time) bool {
	all := true
	for _, l := range p.loops {
		turns := l.turns()
		if turns != l.last || l.at.IsZero() {
			l.last, l.at, l.told = turns, now, false
			continue
		}
		if now.Sub(l.at) < stuckAfter {
			continue
		}
		all = false
		if !l.told {
			l.told = true
			p.log.Error().Str("task", l.name).Time("since", l.at).Msg("loop is stuck: the watchdog is not fed")
		}
	}
	return all
}

func (b *Bot) newPulse() *pulse {
	return &pulse{log: b.log, loops: []*loop{
		{name: "store", turns: b.store.Turns},
		{name: "outbox", turns: b.outbox.Turns},
		{name: "dispatch", turns: b.dispatchTurns},
		{name: "account", turns: b.acc.turns},
	}}
}

// dispatchTurns changes too as long as nobody has logged in: the dispatcher does not
// run before.
func (b *Bot) dispatchTurns() uint64 {
	select {
	case <-b.ready:
		return b.dispatch.Turns()
	default:
		return uint64(time.Since(b.started))
	}
}

// turns changes with every step of the client, and always while an operator is
// waited for.
func (a *account) turns() uint64 {
	a.mu.Lock()
	c, parked := a.client, a.parked
	a.mu.Unlock()
	if c == nil || parked {
		return uint64(time.Now().UnixNano())
	}
	return uint64(c.Health().Turned.UnixNano())
}
