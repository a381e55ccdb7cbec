// Package dispatch offers every event of the inbox to plugins and rules in the
// order the daemon promises: one chat in order, different chats side by side. It
// decides nothing itself; what is to be done goes into the inbox's own
// transaction, together with "event done".
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
)

// Inbox holds the events that are not done. Its methods are durable when they
// return, and safe for concurrent use.
type Inbox interface {
	// Unfinished gives, in the order they came, at most limit events after the
	// position that are not done.
	Unfinished(ctx context.Context, after int64, limit int) ([]event.Entry, error)
	// Finish marks the events done with an outcome and, in the same
	// transaction, queues what was decided about ev, which is the first of
	// them or merged from all of them.
	Finish(ctx context.Context, ids []string, outcome string, ev *event.Event, firings []event.Firing) error
}

// Rules decide. They are asked for the snapshot in force at that moment.
type Rules interface {
	Decide(ev *event.Event, command, gathered string) event.Decision
	CommandName(ev *event.Event) (rule, name string, ok bool)
	Settings() event.Settings
}

// Plugins are offered events. Each call returns when every handler concerned has
// returned or has claimed the event.
type Plugins interface {
	Observe(ctx context.Context, ev *event.Event)
	Filter(ctx context.Context, ev *event.Event) (dropped bool)
	// Resolve finds the plugin command that a message calls, without running it.
	Resolve(ev *event.Event) (name string, run func(context.Context) (claimed bool), ok bool)
	On(ctx context.Context, ev *event.Event) (claimed bool)
	Fallback(ctx context.Context, ev *event.Event) (claimed bool)
}

// Preparer completes an event just before it is handled: present names, whether
// the bot was mentioned. A reason other than "" means that nothing may answer.
type Preparer interface {
	Prepare(ctx context.Context, ev *event.Event) (reason string)
}

// Options configures a Dispatcher. Inbox, Rules, Plugins and Prepare are
// required.
type Options struct {
	Inbox   Inbox
	Rules   Rules
	Plugins Plugins
	Prepare Preparer
	Clock   clock.Clock
	Logger  zerolog.Logger
	// Muted, if set, is told of a sender that the loop guard mutes. It must not
	// block.
	Muted func(ev *event.Event)
	// Bound is how many events wait in memory at most; what comes beyond waits
	// in the inbox. Default 4096.
	Bound int
}

const (
	defaultBound = 4096
	readAhead    = 256
	retryFloor   = 100 * time.Millisecond
	retryCap     = 30 * time.Second
)

// Dispatcher hands events out. Offer may be called from any goroutine.
type Dispatcher struct {
	opts  Options
	wake  chan struct{}
	lanes sync.WaitGroup
	guard *loopGuard

	mu sync.Mutex
	// queues holds what waits in each chat; a chat is in it exactly while its
	// goroutine runs.
	queues map[string][]item
	held   int   // events in memory: queued, being handled, or gathering
	loaded int64 // position of the last event taken into memory
	behind bool  // events after loaded wait in the inbox alone
	// dropped counts what Offer left to the inbox.
	dropped uint64
	gathers map[gatherKey]*gathering
	// launch starts the goroutine of a chat; nil while Run does not run.
	launch func(key string)
}

// item is one turn in a chat's lane: an event, or what was gathered for a rule.
type item struct {
	ev    *event.Event
	rule  string         // that gathered
	parts []*event.Event // what ev was merged from
}

// New checks the options.
func New(opts Options) (*Dispatcher, error) {
	if opts.Inbox == nil || opts.Rules == nil || opts.Plugins == nil || opts.Prepare == nil {
		return nil, errors.New("dispatch: Inbox, Rules, Plugins and Prepare are required")
	}
	if opts.Bound <= 0 {
		opts.Bound = defaultBound
	}
	return &Dispatcher{
		opts:    opts,
		wake:    make(chan struct{}, 1),
		guard:   newLoopGuard(),
		queues:  map[string][]item{},
		behind:  true,
		gathers: map[gatherKey]*gathering{},
	}, nil
}

// Offer hands over events right after they were committed, in the order of their
// positions. It never blocks on a handler and never refuses: what does not fit
// in memory is read from the inbox later.
func (d *Dispatcher) Offer(entries []event.Entry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range entries {
		if d.behind || d.launch == nil || d.held >= d.opts.Bound {
			d.behind = true
			d.dropped++
			d.signal()
			continue
		}
		d.enqueueLocked(&entries[i])
	}
}

func (d *Dispatcher) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run hands out events until ctx ends, then waits for the handlers that run.
func (d *Dispatcher) Run(ctx context.Context) error {
	d.mu.Lock()
	d.launch = func(key string) { d.lanes.Go(func() { d.laneLoop(ctx, key) }) }
	d.mu.Unlock()
	defer d.stop()
	wait := retryFloor
	for {
		err := d.readInbox(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var retry <-chan time.Time
		if err != nil {
			d.opts.Logger.Warn().Err(err).Dur("wait", wait).Msg("inbox not read")
			t := time.NewTimer(wait)
			defer t.Stop()
			retry = t.C
			wait = min(2*wait, retryCap)
		} else {
			wait = retryFloor
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		case <-retry:
		}
	}
}

func (d *Dispatcher) stop() {
	d.mu.Lock()
	d.launch = nil
	for _, g := range d.gathers {
		g.timer.Stop()
	}
	d.mu.Unlock()
	d.lanes.Wait()
}

// readInbox brings events from the inbox to memory while there is room. It is
// caught up when a read found the end and Offer left nothing behind meanwhile;
// from then on Offer enqueues by itself. Positions keep the order and keep an
// event from coming twice.
func (d *Dispatcher) readInbox(ctx context.Context) error {
	for {
		d.mu.Lock()
		after, dropped := d.loaded, d.dropped
		room := d.opts.Bound - d.held
		need := d.behind && room > 0
		d.mu.Unlock()
		if !need {
			return nil
		}
		limit := min(room, readAhead)
		entries, err := d.opts.Inbox.Unfinished(ctx, after, limit)
		if err != nil {
			return fmt.Errorf("read inbox: %w", err)
		}
		d.mu.Lock()
		for i := range entries {
			d.enqueueLocked(&entries[i])
		}
		if len(entries) < limit && d.dropped == dropped {
			d.behind = false
		}
		d.mu.Unlock()
	}
}

func (d *Dispatcher) enqueueLocked(e *event.Entry) {
	if e.Seq <= d.loaded {
		return
	}
	d.loaded = e.Seq
	d.held++
	d.pushLocked(e.Event.Chat.Key, item{ev: &e.Event})
}

func (d *Dispatcher) pushLocked(key string, it item) {
	q, busy := d.queues[key]
	d.queues[key] = append(q, it)
	if !busy {
		d.launch(key)
	}
}

// next takes the item at the head of a lane, or ends the lane.
func (d *Dispatcher) next(key string) (item, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queues[key]
	if len(q) == 0 || d.launch == nil {
		delete(d.queues, key)
		return item{}, false
	}
	d.queues[key] = q[1:]
	return q[0], true
}

// release lets go of n events; when there is room again, what waits in the inbox
// is read.
func (d *Dispatcher) release(n int) {
	d.mu.Lock()
	d.held -= n
	if d.behind && d.held <= d.opts.Bound/2 {
		d.signal()
	}
	d.mu.Unlock()
}
