package wx

import (
	"math"
	"slices"
	"sync"
)

const (
	maxBatch = 50 // entries of one webwxbatchgetcontact (section 5.2)
	// batchMembers bounds the members that the groups of one background request
	// have together; unknownSize is reckoned for a group not yet seen.
	batchMembers = 5000
	unknownSize  = 100
	maxAsks      = 3 // of an id that the server leaves out of its answers
	// An id that failed alone is never asked for again in a session (section
	// 5.2): after the second code that says no, since the first may be transient,
	// or the sixth answer that makes no sense.
	maxFails  = 6
	failNo    = 3
	failOther = 1
)

// loader holds what webwxbatchgetcontact is to be asked for: lookups that
// somebody waits for, and names in the background. Only batchLoop takes from it.
// Safe for concurrent use.
type loader struct {
	wake chan struct{} // there may be work
	news chan struct{} // there may be changes to announce

	mu      sync.Mutex
	lookups []*lookup
	queue   []string
	again   [][]string // what failed, in the slices to try next
	queued  map[string]bool
	asks    map[string]int
	fails   map[string]int // weight of a name's failures alone
	late    []string       // to be asked for if the contact list lacks them
	changed changes
}

// lookup is a call of Lookup that waits. found and err are set before done is
// closed.
type lookup struct {
	group string
	names []string
	alone bool // failed together with others: goes alone now
	done  chan struct{}
	found []Contact
	err   error
}

func newLoader() *loader {
	return &loader{
		wake: make(chan struct{}, 1), news: make(chan struct{}, 1),
		queued: map[string]bool{}, asks: map[string]int{}, fails: map[string]int{},
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default: // a signal is waiting already
	}
}

// ask queues a lookup. Names that failed alone before are left out; if none is
// left, the lookup is done.
func (l *loader) ask(group string, names []string) *lookup {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := &lookup{group: group, done: make(chan struct{})}
	for _, n := range names {
		if n != "" && !l.barredLocked(n) && !slices.Contains(q.names, n) {
			q.names = append(q.names, n)
		}
	}
	if len(q.names) == 0 {
		close(q.done)
		return q
	}
	l.lookups = append(l.lookups, q)
	signal(l.wake)
	return q
}

// forget drops a lookup that nobody waits for any more.
func (l *loader) forget(q *lookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lookups = slices.DeleteFunc(l.lookups, func(o *lookup) bool { return o == q })
}

// add queues names that are wanted for the first time. Each is asked for a few
// times at most: some the server leaves out, some come without names for ever.
func (l *loader) add(names ...string) {
	l.enqueue(maxAsks, names)
}

// refresh queues names of which is known that they changed.
func (l *loader) refresh(names ...string) {
	l.enqueue(math.MaxInt, names)
}

func (l *loader) enqueue(asks int, names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		if n == "" || l.queued[n] || l.barredLocked(n) || l.asks[n] >= asks {
			continue
		}
		l.queued[n] = true
		l.queue = append(l.queue, n)
	}
	if len(l.queue) > 0 {
		signal(l.wake)
	}
}

// later notes names of the conversation list: groups are asked for at once,
// others only if the contact list turns out not to have them.
func (l *loader) later(names ...string) {
	groups := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !IsGroup(n) })
	l.add(groups...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late = append(l.late, slices.DeleteFunc(slices.Clone(names), func(n string) bool { return IsGroup(n) || IsSpecial(n) })...)
}

// listComplete queues the noted names that are still unknown.
func (l *loader) listComplete(known func(string) bool) {
	l.mu.Lock()
	late := l.late
	l.late = nil
	l.mu.Unlock()
	l.add(slices.DeleteFunc(late, known)...)
}

// busy reports whether names are being asked for, or are to be.
func (l *loader) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queued) > 0
}

// pending reports whether there is anything to ask.
func (l *loader) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lookups)+len(l.queue)+len(l.again) > 0
}

// takeLookups takes the lookups that fit into one request together.
func (l *loader) takeLookups() []*lookup {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken, left []*lookup
	seen := map[string]bool{}
	for _, q := range l.lookups {
		fits := len(taken) == 0 || !q.alone && !taken[0].alone && len(seen)+len(q.names) <= maxBatch &&
			!slices.ContainsFunc(q.names, func(n string) bool { return seen[n] })
		if !fits {
			left = append(left, q)
			continue
		}
		taken = append(taken, q)
		for _, n := range q.names {
			seen[n] = true
		}
	}
	l.lookups = left
	return taken
}

// takeNames takes the names of one background request.
func (l *loader) takeNames(size func(string) int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.again) > 0 {
		names := l.again[0]
		l.again = l.again[1:]
		return names
	}
	weight, n := 0, 0
	for _, name := range l.queue {
		w := size(name)
		if w == 0 {
			w = unknownSize
		}
		if n == maxBatch || n > 0 && weight+w > batchMembers {
			break
		}
		weight += w
		n++
	}
	names := slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
	return names
}

// answered notes that names were asked for.
func (l *loader) answered(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		delete(l.queued, n)
		l.asks[n]++
	}
}

// failed puts names back in smaller slices: 10, then 5, then 1 (section 5.2). A
// name that failed alone too often is dropped.
func (l *loader) failed(names []string, weight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slice := 1
	switch n := len(names); {
	case n == 1:
		if l.failedAloneLocked(names[0], weight) {
			delete(l.queued, names[0])
			return
		}
	case n > 10:
		slice = 10
	case n > 5:
		slice = 5
	}
	for part := range slices.Chunk(names, slice) {
		l.again = append(l.again, part)
	}
}

// back puts names back unchanged, to be tried first.
func (l *loader) back(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(names) > 0 {
		l.again = slices.Insert(l.again, 0, names)
	}
}

// retry puts lookups back, each to go alone.
func (l *loader) retry(qs []*lookup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range qs {
		q.alone = true
	}
	l.lookups = append(qs, l.lookups...)
}

// failedAlone notes that a name failed when it was asked for alone.
func (l *loader) failedAlone(name string, weight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failedAloneLocked(name, weight)
}

// failedAloneLocked reports whether the name is barred now.
func (l *loader) failedAloneLocked(name string, weight int) bool {
	l.fails[name] += weight
	return l.barredLocked(name)
}

// barredLocked reports whether a name must not be asked for again in this session.
func (l *loader) barredLocked(name string) bool { return l.fails[name] >= maxFails }

// announce queues changes for the sink.
func (l *loader) announce(changed changes) {
	if changed.empty() {
		return
	}
	l.mu.Lock()
	l.changed.add(changed)
	l.mu.Unlock()
	signal(l.news)
}

func (l *loader) takeChanged() changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := l.changed
	l.changed = changes{}
	return changed
}
