package bot

import (
	"maps"
	"sync"
)

// hits counts how often each rule fired since the start. It is safe for concurrent
// use.
type hits struct {
	mu sync.Mutex
	n  map[string]int // by rule; names of rules that are gone stay
}

func (h *hits) add(rule string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n == nil {
		h.n = map[string]int{}
	}
	h.n[rule]++
}

func (h *hits) all() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.n)
}
