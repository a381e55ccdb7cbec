package dispatch

import (
	"sync"
	"time"

	"wxbot/bot/event"
)

// loopGuard finds conversations between two bots: many answers to one person in
// one chat, each to a message that came right after ours or repeats the one
// before. Such a person is muted for a while in that chat.
type loopGuard struct {
	mu    sync.Mutex
	chats map[guardKey]*guardState
	last  map[string]time.Time // of our last message in a chat
}

type guardKey struct{ chat, person string }

type guardState struct {
	answers []time.Time // of suspicious answers
	last    time.Time   // of the last message we answered
	text    string      // of that message
	muted   time.Time   // until
}

const (
	// quickReply is how soon after our answer a message looks like a machine's.
	quickReply = 2 * time.Second
	// guardCap bounds the table; what is old goes first.
	guardCap = 10_000
)

func newLoopGuard() *loopGuard {
	return &loopGuard{chats: map[guardKey]*guardState{}, last: map[string]time.Time{}}
}

// sent notes that something of ours arrived in a chat.
func (g *loopGuard) sent(chat string, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.last) >= guardCap {
		clear(g.last)
	}
	g.last[chat] = at
}

// muted reports whether nothing may answer the sender of ev here and now.
func (g *loopGuard) muted(ev *event.Event, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.chats[guardKey{ev.Chat.Key, ev.Sender.Key}]
	return s != nil && now.Before(s.muted)
}

// answered notes that ev is answered at now. It reports whether that mutes the
// sender.
func (g *loopGuard) answered(ev *event.Event, now time.Time, limit event.LoopGuard) (muted bool) {
	if limit.Off || limit.Answers <= 0 || ev.Kind != event.KindMessage {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := guardKey{ev.Chat.Key, ev.Sender.Key}
	s := g.chats[key]
	if s == nil {
		g.makeRoomLocked(now, limit.Within)
		s = &guardState{}
		g.chats[key] = s
	}
	text := ev.Message.Text
	ours, spoke := g.last[ev.Chat.Key]
	suspicious := spoke && now.Sub(ours) < quickReply || !s.last.IsZero() && text == s.text
	s.last, s.text = now, text
	if !suspicious {
		s.answers = s.answers[:0]
		return false
	}
	keep := s.answers[:0]
	for _, t := range s.answers {
		if now.Sub(t) < limit.Within {
			keep = append(keep, t)
		}
	}
	s.answers = append(keep, now)
	if len(s.answers) < limit.Answers {
		return false
	}
	s.answers = s.answers[:0]
	s.muted = now.Add(limit.Mute)
	return true
}

func (g *loopGuard) makeRoomLocked(now time.Time, within time.Duration) {
	if len(g.chats) < guardCap {
		return
	}
	for k, s := range g.chats {
		if now.Sub(s.last) > within && now.After(s.muted) {
			delete(g.chats, k)
		}
	}
	if len(g.chats) >= guardCap {
		clear(g.chats)
	}
}
