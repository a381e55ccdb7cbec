package rules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

const morning = `
settings: {timezone: UTC}
rules:
  - name: 早安
    when: {at: 08:30, days: mon-fri, catch_up: 30m}
    unless: {days: 2026-01-08}
    do: [{send: {to: 李雷, text: "早，今天 ${date}"}}]
    tests:
      - {tick: true, expect: send}
      - {tick: "2026-01-05 08:30", expect: 早，今天 2026-01-05}
      - {tick: "2026-01-05 08:31", expect: nothing}
      - {tick: "2026-01-03 08:30", expect: nothing}
      - {tick: "2026-01-08 08:30", expect: nothing}
`

// at is a time on wednesday.
func at(hour, minute int) time.Time {
	return time.Date(2026, 1, 7, hour, minute, 0, 0, time.UTC)
}

func ticked(d rules.Due) string {
	var out []string
	for _, t := range d.Ticks {
		out = append(out, t.Rule+" "+t.Due.Format("02 15:04"))
	}
	return strings.Join(out, ", ")
}

func TestDue(t *testing.T) {
	t.Parallel()
	every := "- {name: r, cron: '*/10 * * * *', catch_up: 25m, do: [{send: {to: a, text: b}}]}"
	for name, tt := range map[string]struct {
		src        string
		since, now time.Time // since zero: the rule is new
		want       string
		missed     int
		wake       time.Time
	}{
		"a new rule makes up for nothing": {morning, time.Time{}, at(8, 31), "", 0, at(8, 30).AddDate(0, 0, 1)},
		"not yet":                         {morning, at(8, 0), at(8, 29), "", 0, at(8, 30)},
		"now":                             {morning, at(8, 0), at(8, 30), "早安 07 08:30", 0, at(8, 30).AddDate(0, 0, 1)},
		"late, but not too late":          {morning, at(8, 0), at(9, 0), "早安 07 08:30", 0, at(8, 30).AddDate(0, 0, 1)},
		"too late":                        {morning, at(8, 0), at(9, 1), "", 1, at(8, 30).AddDate(0, 0, 1)},
		"days later":                      {morning, at(8, 0).AddDate(0, 0, -20), at(8, 40), "早安 07 08:30", 0, at(8, 30).AddDate(0, 0, 1)},
		"the latest of several, once":     {every, at(8, 0), at(8, 35), "r 07 08:30", 0, at(8, 40)},
		"a clock set back":                {every, at(9, 0), at(8, 35), "", 0, at(8, 40)},
		"switched off in the file":        {"- {name: r, at: 08:30, enabled: false, do: [{send: {to: a, text: b}}]}", at(8, 0), at(8, 35), "", 0, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := parse(t, tt.src)
			state := rules.Scheduled{}
			if !tt.since.IsZero() {
				state = set.Due(nil, tt.since, nil).State
			}
			d := set.Due(state, tt.now, nil)
			if got := ticked(d); got != tt.want || len(d.Missed) != tt.missed || !d.Wake.Equal(tt.wake) {
				t.Errorf("due %q, missed %v, wake %v; want %q, %d, %v", got, d.Missed, d.Wake, tt.want, tt.missed, tt.wake)
			}
			if again := set.Due(d.State, tt.now, nil); len(again.Ticks)+len(again.Missed) > 0 || again.Changed {
				t.Errorf("the same moment again: %+v", again)
			}
		})
	}
}

func TestDueForgetsAScheduleThatWasChangedOrOff(t *testing.T) {
	t.Parallel()
	state := parse(t, morning).Due(nil, at(8, 0), nil).State
	later := parse(t, strings.NewReplacer("at: 08:30", "at: 08:20", " 08:31\"", " 08:41\"", " 08:30\"", " 08:20\"").Replace(morning))
	if got := ticked(later.Due(state, at(8, 25), nil)); got != "" {
		t.Errorf("the rule did not have this schedule at 08:20, but ran: %s", got)
	}
	set := parse(t, morning)
	off := set.Due(state, at(8, 10), func(string) bool { return true })
	if !off.Changed || len(off.State) != 0 {
		t.Errorf("switched off: %+v", off)
	}
	if got := ticked(set.Due(off.State, at(8, 31), nil)); got != "" {
		t.Errorf("it was off at 08:30, but ran: %s", got)
	}
}

func TestSpreadIsTheSameAfterARestart(t *testing.T) {
	t.Parallel()
	src := "- {name: r, at: 08:30, spread: 20m, do: [{send: {to: a, text: b}}]}"
	state := parse(t, src).Due(nil, at(8, 0), nil).State
	waking := parse(t, src).Due(state, at(8, 0), nil).Wake
	if waking.Before(at(8, 30)) || !waking.Before(at(8, 50)) {
		t.Fatalf("wakes at %v", waking)
	}
	if got := parse(t, src).Due(state, waking.Add(-time.Second), nil); len(got.Ticks) > 0 || !got.Wake.Equal(waking) {
		t.Errorf("a second early: %+v", got)
	}
	if got := ticked(parse(t, src).Due(state, waking, nil)); got != "r 07 08:30" {
		t.Errorf("due %q", got)
	}
	var seen []time.Duration
	for day := range 30 {
		from := at(8, 0).AddDate(0, 0, day)
		d := parse(t, src).Due(parse(t, src).Due(nil, from, nil).State, from, nil)
		seen = append(seen, d.Wake.Sub(from))
	}
	slices.Sort(seen)
	if n := len(slices.Compact(seen)); n < 20 {
		t.Errorf("%d different delays on 30 days", n)
	}
}

func TestTick(t *testing.T) {
	t.Parallel()
	tick := func(rule string) *event.Event {
		return &event.Event{ID: "tick", Kind: event.KindTick, Tick: &event.Tick{Rule: rule}}
	}
	set := parse(t, morning+"  - {name: b, when: [{command: 早}, {at: 08:35}], do: [{send: {to: 韩梅梅, text: hi}}], limit: 1/day}\n")
	memory := rules.NewMemory()
	for _, tt := range []struct {
		ev   *event.Event
		now  time.Time
		want string
	}{
		{tick("早安"), at(9, 0), "早安: send 李雷 早，今天 2026-01-07 (unsolicited)"},
		{tick("早安"), at(9, 0).AddDate(0, 0, 1), ""},
		{tick("b"), at(9, 0), "b: send 韩梅梅 hi (unsolicited)"},
		{tick("b"), at(9, 0), "b: notify 规则「b」到了上限 1/day，暂时不再执行。"},
		{tick("gone"), at(9, 0), ""},
		{private("早"), at(9, 0).AddDate(0, 0, 1), "b: send 韩梅梅 hi (unsolicited)"},
	} {
		if got := decide(set, rules.Input{Event: tt.ev, Now: tt.now, Memory: memory}); got != tt.want {
			t.Errorf("%+v at %v: %q, want %q", tt.ev.Tick, tt.now, got, tt.want)
		}
	}
}

func TestScheduleWithoutATimeZoneIsWarnedOf(t *testing.T) {
	t.Parallel()
	const rule = "rules: [{name: r, at: 08:30, do: [{send: {to: a, text: b}}]}]\n"
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		src    string
		system *time.Location
		want   bool
	}{
		"on UTC":              {rule, time.UTC, true},
		"on UTC, with a zone": {"settings: {timezone: UTC}\n" + rule, time.UTC, false},
		"in London":           {rule, london, false},
		"without a schedule":  {"rules: [{name: r, contains: x, reply: y}]\n", time.UTC, false},
		"the rule is off":     {strings.Replace(rule, "at:", "enabled: false, at:", 1), time.UTC, false},
		"nothing of a system": {rule, nil, false},
	} {
		_, ps := rules.Parse("rules.yaml", []byte(tt.src), rules.Options{System: tt.system})
		got := len(ps) == 1 && strings.Contains(ps[0].Text.String(), "rule r runs by the clock of UTC")
		if got != tt.want || !got && len(ps) > 0 {
			t.Errorf("%s: %v", name, ps)
		}
	}
}

func TestExplainNamesTheUnlessThatHolds(t *testing.T) {
	t.Parallel()
	set := parse(t, "- {name: r, contains: x, reply: y, unless: [{contains: z}, {from: 小明, days: mon-sun}]}\n")
	v := set.Explain(rules.Input{Event: private("x"), Now: wednesday})
	if got, want := v[0].Why.String(), "unless holds: from [小明], days mon-sun"; got != want {
		t.Errorf("why %q, want %q", got, want)
	}
}
