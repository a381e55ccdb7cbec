package luahost_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// In a bubble it is Saturday, the first of January 2000, midnight UTC.
func TestSchedulesRunWhenTheyAreDue(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		pass   time.Duration
		want   string
	}{
		"daily":             {`bot.daily("08:30", tell)`, 73 * time.Hour, "01 08:30,02 08:30,03 08:30"},
		"daily on days":     {`bot.daily("08:30", {days = "mon-fri"}, tell)`, 73 * time.Hour, "03 08:30"},
		"daily on a list":   {`bot.daily("08:30", {days = {"周六", "2000-01-03"}}, tell)`, 97 * time.Hour, "01 08:30,03 08:30"},
		"cron":              {`bot.cron("*/20 6 * * *", tell)`, 25 * time.Hour, "01 06:00,01 06:20,01 06:40"},
		"cron on weekdays":  {`bot.cron("0 9 * * mon", tell)`, 10 * 24 * time.Hour, "03 09:00,10 09:00"},
		"one that is ended": {`local t t = bot.daily("08:30", function() tell() t:cancel() end)`, 73 * time.Hour, "01 08:30"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, map[string]string{"a.lua": head + `local times = {}
					local function tell() times[#times + 1] = bot.time.format(nil, "%d %H:%M") end
					` + tt.script + `
					bot.on("message", function(msg) msg:reply(table.concat(times, ",")) end)`})
				s.bubble = true
				s.mustLoad()
				<-time.After(tt.pass)
				synctest.Wait()
				if got := s.say(s.message("hi")); !slices.Equal(got, []string{strings.TrimSpace("a reply " + tt.want)}) {
					t.Errorf("ran at %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestWrongSchedulesAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"no time":        {`bot.daily("25:00", print)`, `a time like "08:30" expected`},
		"no days":        {`bot.daily("08:30", {days = "sometimes"}, print)`, "sometimes"},
		"another option": {`bot.daily("08:30", {day = "mon"}, print)`, `unknown option "day", there is days`},
		"few fields":     {`bot.cron("* * *", print)`, "has 3 fields, not 5"},
		"never":          {`bot.cron("0 0 30 2 *", print)`, "this schedule never comes"},
		"no function":    {`bot.cron("* * * * *")`, "function expected"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]string{"a.lua": head + tt.script})
			if ps := s.load(); len(ps) != 1 || !strings.Contains(ps[0].Text.String(), tt.want) {
				t.Errorf("problems %v, want %q", ps, tt.want)
			}
		})
	}
}
