package luahost

import (
	"context"
	"slices"
	"sync"

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
		if h.sleeper(hd.when.Gather)(p.alive) == nil && life.Err() == nil {
			h.gathered(life, p, hd, p.gathers.close(key, g), name)
		}
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
	c.execute(life, func(l *lua.LState) []lua.LValue { return []lua.LValue{p.object(l, c, &ev)} })
	c.end(life)
	if life.Err() == nil {
		c.partsDone(life)
	}
}

// partsDone marks the other events of a gathering done.
func (c *call) partsDone(ctx context.Context) {
	for _, part := range c.parts {
		if err := c.host.opts.World.Done(context.WithoutCancel(ctx), part); err != nil {
			c.host.opts.Logger.Error().Err(err).Str("plugin", c.plugin.name).Str("msg", part.ID).
				Msg("event not marked done: its handler runs again after a restart")
		}
	}
	c.parts = nil
}
