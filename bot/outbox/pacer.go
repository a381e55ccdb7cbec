package outbox

import (
	"time"

	"wxbot/bot/event"
)

// sendGap is the least time between any two messages (section 16).
const sendGap = time.Second

// class groups actions that the server counts, and stops, together.
type class string

const (
	classMessage class = "message"
	classAccept  class = "accept"
	classInvite  class = "invite"
	classOther   class = "other"
)

func classOf(d event.Delivery) class {
	switch d.Action.Kind {
	case event.ActAccept:
		return classAccept
	case event.ActInvite:
		return classInvite
	case event.ActReply, event.ActSend, event.ActForward, event.ActNotify, event.ActCall:
		return classMessage
	case event.ActRemark, event.ActRevoke, event.ActWait, event.ActWebhook, event.ActLog:
	}
	return classOther
}

// pacer knows what has gone out lately and says when the next may.
type pacer struct {
	last        time.Time // message
	unsolicited time.Time // message
	chats       map[string][]time.Time
	total       []time.Time
	accepts     []time.Time
	daily       map[string]int // class and day
	day         string
	stopped     map[class]stop
}

// stop is a class that the server has throttled.
type stop struct {
	until time.Time
	pause time.Duration
}

func newPacer() pacer {
	return pacer{chats: map[string][]time.Time{}, daily: map[string]int{}, stopped: map[class]stop{}}
}

// chatCap bounds the table of recent messages by chat.
const chatCap = 4096

// start notes that a delivery goes out at now.
func (p *pacer) start(d event.Delivery, now time.Time) {
	switch classOf(d) {
	case classMessage:
		p.last = now
		p.total = append(p.total, now)
		if len(p.chats) >= chatCap {
			clear(p.chats)
		}
		p.chats[d.Chat.Key] = append(p.chats[d.Chat.Key], now)
		if d.Action.Unsolicited {
			p.unsolicited = now
			p.daily["unsolicited"]++
		}
	case classAccept:
		p.accepts = append(p.accepts, now)
		p.daily["accept"]++
	case classInvite:
		p.daily["invite"]++
	case classOther:
	}
}

// due says when a delivery that is due by itself may go, and whether it is held
// for so long that others of its chat may pass it.
func (p *pacer) due(d event.Delivery, own, now time.Time, settings event.Settings) (at time.Time, parked bool) {
	at = own
	if s, ok := p.stopped[classOf(d)]; ok && s.until.After(at) {
		at, parked = s.until, true
	}
	pace := settings.Pace
	if pace.Off {
		return at, parked
	}
	if d.Action.Unsolicited && classOf(d) != classOther {
		if end, quiet := quietEnd(pace.Quiet, later(at, now), settings.Location); quiet {
			at, parked = end, true
		}
	}
	p.newDay(now, settings.Location)
	switch classOf(d) {
	case classMessage:
		at = later(at, p.last.Add(sendGap))
		at = later(at, limit(&p.total, pace.Total, now))
		if recent, ok := p.chats[d.Chat.Key]; ok {
			next := limit(&recent, pace.PerChat, now)
			p.chats[d.Chat.Key] = recent
			at = later(at, next)
		}
		if d.Action.Unsolicited {
			if !p.unsolicited.IsZero() {
				at = later(at, p.unsolicited.Add(pace.Unsolicited.Min+p.spread(d, pace.Unsolicited)))
			}
			if pace.UnsolicitedPerDay > 0 && p.daily["unsolicited"] >= pace.UnsolicitedPerDay {
				at, parked = later(at, tomorrow(now, settings.Location)), true
			}
		}
	case classAccept:
		at = later(at, limit(&p.accepts, pace.Accept, now))
		if pace.AcceptPerDay > 0 && p.daily["accept"] >= pace.AcceptPerDay {
			at, parked = later(at, tomorrow(now, settings.Location)), true
		}
	case classInvite:
		if pace.InvitePerDay > 0 && p.daily["invite"] >= pace.InvitePerDay {
			at, parked = later(at, tomorrow(now, settings.Location)), true
		}
	case classOther:
	}
	return at, parked
}

// spread draws the part of an unsolicited pause that is random. It must give the
// same answer each time it is asked for one delivery, so it is made from the
// delivery's random client message id.
func (p *pacer) spread(d event.Delivery, r event.Range) time.Duration {
	width := int64(r.Max - r.Min)
	if width <= 0 {
		return 0
	}
	h := uint64(d.ID) * 0x9E3779B97F4A7C15
	for _, c := range []byte(d.ClientID) {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return time.Duration(h % uint64(width))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// limit says when one more may go at a rate; it forgets what is out of the window.
func limit(recent *[]time.Time, r event.Rate, now time.Time) time.Time {
	if r.N <= 0 || r.Per <= 0 {
		*recent = (*recent)[:0]
		return time.Time{}
	}
	keep := (*recent)[:0]
	for _, t := range *recent {
		if now.Sub(t) < r.Per {
			keep = append(keep, t)
		}
	}
	*recent = keep
	if len(keep) < r.N {
		return time.Time{}
	}
	return keep[len(keep)-r.N].Add(r.Per)
}

func (p *pacer) newDay(now time.Time, loc *time.Location) {
	if day := in(now, loc).Format(time.DateOnly); day != p.day {
		p.day = day
		clear(p.daily)
	}
}

func in(t time.Time, loc *time.Location) time.Time {
	if loc == nil {
		return t
	}
	return t.In(loc)
}

func tomorrow(now time.Time, loc *time.Location) time.Time {
	t := in(now, loc)
	return time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, t.Location())
}

// quietEnd says when the quiet hours end that t is in.
func quietEnd(w event.DayWindow, t time.Time, loc *time.Location) (time.Time, bool) {
	t = in(t, loc)
	if w.From == w.To || !w.Contains(t) {
		return time.Time{}, false
	}
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	end := atTime(day, w.To)
	if !end.After(t) {
		end = atTime(day.AddDate(0, 0, 1), w.To)
	}
	return end, true
}

// atTime is a time of day on the wall clock.
func atTime(day time.Time, d time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, int(d/time.Second), 0, day.Location())
}

// throttled stops a class: for half an hour, then for twice as long each time.
func (p *pacer) throttled(c class, now time.Time) time.Duration {
	s := p.stopped[c]
	s.pause = min(max(2*s.pause, throttleFirst), throttleMost)
	s.until = now.Add(s.pause)
	p.stopped[c] = s
	return s.pause
}

// worked forgets the stops of a class that the server lets through again.
func (p *pacer) worked(c class, now time.Time) {
	if s, ok := p.stopped[c]; ok && !s.until.After(now) {
		delete(p.stopped, c)
	}
}

// waited is how long something has waited, less the quiet hours that held it.
func waited(since, now time.Time, unsolicited bool, w event.DayWindow, loc *time.Location) time.Duration {
	age := now.Sub(since)
	if !unsolicited || w.From == w.To {
		return age
	}
	const mostDays = 31
	for t, n := since, 0; t.Before(now) && n < mostDays; n++ {
		end, quiet := quietEnd(w, t, loc)
		if !quiet {
			day := in(t, loc)
			start := atTime(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location()), w.From)
			if !start.After(t) {
				start = atTime(start.AddDate(0, 0, 1), w.From)
			}
			t = start
			continue
		}
		if end.After(now) {
			end = now
		}
		age -= end.Sub(t)
		t = end
	}
	return age
}
