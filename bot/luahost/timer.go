package luahost

import (
	"context"
	"slices"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/match"
)

// timer calls a function later, once or again and again. Timers end with the
// version of the plugin that made them.
type timer struct {
	p         *plugin
	fn        *lua.LFunction
	every     time.Duration // 0: once
	first     time.Duration
	isDaily   bool
	schedule  *match.Schedule // of one that isDaily
	due       time.Time       // when that was, or is, due
	name      string
	cancelled chan struct{} // closed by cancel
	ended     sync.Once
	started   sync.Once
}

// cancel ends a timer; a call that runs already goes on.
func (t *timer) cancel() { t.ended.Do(func() { close(t.cancelled) }) }

func (p *plugin) addTimer(l *lua.LState, t *timer) int {
	t.p, t.cancelled = p, make(chan struct{})
	if !p.keepTimer(t) {
		l.RaiseError("more than %d timers", p.limits.Timers)
	}
	if !p.loading {
		if life := p.host.life(); life != nil {
			t.start(life)
		}
	}
	l.Push(p.wrap(l, "timer", t))
	return 1
}

func (p *plugin) keepTimer(t *timer) bool {
	p.timing.Lock()
	defer p.timing.Unlock()
	if len(p.timers) >= p.limits.Timers {
		return false
	}
	p.timers = append(p.timers, t)
	return true
}

func (p *plugin) dropTimer(t *timer) {
	p.timing.Lock()
	defer p.timing.Unlock()
	if i := slices.Index(p.timers, t); i >= 0 {
		p.timers = slices.Delete(p.timers, i, i+1)
	}
}

// pending gives the timers that have not ended.
func (p *plugin) pending() []*timer {
	p.timing.Lock()
	defer p.timing.Unlock()
	return slices.Clone(p.timers)
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

// startTimers starts those that were made while loading.
func (p *plugin) startTimers(life context.Context) {
	for _, t := range p.pending() {
		t.start(life)
	}
}

func (p *plugin) stopTimers() {
	for _, t := range p.pending() {
		t.cancel()
	}
}

func (t *timer) start(life context.Context) {
	t.started.Do(func() {
		t.p.host.quiet.add(1)
		if !t.p.host.begin(func() { t.loop(life) }) {
			t.p.host.quiet.add(-1)
		}
	})
}

// loop waits and calls; an `every` never overlaps itself, since it calls and waits
// in turn.
func (t *timer) loop(life context.Context) {
	defer t.p.host.quiet.add(-1)
	defer t.p.dropTimer(t)
	for wait := t.first; t.wait(life, wait); wait = t.every {
		c := t.p.newCall(nil, &handler{fn: t.fn}, t.name)
		c.execute(life, func(*lua.LState) []lua.LValue { return nil })
		c.end(life)
		if t.every == 0 && !t.isDaily {
			return
		}
	}
}

// wait waits until it is time for a call; false if none is to come.
func (t *timer) wait(life context.Context, wait time.Duration) bool {
	if t.isDaily {
		wait = t.untilDaily()
	}
	later := t.p.host.opts.Clock.NewTimer(wait)
	defer later.Stop()
	t.p.host.quiet.add(-1)
	defer t.p.host.quiet.add(1)
	select {
	case <-life.Done():
	case <-t.p.alive.Done():
	case <-t.cancelled:
	case <-later.C:
		return true
	}
	return false
}
