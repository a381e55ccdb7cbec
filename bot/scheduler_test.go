package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/clock"
	"wxbot/wx/wxtest"
)

const scheduleRules = `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - name: 早安
    when: {at: 08:30, catch_up: 20m}
    do: [{send: {to: 小明, text: "早 ${date}"}}]
  - name: ping
    exact: ping
    reply: pong
`

func morningAt(hour, minute int) time.Time {
	return time.Date(2026, 1, 7, hour, minute, 0, 0, time.UTC)
}

// TestScheduledRuleRunsOnceOverRestarts runs a day's greeting, then restarts within
// and beyond the time that it may be late.
func TestScheduledRuleRunsOnceOverRestarts(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, scheduleRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.clock = clock.Fast(morningAt(8, 28), 20)
	stop := r.online()
	r.wantSent("早 2026-01-07")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.clock = clock.Fast(morningAt(8, 40), 20)
	stop = r.start()
	r.polling()
	ming.Say("ping")
	r.wantSent("早 2026-01-07", "pong") // not greeted twice
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.clock = clock.Fast(morningAt(8, 45).AddDate(0, 0, 1), 20)
	stop = r.start()
	r.polling()
	r.wantSent("早 2026-01-07", "pong", "早 2026-01-08") // late, but not too late
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.clock = clock.Fast(morningAt(9, 30).AddDate(0, 0, 2), 20)
	r.start()
	r.polling()
	const want = "定时规则「早安」错过了 01-09 08:30 的执行，时间太久，不再补发。"
	told := func(wxtest.Record) bool { return slices.Contains(r.sentTo(r.srv.FileHelper()), want) }
	if _, err := r.srv.Await(r.ctx(), told); err != nil {
		t.Errorf("sent %q, want %q among them: %v", r.sentTo(r.srv.FileHelper()), want, err)
	}
}

// TestNewScheduleMakesUpForNothing writes a rule after its time.
func TestNewScheduleMakesUpForNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, scheduleRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.clock = clock.Fast(morningAt(8, 31), 10)
	stop := r.online()
	ming.Say("ping")
	r.wantSent("pong")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.write("rules.yaml", strings.Replace(scheduleRules, "at: 08:30", "at: 08:25", 1))
	r.clock = clock.Fast(morningAt(8, 35), 10)
	r.start()
	r.polling()
	ming.Say("ping")
	r.wantSent("pong", "pong")
}
