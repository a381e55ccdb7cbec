package bot

import (
	"sync"

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
}

// echoesMost is how many ids are remembered.
const echoesMost = 4096

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
