package luahost

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errDeadline stops a handler that runs for too long without waiting.
var errDeadline = errors.New("deadline exceeded")

// gas is the context of all Lua threads of one plugin. The interpreter asks Done
// before every instruction, so that is where running time is reckoned: it costs
// less than a context with a timer, and a handler cannot catch the end of it, since
// the next instruction raises it again. Only whoever holds the run lock uses it.
type gas struct {
	context.Context //nolint:containedctx // it is one, but for when it is done
	count           uint32
	until           time.Time
	stopped         bool
	err             error
	nested          int         // coroutines inside coroutines
	halt            atomic.Bool // set from outside: stop at the next look
}

// looks is how many instructions pass between two looks at the clock.
const looks = 1 << 10

var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func newGas() *gas { return &gas{Context: context.Background()} } //nolint:forbidigo // it never ends by itself

// fill starts a stretch that may last so long.
func (g *gas) fill(d time.Duration) {
	g.until = time.Now().Add(d)
	g.stopped, g.err = false, nil
	g.halt.Store(false)
}

// Done is asked before every instruction.
func (g *gas) Done() <-chan struct{} {
	g.count++
	if g.count%looks == 0 && !g.stopped {
		g.look()
	}
	if g.stopped {
		return closed
	}
	return nil
}

func (g *gas) look() {
	switch {
	case g.halt.Load():
		g.stopped, g.err = true, context.Canceled
	case time.Now().After(g.until):
		g.stopped, g.err = true, errDeadline
	}
}

// Err says why it is over.
func (g *gas) Err() error { return g.err }
