package luahost

import (
	"context"
	"sync"
)

// quiet counts the calls that are at work: neither ended nor waiting for somebody's
// answer or for time to pass. Tests of plugins wait until there are none. Whoever
// wakes a waiting call counts it before it goes on, so that there is no instant at
// which it is forgotten. Its methods may be called concurrently.
type quiet struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n gets to 0; nil if nobody waits
}

func (q *quiet) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n += n; q.n == 0 && q.none != nil {
		close(q.none)
		q.none = nil
	}
}

// wait waits until nobody is at work.
func (q *quiet) wait(ctx context.Context) error {
	q.mu.Lock()
	if q.n == 0 {
		q.mu.Unlock()
		return nil
	}
	if q.none == nil {
		q.none = make(chan struct{})
	}
	none := q.none
	q.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
