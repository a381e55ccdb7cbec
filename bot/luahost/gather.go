package luahost

import (
	"context"
	"slices"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
)

// gathers are the joins that wait for more of their kind, for handlers that say
// gather. What is gathered is not done before the handler has queued something for it
// or ended, so that it is gathered anew after a kill.
type gathers struct {
	mu   sync.Mutex
	open map[gatherKey]*gathering
}

type gatherKey struct {
	handler *handler
	chat    string
}

type gathering struct{ parts []*event.Event }

// gatherMost bounds one gathering; what comes beyond begins another.
const gatherMost = 200

// gather holds an event back for a handler, with those of its chat that come within
// the time which the handler gives.
func (h *Host) gather(p *plugin, hd *handler, ev *event.Event, name string) event.Claim {
	key := gatherKey{hd, ev.Chat.Key}
	p.gathers.mu.Lock()
	defer p.gathers.mu.Unlock()
	if g := p.gathers.open[key]; g != nil {
		g.parts = append(g.parts, ev)
		if len(g.parts) >= gatherMost {
			delete(p.gathers.open, key)
		}
		return event.Held
	}
	life := h.life()
	if life == nil {
		return event.Unclaimed // nobody would wait for it
	}
	g := &gathering{parts: []*event.Event{ev}}
	h.quiet.add(1)
	begun := h.begin(func() {
		defer h.quiet.add(-1)
		err := h.sleeper(hd.when.Gather)(p.alive)
		if life.Err() != nil {
			return // they are gathered anew after the restart
		}
		parts := p.gathers.close(key, g)
		if err == nil {
			h.gathered(life, p, hd, parts, name)
			return
		}
		h.opts.Logger.Warn().Str("plugin", p.name).Int("events", len(parts)).Msg("version of the plugin ended while it gathered: nothing was done for them")
		h.done(life, p, parts)
	})
	if !begun {
		h.quiet.add(-1)
		return event.Unclaimed
	}
	if p.gathers.open == nil {
		p.gathers.open = map[gatherKey]*gathering{}
	}
	p.gathers.open[key] = g
	return event.Held
}

// close ends a gathering and gives what was gathered.
func (gs *gathers) close(key gatherKey, g *gathering) []*event.Event {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	if gs.open[key] == g {
		delete(gs.open, key)
	}
	return g.parts
}

// gathered calls the handler with everybody who came.
func (h *Host) gathered(life context.Context, p *plugin, hd *handler, parts []*event.Event, name string) {
	ev := *parts[0]
	if ev.Members != nil {
		m := *ev.Members
		m.People = slices.Clone(m.People)
		for _, part := range parts[1:] {
			for _, q := range part.Members.People {
				if !slices.Contains(m.People, q) {
					m.People = append(m.People, q)
				}
			}
		}
		ev.Members = &m
	}
	c := p.newCall(&ev, hd, name)
	c.suffix, c.answers, c.held, c.parts = hd.suffix(), true, true, parts[1:]
	c.claim()
	t, since := c.turn, time.Now() // the call goes on to others
	truth := c.execute(life, func(l *lua.LState) []lua.LValue { return []lua.LValue{p.object(l, c, &ev)} })
	h.ran(t, c, truth, since)
	c.end(life)
	if life.Err() == nil {
		c.partsDone(life)
	}
}

// partsDone marks the other events of a gathering done.
func (c *call) partsDone(ctx context.Context) {
	c.host.done(ctx, c.plugin, c.parts)
	c.parts = nil
}

// done marks events done.
func (h *Host) done(ctx context.Context, p *plugin, events []*event.Event) {
	for _, ev := range events {
		if err := h.opts.World.Done(context.WithoutCancel(ctx), ev); err != nil {
			h.opts.Logger.Error().Err(err).Str("plugin", p.name).Str("msg", ev.ID).
				Msg("event not marked done: its handler runs again after a restart")
		}
	}
}
