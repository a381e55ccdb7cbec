package outbox

import (
	"slices"
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
	case event.ActRemark, event.ActRevoke, event.ActWait, event.ActWebhook, event.ActLog,
		event.ActRename, event.ActPin, event.ActRead:
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
	daily       map[string]int // what went out on day, by cap
	day         string
	stopped     map[class]stop
}

func newPacer() pacer {
	return pacer{chats: map[string][]time.Time{}, daily: map[string]int{}, stopped: map[class]stop{}}
}

// What is counted by the day.
const (
	capUnsolicited = "unsolicited"
	capAccept      = "accept"
	capInvite      = "invite"
)

// capOf names the daily cap that a delivery counts for, "" for none.
func capOf(d event.Delivery) string {
	switch c := classOf(d); {
	case c == classAccept:
		return capAccept
	case c == classInvite:
		return capInvite
	case c == classMessage && d.Action.Unsolicited:
		return capUnsolicited
	}
	return ""
}

// target names the chat that a delivery is sent to, as well as that is known
// before it is resolved.
func target(d event.Delivery) string {
	switch {
	case d.Action.ToKey != "":
		return d.Action.ToKey
	case len(d.Action.To) > 0:
		return d.Action.To[0]
	}
	return d.Chat.Key
}

// chatCap bounds the table of recent messages by chat.
const chatCap = 4096

// place is what start noted of one delivery, so that it can be taken back.
type place struct {
	at          time.Time
	last        time.Time // before it
	unsolicited time.Time
	day         string // that it counts for; "" if it counts for none
}

// start notes that a delivery goes out at now; first tells that it was not tried
// before. With the pace off only the day's count is kept.
func (p *pacer) start(d event.Delivery, first bool, now time.Time, settings event.Settings) place {
	l := place{at: now, last: p.last, unsolicited: p.unsolicited}
	p.newDay(now, settings.Location)
	if c := capOf(d); c != "" && first {
		p.daily[c]++
		l.day = p.day
	}
	switch classOf(d) {
	case classMessage:
		p.last = now
		if d.Action.Unsolicited {
			p.unsolicited = now
		}
		if !settings.Pace.Off {
			p.total = append(p.total, now)
			if len(p.chats) >= chatCap {
				clear(p.chats)
			}
			p.chats[target(d)] = append(p.chats[target(d)], now)
		}
	case classAccept:
		if !settings.Pace.Off {
			p.accepts = append(p.accepts, now)
		}
	case classInvite, classOther:
	}
	return l
}

// giveBack undoes start for a delivery that the server was not asked to do.
func (p *pacer) giveBack(d event.Delivery, l place) {
	if l.day != "" && l.day == p.day {
		p.daily[capOf(d)]--
	}
	switch classOf(d) {
	case classMessage:
		if p.last.Equal(l.at) {
			p.last = l.last
		}
		if p.unsolicited.Equal(l.at) {
			p.unsolicited = l.unsolicited
		}
		p.total = without(p.total, l.at)
		if left := without(p.chats[target(d)], l.at); len(left) > 0 {
			p.chats[target(d)] = left
		} else {
			delete(p.chats, target(d))
		}
	case classAccept:
		p.accepts = without(p.accepts, l.at)
	case classInvite, classOther:
	}
}

// without drops the last of the times that is t.
func without(times []time.Time, t time.Time) []time.Time {
	for i, at := range slices.Backward(times) {
		if at.Equal(t) {
			return slices.Delete(times, i, i+1)
		}
	}
	return times
}

// load notes what went out before the start, so that a restart lifts no limit.
func (p *pacer) load(ds []event.Delivery, now time.Time, settings event.Settings) {
	p.newDay(now, settings.Location)
	for _, d := range ds {
		at := d.Receipt.Time
		if at.After(now) {
			continue
		}
		today := in(at, settings.Location).Format(time.DateOnly) == p.day
		if c := capOf(d); c != "" && today {
			p.daily[c]++
		}
		switch classOf(d) {
		case classMessage:
			p.last = later(p.last, at)
			if d.Action.Unsolicited {
				p.unsolicited = later(p.unsolicited, at)
			}
			p.total = append(p.total, at)
			p.chats[target(d)] = append(p.chats[target(d)], at)
		case classAccept:
			p.accepts = append(p.accepts, at)
		case classInvite, classOther:
		}
	}
}

// due says when a delivery that is due by itself may go, what makes it wait that
// long ("" if it is by itself), and whether it is held for so long that others of its
// chat may pass it. first tells that it was not tried before: what was has its place
// in the day's count.
func (p *pacer) due(d event.Delivery, first bool, own, now time.Time, settings event.Settings) (at time.Time, parked bool, by event.Brake) {
	at = own
	wait := func(t time.Time, brake event.Brake) {
		if t.After(at) {
			at, by = t, brake
		}
	}
	if s, ok := p.stopped[classOf(d)]; ok && s.Until.After(at) {
		at, parked, by = s.Until, true, event.BrakeThrottled
	}
	pace := settings.Pace
	if pace.Off {
		return at, parked, by
	}
	if d.Action.Unsolicited && classOf(d) != classOther {
		if end, quiet := quietEnd(pace.Quiet, later(at, now), settings.Location); quiet {
			at, parked, by = end, true, event.BrakeQuiet
		}
	}
	p.newDay(now, settings.Location)
	switch classOf(d) {
	case classMessage:
		wait(p.last.Add(sendGap), event.BrakePace)
		wait(limit(&p.total, pace.Total, now), event.BrakePace)
		if recent, ok := p.chats[target(d)]; ok {
			wait(limit(&recent, pace.PerChat, now), event.BrakePace)
			p.chats[target(d)] = recent
		}
		if d.Action.Unsolicited && !p.unsolicited.IsZero() {
			wait(p.unsolicited.Add(pace.Unsolicited.Min+p.spread(d, pace.Unsolicited)), event.BrakePace)
		}
	case classAccept:
		wait(limit(&p.accepts, pace.Accept, now), event.BrakePace)
	case classInvite, classOther:
	}
	if c := capOf(d); c != "" && first {
		if most := dailyMost(c, pace); most > 0 && p.daily[c] >= most {
			wait(tomorrow(now, settings.Location), event.BrakeCap)
			parked = true
		}
	}
	return at, parked, by
}

func dailyMost(name string, pace event.Pace) int {
	switch name {
	case capAccept:
		return pace.AcceptPerDay
	case capInvite:
		return pace.InvitePerDay
	}
	return pace.UnsolicitedPerDay
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
