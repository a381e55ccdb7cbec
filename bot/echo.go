package bot

import (
	"sync"
	"time"

	"wxbot/bot/event"
	"wxbot/wx"
)

// echoes remembers the ids of messages that the daemon sent, over restarts: some
// servers hand them out again as if the owner had written them on the phone (section
// 6.3). The client knows only those of its own life.
type echoes struct {
	mu   sync.Mutex
	ids  map[string]bool
	ring []string // as they came
	next int
	// awaited holds, until a time, messages that were handed to the server and whose
	// ids have not come back: their echoes may be here before.
	awaited map[awaitedEcho]time.Time
}

// awaitedEcho is what is known of a message that has no id yet.
type awaitedEcho struct {
	chat string // key; "" if it was sent to a name that nobody had looked up
	text string // "" if it is no text
}

const (
	// echoesMost is how many ids are remembered, and how many are awaited.
	echoesMost = 4096
	// echoWait is how long the echo of a message may take whose outcome is unknown;
	// longer than such a message is tried.
	echoWait = 10 * time.Minute
)

// await notes at now that a message is handed to the server.
func (e *echoes) await(m awaitedEcho, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.awaited == nil {
		e.awaited = map[awaitedEcho]time.Time{}
	}
	if len(e.awaited) >= echoesMost {
		for m, until := range e.awaited {
			if now.After(until) {
				delete(e.awaited, m)
			}
		}
	}
	if len(e.awaited) < echoesMost {
		e.awaited[m] = now.Add(echoWait)
	}
}

// settled ends the wait for a message: it has an id, or "" if it was refused.
func (e *echoes) settled(m awaitedEcho, id string) {
	e.mu.Lock()
	delete(e.awaited, m)
	e.mu.Unlock()
	e.add(id)
}

// awaitLeft awaits what an earlier life handed to the server without learning what
// became of it.
func (e *echoes) awaitLeft(left []event.Delivery, now time.Time) {
	for i := range left {
		d := &left[i]
		if d.Tries == 0 || d.Receipt.MsgID != "" {
			continue
		}
		m := awaitedEcho{chat: d.Action.ToKey}
		if d.Action.Forward == "" {
			m.text = d.Action.Message.Text
		}
		if m.chat == "" && d.Action.Kind == event.ActReply {
			m.chat = d.Chat.Key
		}
		if m != (awaitedEcho{}) {
			e.await(m, now)
		}
	}
}

// isEcho reports whether a message of the account's own, which bears no known id,
// is one of those that the daemon has handed to the server. Each has one echo.
func (e *echoes) isEcho(ev *event.Event, now time.Time) bool {
	if ev.Message == nil {
		return false
	}
	m := awaitedEcho{chat: ev.Chat.Key}
	if ev.Message.Type == event.TypeText {
		m.text = ev.Message.Raw
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range []awaitedEcho{m, {text: m.text}} {
		if k != (awaitedEcho{}) && now.Before(e.awaited[k]) {
			delete(e.awaited, k)
			return true
		}
	}
	return false
}

func (e *echoes) add(id string) {
	if id == "" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ids == nil {
		e.ids, e.ring = map[string]bool{}, make([]string, echoesMost)
	}
	delete(e.ids, e.ring[e.next])
	e.ring[e.next] = id
	e.ids[id] = true
	e.next = (e.next + 1) % echoesMost
}

func (e *echoes) has(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ids[id]
}

// receivedMost is how many of the newest messages can be forwarded as they came.
const receivedMost = 2000

// received keeps the newest messages of this session: to forward one, the client
// needs all of it.
type received struct {
	mu   sync.Mutex
	byID map[string]*wx.Message
	ring []string
	next int
}

func (r *received) put(m *wx.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID, r.ring = map[string]*wx.Message{}, make([]string, receivedMost)
	}
	if r.byID[m.ID] != nil {
		return
	}
	delete(r.byID, r.ring[r.next])
	r.ring[r.next] = m.ID
	r.byID[m.ID] = m
	r.next = (r.next + 1) % receivedMost
}

func (r *received) get(id string) (*wx.Message, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.byID[id]
	return m, ok
}

// forget drops all of them: user names and media mean nothing in another session.
func (r *received) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID = nil
	r.next = 0
}
