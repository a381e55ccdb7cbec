package trace

import (
	"fmt"

	"wxbot/bot/event"
)

// Item is one thing that a Follower is told: an event that was decided about, or an
// action that has ended.
type Item struct {
	Trace  *event.Trace
	Answer *event.Delivery
}

// followMost is how many items wait for a Follower; one that is slower loses its
// place, and holds nobody up.
const followMost = 256

// Follower is told what happens from its making until it leaves.
type Follower struct {
	r *Recorder
	// C brings items, and is closed when the Follower left or was too slow.
	C chan Item
}

// followersMost is how many may follow at once.
const followersMost = 16

// ErrCrowded tells that too many follow already.
var ErrCrowded = fmt.Errorf("%d others follow already", followersMost)

// Follow makes a Follower. Whoever makes it calls Leave.
func (r *Recorder) Follow() (*Follower, error) {
	f := &Follower{r: r, C: make(chan Item, followMost)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.follows) >= followersMost {
		return nil, ErrCrowded
	}
	r.follows[f] = true
	return f, nil
}

// Leave ends it.
func (f *Follower) Leave() {
	f.r.mu.Lock()
	defer f.r.mu.Unlock()
	f.r.dropLocked(f)
}

func (r *Recorder) dropLocked(f *Follower) {
	if r.follows[f] {
		delete(r.follows, f)
		close(f.C)
	}
}

func (r *Recorder) tellLocked(i Item) {
	for f := range r.follows {
		select {
		case f.C <- i:
		default:
			r.dropLocked(f)
		}
	}
}
