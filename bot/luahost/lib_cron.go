package luahost

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/match"
)

// bot.daily and bot.cron go by the schedules of rules, in the time zone of the rules.

// apiDaily is bot.daily(time, [{days = ...}], fn) → timer.
func (p *plugin) apiDaily(l *lua.LState) int {
	at := l.CheckString(1)
	if _, ok := conf.TimeOfDay(at); !ok {
		l.ArgError(1, `a time like "08:30" expected`)
	}
	when := map[string]any{"at": at}
	fn := 2
	if t, ok := l.Get(2).(*lua.LTable); ok {
		fn = 3
		t.ForEach(func(k, v lua.LValue) {
			if k.String() != "days" {
				l.ArgError(2, fmt.Sprintf("unknown option %q, there is days", k.String()))
			}
			days, err := fromLua(v)
			if err != nil {
				l.ArgError(2, "days: "+err.Error())
			}
			when["days"] = days
		})
	}
	return p.scheduled(l, "daily", when, fn)
}

// apiCron is bot.cron(spec, fn) → timer: minute hour day month weekday.
func (p *plugin) apiCron(l *lua.LState) int {
	return p.scheduled(l, "cron", map[string]any{"cron": l.CheckString(1)}, 2)
}

func (p *plugin) scheduled(l *lua.LState, name string, when map[string]any, fn int) int {
	w, problems := match.FromMap(when, match.Options{Folding: match.DefaultFolding, Rule: true})
	if w == nil || w.Schedule == nil {
		text := "no schedule"
		if len(problems) > 0 {
			text = problems[0].Plain().String()
		}
		l.ArgError(1, text)
	}
	return p.addTimer(l, &timer{schedule: w.Schedule, isDaily: true, fn: l.CheckFunction(fn), name: name})
}

// untilDaily is how long it is until a schedule is due next. A timer may be early by
// a little: what was due is not due again.
func (t *timer) untilDaily() time.Duration {
	now := t.p.now()
	from := now
	if t.due.After(now) {
		from = t.due.In(now.Location())
	}
	if t.due = t.schedule.Next(from); t.due.IsZero() {
		return farAway
	}
	return t.due.Sub(now)
}

// farAway is later than any schedule looks ahead.
const farAway = 10 * 366 * 24 * time.Hour
