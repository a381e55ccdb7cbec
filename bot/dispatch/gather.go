package dispatch

import (
	"slices"
	"time"

	"wxbot/bot/event"
)

// gatherKey names what is gathered together: the same kind of event in one chat
// for one rule.
type gatherKey struct {
	chat, rule string
	kind       event.Kind
}

// gathering holds events back until a rule's gather time is over. They stay
// undone in the inbox, so a restart gathers them anew.
type gathering struct {
	events []event.Entry
	timer  *time.Timer
}

// maxGather bounds one gathering; the event that fills it ends it at once.
const maxGather = 200

func (d *Dispatcher) gather(it item, g event.Gather) {
	ev := &it.Event
	key := gatherKey{ev.Chat.Key, g.Rule, ev.Kind}
	d.mu.Lock()
	defer d.mu.Unlock()
	got := d.gathers[key]
	if got == nil {
		got = &gathering{}
		got.timer = time.AfterFunc(d.opts.Clock.Real(g.For), func() { d.gathered(key) })
		d.gathers[key] = got
	}
	got.events = append(got.events, it.Entry)
	if len(got.events) == maxGather {
		got.timer.Reset(0)
	}
}

// gathered runs when the time is over. The merged event takes a turn in its
// chat's lane like any other.
func (d *Dispatcher) gathered(key gatherKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.gathers[key]
	delete(d.gathers, key)
	if g == nil || d.launch == nil {
		return
	}
	begins := d.waiting[key.chat] == nil
	l := d.laneLocked(key.chat)
	if begins { // everything of the chat so far was handed out
		l.loaded = max(d.read, d.ahead[key.chat])
	}
	l.queue = append(l.queue, item{Entry: event.Entry{Event: *merge(g.events)}, rule: key.rule, parts: g.events})
}

// merge makes one event of several: the first, with everybody of all of them.
func merge(entries []event.Entry) *event.Event {
	out := entries[0].Event
	if out.Members == nil {
		return &out
	}
	m := *out.Members
	m.People = slices.Clone(m.People)
	for _, e := range entries[1:] {
		for _, p := range e.Event.Members.People {
			if !slices.ContainsFunc(m.People, func(q event.Person) bool { return q == p }) {
				m.People = append(m.People, p)
			}
		}
	}
	out.Members = &m
	return &out
}
