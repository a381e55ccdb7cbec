package outbox

import (
	"slices"
	"time"

	"wxbot/bot/event"
)

// sequence is what one handler decided about one event: its steps wait for each
// other.
type sequence struct {
	name  string
	chat  *chat
	steps []event.Delivery // the first is next
	past  past             // of the first step
	since time.Time        // when the step before it ended; zero if that is not known
	// due is when the first step may go; zero is not reckoned yet.
	due time.Time
	// parked: the first step waits for a reason of its own (a wait step, a
	// failure elsewhere), so later sequences of the chat may pass.
	parked   bool
	notReady bool
	flying   bool
	// held is the last brake that held the first step back for longer than a pause;
	// why is what its last try failed with.
	held event.Brake
	why  error
	// dropped, unless "", is why the step under way ends if it is not done by now.
	dropped string
}

// past is what was tried of a step so far.
type past struct {
	tries   int
	first   time.Time // zero before the first try
	unclear bool      // one of them may have done it
}

// pastOf is what the store knows of earlier tries: those whose outcome was
// unclear, or that a kill interrupted.
func pastOf(d event.Delivery) past {
	return past{tries: d.Tries, first: d.First, unclear: d.Tries > 0}
}

// chat is one conversation: its sequences in the order they came.
type chat struct {
	key    string
	seqs   []*sequence
	flying bool
}

func (o *Outbox) addLocked(d event.Delivery) {
	if d.Status != event.StatusPending || o.known[d.ID] || o.endedLocked(d.ID) {
		return
	}
	name := d.Sequence()
	s := o.seqs[name]
	if s == nil {
		key := d.Chat.Key
		c := o.chats[key]
		if c == nil {
			c = &chat{key: key}
			o.chats[key] = c
			o.turns = append(o.turns, key)
		}
		s = &sequence{name: name, chat: c}
		o.seqs[name] = s
		c.seqs = append(c.seqs, s)
	}
	o.known[d.ID] = true
	at, _ := slices.BinarySearchFunc(s.steps, d.N, func(a event.Delivery, n int) int { return a.N - n })
	s.steps = slices.Insert(s.steps, at, d)
	if at == 0 && !s.flying {
		s.due, s.past = time.Time{}, pastOf(d)
	}
}

func (o *Outbox) endedLocked(id int64) bool {
	_, ok := o.ended[id]
	return ok
}

// removeLocked takes a step out of a sequence that is done with it.
func (o *Outbox) removeLocked(s *sequence, id int64, e end) {
	delete(o.known, id)
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	for _, w := range o.waiters[id] {
		w <- e // it has room for the one end
	}
	delete(o.waiters, id)
	o.ended[id] = e
	if o.oldest = append(o.oldest, id); len(o.oldest) > endedMost {
		delete(o.ended, o.oldest[0])
		o.oldest = o.oldest[1:]
	}
	s.steps = slices.DeleteFunc(s.steps, func(d event.Delivery) bool { return d.ID == id })
	s.due, s.parked, s.notReady, s.dropped, s.held, s.why = time.Time{}, false, false, "", "", nil
	if len(s.steps) > 0 {
		s.past = pastOf(s.steps[0])
		return
	}
	delete(o.seqs, s.name)
	c := s.chat
	c.seqs = slices.DeleteFunc(c.seqs, func(x *sequence) bool { return x == s })
	if len(c.seqs) == 0 {
		delete(o.chats, c.key)
		o.turns = slices.DeleteFunc(o.turns, func(k string) bool { return k == c.key })
	}
}

// pickLocked chooses what goes now: replies before unsolicited messages before
// notices, chats in turn. Without any it tells when the next may.
func (o *Outbox) pickLocked(now time.Time, settings event.Settings) (*sequence, time.Time) {
	var best *sequence
	var soonest time.Time
	for _, key := range o.turns {
		c := o.chats[key]
		if c.flying {
			continue
		}
		s, next := o.pickOfLocked(c, now, settings)
		if s != nil && (best == nil || rank(s) < rank(best)) {
			best = s
		}
		if best != nil && rank(best) == 0 {
			break
		}
		if !next.IsZero() && (soonest.IsZero() || next.Before(soonest)) {
			soonest = next
		}
	}
	if best == nil {
		return nil, soonest
	}
	// The chat goes to the end of the line.
	key := best.chat.key
	i := slices.Index(o.turns, key)
	o.turns = append(slices.Delete(o.turns, i, i+1), key)
	return best, time.Time{}
}

// pickOfLocked chooses among the sequences of one chat. Answers keep their order;
// what nobody asked for holds none of them up.
func (o *Outbox) pickOfLocked(c *chat, now time.Time, settings event.Settings) (best *sequence, soonest time.Time) {
	for _, s := range c.seqs {
		due, parked := o.dueLocked(s, now, settings)
		if due.After(now) {
			if soonest.IsZero() || due.Before(soonest) {
				soonest = due
			}
			if rank(s) == 0 && !parked {
				break
			}
			continue
		}
		if best == nil || rank(s) < rank(best) {
			best = s
		}
		if rank(best) == 0 {
			break
		}
	}
	return best, soonest
}

// rank orders what is ready at the same time.
func rank(s *sequence) int {
	d := s.steps[0]
	switch {
	case d.Action.Kind == event.ActNotify:
		return 2
	case d.Action.Unsolicited:
		return 1
	}
	return 0
}

// dueLocked reckons when the first step of a sequence may go. The pause of its
// own is drawn once; what the pacer says is asked anew each time. parked tells that
// later sequences of the chat may pass.
func (o *Outbox) dueLocked(s *sequence, now time.Time, settings event.Settings) (due time.Time, parked bool) {
	d := s.steps[0]
	if s.due.IsZero() {
		s.due = now
		if pace := settings.Pace; !pace.Off && isMessage(d) && rank(s) == 0 && d.N == 0 {
			s.due = now.Add(o.draw(pace.Reply))
		}
		if s.due.Before(d.NotBefore) {
			s.due = d.NotBefore
			s.parked = true
		}
	}
	due, parked, by := o.pacer.due(d, s.past.tries == 0, s.due, now, settings)
	if parked && due.After(now) {
		s.held = by
	}
	return due, parked || s.parked
}

func (o *Outbox) draw(r event.Range) time.Duration {
	if r.Max <= r.Min {
		return r.Min
	}
	return r.Min + time.Duration(o.opts.Random()*float64(r.Max-r.Min))
}

// isMessage tells what puts a message into a chat.
func isMessage(d event.Delivery) bool {
	switch d.Action.Kind {
	case event.ActReply, event.ActSend, event.ActForward, event.ActNotify, event.ActCall:
		return true
	case event.ActAccept, event.ActRemark, event.ActInvite, event.ActRevoke, event.ActWait, event.ActWebhook, event.ActLog,
		event.ActRename, event.ActPin, event.ActRead:
	}
	return false
}
