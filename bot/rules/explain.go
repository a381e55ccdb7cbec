package rules

import (
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// Explain walks all rules and tells of each whether it fires or the first
// condition that does not hold. Memory is not touched. Unlike Decide it tries every
// rule, since it has to tell about each.
func (s *Set) Explain(in Input) []event.Verdict {
	mi := match.Input{Event: in.Event, Now: s.local(in.Now), Prefixes: s.settings.Prefixes, Rand: in.Rand}
	out := make([]event.Verdict, 0, len(s.rules))
	ended := false
	for _, r := range s.rules {
		v := event.Verdict{Rule: r.name}
		switch {
		case ended:
			v.Why = lang.T("not tried")
		case !r.enabled, in.off(r):
			v.Why = lang.T("switched off")
		default:
			v.Fired, v.Why = r.explain(&mi, in.Command)
			ended = v.Fired && r.ends(in)
		}
		out = append(out, v)
	}
	return out
}

// explain tells whether a rule holds, and of its first block why it does not.
func (r *rule) explain(mi *match.Input, command string) (holds bool, why lang.Text) {
	for _, w := range r.when {
		lost := w.HasCommand() && command != r.name // to a longer command, or there is none
		cond := w.Match(mi, nil)
		if cond == match.Holds && !lost {
			for _, u := range r.unless {
				if u.Match(mi, nil) == match.Holds {
					return false, lang.T("unless holds: %s", u.Asked())
				}
			}
			return true, lang.Text{}
		}
		switch {
		case !why.IsZero():
		case cond != match.Holds:
			why = w.Why(cond, mi)
		default:
			why = lang.T("another command is meant")
		}
	}
	return false, why
}
