package luahost

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
)

// timer calls a function later, once or again and again. Timers end with the
// version of the plugin that made them.
type timer struct {
	p         *plugin
	fn        *lua.LFunction
	every     time.Duration // 0: once
	first     time.Duration
	daily     time.Duration // time of day, if isDaily
	isDaily   bool
	name      string
	cancelled atomic.Bool
	started   sync.Once
}

func (p *plugin) addTimer(l *lua.LState, t *timer) int {
	if len(p.timers) >= p.host.opts.Limits.Timers {
		l.RaiseError("more than %d timers", p.host.opts.Limits.Timers)
	}
	t.p = p
	p.timers = append(p.timers, t)
	if !p.loading {
		if life := p.host.life(); life != nil {
			t.start(life)
		}
	}
	l.Push(p.wrap(l, "timer", t))
	return 1
}

func (p *plugin) apiAfter(l *lua.LState) int {
	return p.addTimer(l, &timer{first: seconds(l, 1), fn: l.CheckFunction(2), name: "after"})
}

// everyLeast keeps a timer from spinning.
const everyLeast = time.Second

func (p *plugin) apiEvery(l *lua.LState) int {
	d := seconds(l, 1)
	if d < everyLeast {
		l.ArgError(1, "at least one second")
	}
	return p.addTimer(l, &timer{first: d, every: d, fn: l.CheckFunction(2), name: "every"})
}

func (p *plugin) apiDaily(l *lua.LState) int {
	at, ok := conf.TimeOfDay(l.CheckString(1))
	if !ok {
		l.ArgError(1, `a time like "08:30" expected`)
	}
	fn := l.CheckFunction(l.GetTop())
	if l.GetTop() > 2 {
		l.ArgError(2, "days is not in this version of wxbot")
	}
	return p.addTimer(l, &timer{daily: at, isDaily: true, fn: fn, name: "daily"})
}

// startTimers starts those that were made while loading.
func (p *plugin) startTimers(life context.Context, _ *Host) {
	for _, t := range p.timers {
		t.start(life)
	}
}

func (p *plugin) stopTimers() {
	for _, t := range p.timers {
		t.cancelled.Store(true)
	}
}

func (t *timer) start(life context.Context) {
	t.started.Do(func() { t.p.host.calls.Go(func() { t.loop(life) }) })
}

// loop waits and calls; an `every` never overlaps itself, since it calls and waits
// in turn.
func (t *timer) loop(life context.Context) {
	wait := t.first
	for {
		if t.isDaily {
			wait = t.untilDaily()
		}
		real := time.NewTimer(t.p.host.opts.Clock.Real(wait))
		select {
		case <-life.Done():
			real.Stop()
			return
		case <-t.p.alive.Done():
			real.Stop()
			return
		case <-real.C:
		}
		if t.cancelled.Load() {
			return
		}
		c := &call{host: t.p.host, plugin: t.p, handler: &handler{fn: t.fn}, name: t.name, claimed: make(chan struct{})}
		c.execute(life, func(*lua.LState) []lua.LValue { return nil })
		if t.every == 0 && !t.isDaily {
			return
		}
		wait = t.every
	}
}

func (t *timer) untilDaily() time.Duration {
	now := t.p.host.opts.Clock.Now()
	if loc := t.p.host.opts.World.Settings().Location; loc != nil {
		now = now.In(loc)
	}
	next := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, int(t.daily/time.Second), 0, now.Location())
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	return next.Sub(now)
}
