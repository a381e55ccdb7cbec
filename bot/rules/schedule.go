package rules

import (
	"hash/fnv"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// Scheduled is what is remembered of schedules over reloads and restarts: for each
// that the rules have, until when its runs are dealt with. A schedule that is not in
// it has just been written, and nothing before is made up for.
type Scheduled map[string]time.Time

// Due is what schedules want at some moment.
type Due struct {
	// Ticks are the rules that run now, each for its latest run.
	Ticks []event.Tick
	// Missed are rules that were due, but not since they may be late at most.
	Missed []event.Tick
	// State is to be remembered once the ticks are stored; Changed tells whether it
	// differs from what was given.
	State   Scheduled
	Changed bool
	// Wake is when there is something to do again; zero if never.
	Wake time.Time
}

// lateLeast is how late any run may be: nobody is woken to the instant.
const lateLeast = time.Minute

// Due reckons which rules are to run, from what is remembered. off, unless nil, tells
// of rules that are switched off: as if they were not in the file.
func (s *Set) Due(state Scheduled, now time.Time, off func(rule string) bool) Due {
	now = s.local(now)
	d := Due{State: Scheduled{}}
	for _, r := range s.rules {
		if !r.enabled || off != nil && off(r.name) {
			continue
		}
		for _, w := range r.when {
			if w.Schedule != nil {
				d.block(r.name, w.Schedule, state, now)
			}
		}
	}
	d.Changed = d.Changed || len(d.State) != len(state)
	return d
}

func (d *Due) block(rule string, s *match.Schedule, state Scheduled, now time.Time) {
	key := rule + ": " + s.Written()
	last, known := state[key]
	if !known || last.After(now) {
		// A clock that was set back must not silence a rule until it has caught up.
		last, d.Changed = now, true
	}
	last = last.In(now.Location())
	late := max(s.CatchUp, lateLeast)
	var run, missed time.Time
	// What is too late whatever its delay was is passed over at once.
	if early := now.Add(-late - s.Spread - time.Nanosecond); last.Before(early) {
		if missed = s.Next(last); !missed.IsZero() && !missed.After(early) {
			last, d.Changed = early, true
		}
	}
	for due := s.Next(last); !due.IsZero(); due = s.Next(due) {
		at := due.Add(delay(rule, due, s.Spread))
		if at.After(now) {
			d.wake(at)
			break
		}
		last, d.Changed = due, true
		if now.Sub(at) <= late {
			run = due
		} else {
			missed = due
		}
	}
	switch {
	case !run.IsZero():
		d.Ticks = append(d.Ticks, event.Tick{Rule: rule, Due: run})
	case !missed.IsZero() && !missed.After(last):
		d.Missed = append(d.Missed, event.Tick{Rule: rule, Due: missed})
	}
	d.State[key] = last
}

func (d *Due) wake(at time.Time) {
	if d.Wake.IsZero() || at.Before(d.Wake) {
		d.Wake = at
	}
}

// delay draws from [0, most). It is the same each time it is asked, restarts included,
// so that nothing of it need be stored.
func delay(rule string, due time.Time, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(rule + due.UTC().Format(time.RFC3339))) // a hash never says no
	// The low bits of a hash are its best; what is dropped keeps it positive.
	return time.Duration(h.Sum64()>>1) % most
}

// tick decides about a scheduled rule that is due. Conditions are not asked again
// whether it is: it may be late.
func (s *Set) tick(out *event.Decision, in Input) {
	defer func() { out.Ended = true }()
	if in.Event.Tick == nil {
		return
	}
	mi := match.Input{Event: in.Event, Now: in.Now, Rand: in.Rand}
	for _, r := range s.rules {
		if !r.enabled || r.name != in.Event.Tick.Rule || in.off(r) {
			continue
		}
		for _, w := range r.when {
			if w.Schedule == nil || w.Match(&mi, nil) != match.Holds {
				continue
			}
			if !r.stopped(&mi) {
				s.fire(out, r, in, match.Captures{})
			}
			break
		}
	}
}

func (r *rule) stopped(mi *match.Input) bool {
	for _, u := range r.unless {
		if u.Match(mi, nil) == match.Holds {
			return true
		}
	}
	return false
}

// scheduled reports whether the rule runs by itself.
func (r *rule) scheduled() bool {
	for _, w := range r.when {
		if w.Schedule != nil {
			return true
		}
	}
	return false
}

// utc warns of schedules where nobody said a time zone and the system has none either.
func (p *parser) utc() {
	if p.zoned || !isUTC(p.opt.System) {
		return
	}
	for _, r := range p.set.rules {
		if r.enabled && r.scheduled() {
			p.warn(p.nodes[r], lang.T("%s runs by the clock of UTC: no timezone is set, and this system has none", r.title()), lang.Raw("settings: {timezone: Asia/Shanghai}"))
			return
		}
	}
}

// isUTC reports whether a zone goes like UTC in winter and in summer.
func isUTC(zone *time.Location) bool {
	if zone == nil {
		return false // the caller told of no system
	}
	for _, month := range []time.Month{time.January, time.July} {
		if _, offset := time.Date(2026, month, 1, 0, 0, 0, 0, zone).Zone(); offset != 0 {
			return false
		}
	}
	return true
}

// dueAt gives the scheduled rules that are due within the minute.
func (s *Set) dueAt(minute time.Time) []string {
	var out []string
	for _, r := range s.rules {
		for _, w := range r.when {
			if w.Schedule == nil || !r.enabled {
				continue
			}
			if due := w.Schedule.Next(minute.Add(-time.Nanosecond)); !due.IsZero() && due.Before(minute.Add(time.Minute)) {
				out = append(out, r.name)
				break
			}
		}
	}
	return out
}
