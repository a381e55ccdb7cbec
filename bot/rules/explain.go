package rules

import (
	"cmp"
	"slices"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// Account says what an account of the rules is to tell.
type Account struct {
	// Decided: the event was decided about, and Held are the verdicts of that. They
	// know what the conditions do not: chance, cooldowns, switches.
	Decided bool
	Held    []event.Verdict
	// Most, if above 0, bounds the lines: those of rules that held come first, then
	// those whose scope held, then those that came nearest. Nothing is told of rules
	// about other kinds of event.
	Most int
}

// Explain tells of every rule whether it fires on an event or the first condition
// that does not hold.
func (s *Set) Explain(in Input) []event.Verdict {
	lines, _ := s.Tell(in, Account{})
	return lines
}

// Tell walks all rules, in the order of the file, and tells of each whether it
// fires or the first condition that does not hold; more is how many lines were left
// out. Memory is not touched. Unlike Decide it tries every rule, since it has to tell
// about each.
func (s *Set) Tell(in Input, a Account) (lines []event.Verdict, more int) {
	mi := match.Input{Event: in.Event, Now: s.local(in.Now), Prefixes: s.settings.Prefixes, Rand: in.Rand}
	found := make([]finding, 0, len(s.rules))
	ended := false
	for _, r := range s.rules {
		if !r.concerns(in.Event) {
			continue
		}
		f := finding{rule: r, place: len(found)}
		switch held := a.of(r.name); {
		case held != nil:
			f.held = held
			ended = ended || held.Ends
		case ended:
			f.skipped = true
		case !r.enabled, in.off(r):
			f.off = true
		default:
			f.failing = r.try(&mi, in.Command)
			f.fires = f.cond == match.Holds && !f.stopped && !f.lost
			if f.fires && a.Decided {
				f.fires, f.cond = false, match.CondProbability
			}
			ended = ended || f.fires && r.ends(in)
		}
		if a.Most > 0 && f.elsewhere() {
			continue
		}
		found = append(found, f)
	}
	if a.Most > 0 && len(found) > a.Most {
		more = len(found) - a.Most
		slices.SortStableFunc(found, func(x, y finding) int { return cmp.Compare(x.rank(), y.rank()) })
		found = found[:a.Most]
		slices.SortFunc(found, func(x, y finding) int { return cmp.Compare(x.place, y.place) })
	}
	for i := range found {
		lines = append(lines, found[i].verdict(&mi, in))
	}
	return lines, more
}

// concerns tells whether there is anything to say of a rule: a schedule that is due
// asks one rule alone.
func (r *rule) concerns(ev *event.Event) bool {
	return ev.Kind != event.KindTick || ev.Tick != nil && ev.Tick.Rule == r.name
}

func (a *Account) of(rule string) *event.Verdict {
	for i := range a.Held {
		if a.Held[i].Rule == rule {
			return &a.Held[i]
		}
	}
	return nil
}

// finding is what the walk found of one rule, before it is put into words.
type finding struct {
	failing
	rule    *rule
	place   int
	held    *event.Verdict
	fires   bool
	off     bool
	skipped bool
}

// failing is the first block of a rule that does not hold, and why.
type failing struct {
	when    *match.When
	cond    match.Condition // match.Holds: it does
	stopped bool            // a block of unless holds
	unless  *match.When
	lost    bool // to another command
	nearest match.Condition
}

// try tells whether a rule holds, and of its first block why it does not.
func (r *rule) try(mi *match.Input, command string) failing {
	var out failing
	for _, w := range r.when {
		lost := w.HasCommand() && command != r.name // to a longer command, or there is none
		cond := w.Match(mi, nil)
		if cond == match.Holds && !lost {
			for _, u := range r.unless {
				if u.Match(mi, nil) == match.Holds {
					return failing{when: w, stopped: true, unless: u}
				}
			}
			return failing{when: w}
		}
		if out.when == nil {
			out = failing{when: w, cond: cond, lost: lost}
		}
		if cond == match.Holds {
			cond = match.CondCommand
		}
		out.nearest = max(out.nearest, cond)
	}
	return out
}

// elsewhere reports whether the rule is about other kinds of event.
func (f *finding) elsewhere() bool {
	return f.when != nil && !f.stopped && !f.lost && f.nearest == match.CondEvent
}

// rank orders findings by how much they matter to whoever asks.
func (f *finding) rank() int {
	const near, far, last = 1, 2, 100
	switch {
	case f.held != nil, f.fires:
		return 0
	case f.skipped, f.off:
		return last
	case f.stopped, f.lost && f.cond == match.Holds, f.nearest > match.CondDays:
		return near
	}
	return far + int(match.CondDays-f.nearest)
}

// verdict puts a finding into words.
func (f *finding) verdict(mi *match.Input, in Input) event.Verdict {
	if f.held != nil {
		return *f.held
	}
	v := event.Verdict{Rule: f.rule.name, Failed: !f.skipped && !f.off && !f.fires}
	switch {
	case f.skipped:
		v.Why = lang.T("not tried")
	case f.off:
		v.Why = lang.T("switched off")
	case f.fires:
		v.Fired, v.DryRun, v.Steps, v.Ends = true, f.rule.dryRun, f.rule.kinds, f.rule.ends(in)
	case f.stopped:
		v.Why = lang.T("unless holds: %s", f.unless.Asked())
	case f.cond != match.Holds && f.when != nil:
		v.Why = f.when.Why(f.cond, mi)
	default:
		v.Why = lang.T("another command is meant")
	}
	return v
}
