package bot

import "sync"

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
