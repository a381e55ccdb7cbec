package bot

import "time"

const (
	// alertRepeat is how long the same alert is not told again.
	alertRepeat = 10 * time.Minute
	// alertHourly is how many alerts of a kind an hour has.
	alertHourly = 6
)

// alertGate holds back what was told lately. The zero value lets the first pass.
type alertGate struct {
	past map[alertKind][]pastAlert
}

type pastAlert struct {
	detail string
	at     time.Time
}

// pass decides about an alert and remembers those that it lets through, at most
// alertHourly of a kind.
func (g *alertGate) pass(kind alertKind, detail string, now time.Time) bool {
	var lately []pastAlert
	for _, p := range g.past[kind] {
		age := now.Sub(p.at)
		if age >= time.Hour {
			continue
		}
		if p.detail == detail && age < alertRepeat {
			return false
		}
		lately = append(lately, p)
	}
	if len(lately) >= alertHourly {
		return false
	}
	if g.past == nil {
		g.past = map[alertKind][]pastAlert{}
	}
	g.past[kind] = append(lately, pastAlert{detail, now})
	return true
}
