package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

// What is told of a decision afterwards knows what the conditions do not.
func TestTellOfWhatWasDecided(t *testing.T) {
	t.Parallel()
	set := parse(t, `
- {name: off, contains: 价格, reply: x}
- {name: chance, contains: 价格, probability: 0.5, reply: x}
- {name: tried, contains: 价格, reply: x, dry_run: true}
- {name: other, contains: 报价, reply: x}
- {name: cold, contains: 价格, reply: x, cooldown: 1m}
- {name: later, contains: 价格, reply: x}
`)
	memory := rules.NewMemory()
	in := rules.Input{
		Event: private("价格"), Now: wednesday, Memory: memory, Rand: func() float64 { return 0.9 },
		Off: func(rule string) bool { return rule == "off" },
	}
	tell := func(d event.Decision) []string {
		lines, more := set.Tell(rules.Input{Event: in.Event, Now: in.Now}, rules.Account{Decided: true, Held: d.Verdicts})
		if more != 0 {
			t.Errorf("%d lines left out", more)
		}
		return told(lines)
	}
	want := []string{"off: switched off", "chance: chance", "tried: fired [reply]", "other: contains 报价", "cold: fired [reply]", "later: not tried"}
	if got := tell(set.Decide(in)); !slices.Equal(got, want) {
		t.Errorf("first: %q, want %q", got, want)
	}
	want[4] = "cold: in cooldown: 1m"
	if got := tell(set.Decide(in)); !slices.Equal(got, want) {
		t.Errorf("second: %q, want %q", got, want)
	}
	if rev := set.Decide(in).Rev; rev != set.Rev() {
		t.Errorf("rev %q, want %q", rev, set.Rev())
	}
}

// Of many rules those are told that matter: what held, then whose scope did, then
// what came near, in the order of the file.
func TestTellIsBounded(t *testing.T) {
	t.Parallel()
	var src strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&src, "- {name: far%d, contains: 价格, group: 群%d, reply: x}\n", i, i)
		switch i {
		case 10:
			src.WriteString("- {name: night, contains: 价格, time: '22:00-06:00', reply: x}\n")
		case 20:
			src.WriteString("- {name: other, event: recalled, chat: private, reply: x}\n")
		case 1000:
			src.WriteString("- {name: near, contains: 报价, reply: x}\n")
		case 2000:
			src.WriteString("- {name: fires, contains: 价格, reply: x}\n")
		}
	}
	set := parse(t, src.String())
	in := rules.Input{Event: private("价格"), Now: wednesday}
	lines, more := set.Tell(in, rules.Account{Decided: true, Held: set.Decide(in).Verdicts, Most: 3})
	want := []string{"night: time 12:00 is not in 22:00-06:00", "near: contains 报价", "fires: fired [reply]"}
	if got := told(lines); !slices.Equal(got, want) || more != 3000 {
		t.Errorf("%q and %d more, want %q and 3000", got, more, want)
	}
}

func TestTellOfAScheduleIsAboutItsRule(t *testing.T) {
	t.Parallel()
	set := parse(t, "- {name: 早安, at: '08:30', do: [{send: {to: 小明, text: 早}}]}\n- {name: 问候, contains: 早, reply: 早}\n")
	due := time.Date(2026, 1, 7, 8, 30, 0, 0, time.UTC)
	in := rules.Input{Event: &event.Event{Kind: event.KindTick, Tick: &event.Tick{Rule: "早安", Due: due}}, Now: due}
	lines, _ := set.Tell(in, rules.Account{Decided: true, Held: set.Decide(in).Verdicts})
	if got := told(lines); !slices.Equal(got, []string{"早安: fired [send]"}) {
		t.Errorf("%q", got)
	}
}
