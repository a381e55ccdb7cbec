package luahost

import (
	"errors"
	"runtime"
	"runtime/metrics"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// What stops a call in the middle. A script cannot catch these: the next
// instruction raises them again.
var (
	errDeadline = errors.New("deadline exceeded")
	errBudget   = errors.New("too many instructions")
	errMemory   = errors.New("too much memory")
)

// gas is the context of all Lua threads of one plugin. The interpreter asks Done
// before every instruction, so that is where running time, work and memory are
// reckoned: it costs less than a context with a timer, and the count of
// instructions ends a loop even where time stands still, as in a test's bubble.
// Library functions that do much at once add to the count with charge. Only
// whoever holds the run lock uses it.
type gas struct {
	closed  chan struct{} // what Done gives when it is over
	left    int64         // instructions until the next look
	budget  int64         // instructions until the stretch is over
	until   time.Time
	stopped bool
	err     error

	heap    uint64    // when the stretch began, as far as it is known to be live
	most    uint64    // growth that stops the stretch
	weighed time.Time // when the heap was looked at last
	sample  [1]metrics.Sample

	// threads are the coroutines being resumed, of all calls; made counts those
	// created in this stretch.
	threads map[*lua.LState]bool
	made    int
}

const (
	// looks is how many instructions pass between two looks at the clock: few,
	// since one assignment may fill an array of arrayMost.
	looks = 128
	// budgetMost is far more than a stretch of 1 s can do on today's machines.
	budgetMost = 400_000_000
	// weighEvery is the time between two looks at the heap.
	weighEvery = time.Millisecond
	heapMetric = "/memory/classes/heap/objects:bytes"
)

// newGas makes the gas of a plugin whose stretches may grow the heap by most bytes.
func newGas(most uint64) *gas {
	g := &gas{closed: make(chan struct{}), most: most, threads: map[*lua.LState]bool{}}
	close(g.closed)
	g.sample[0].Name = heapMetric
	return g
}

// fill starts a stretch that may last so long, and tells the time.
func (g *gas) fill(d time.Duration) (now time.Time) {
	now = time.Now()
	g.until, g.weighed = now.Add(d), now
	g.left, g.budget = looks, budgetMost
	g.stopped, g.err = false, nil
	g.heap, g.made = 0, 0
	return now
}

// pause leaves out of the stretch what the host took, for a disk say.
func (g *gas) pause(d time.Duration) { g.until = g.until.Add(d) }

// stop ends what runs, with a reason.
func (g *gas) stop(err error) {
	if !g.stopped {
		g.stopped, g.err = true, err
	}
}

// Done is asked before every instruction.
func (g *gas) Done() <-chan struct{} {
	g.left--
	if g.left < 0 {
		g.look()
	}
	if g.stopped {
		return g.closed
	}
	return nil
}

func (g *gas) look() {
	g.budget -= looks - g.left
	g.left = looks
	if g.stopped {
		return
	}
	now := time.Now()
	switch {
	case now.After(g.until):
		g.stop(errDeadline)
	case g.budget < 0:
		g.stop(errBudget)
	case now.Sub(g.weighed) >= weighEvery:
		g.weighed = now
		g.weigh()
	}
}

// weigh stops a stretch under which the heap has grown too much. The figure is the
// whole process's and counts garbage too, so a collection is forced before anyone
// is blamed. Short stretches are never weighed, and cost nothing.
func (g *gas) weigh() {
	now := g.objects()
	if g.heap == 0 {
		g.heap = now
		return
	}
	if now < g.heap+g.most {
		return
	}
	runtime.GC()
	live := g.objects()
	if live >= g.heap+g.most {
		g.stop(errMemory)
		return
	}
	g.heap = min(g.heap, live)
}

func (g *gas) objects() uint64 {
	metrics.Read(g.sample[:])
	if g.sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return g.sample[0].Value.Uint64()
}

// Deadline is not known: the interpreter does not ask for it.
func (g *gas) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value holds nothing.
func (g *gas) Value(any) any { return nil }

// Err says why it is over.
func (g *gas) Err() error { return g.err }

// charge reckons the work of a library function, in instructions, and raises an
// error where the stretch is over.
func charge(l *lua.LState, n int) {
	g, ok := l.Context().(*gas)
	if !ok {
		return
	}
	if g.left -= int64(n); g.left < 0 {
		g.look()
	}
	if g.stopped {
		l.RaiseError("%s", g.err.Error())
	}
}

// work is what handling so many bytes costs, in instructions.
func work(bytes int) int { return 1 + bytes/64 }
