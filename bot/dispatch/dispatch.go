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
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
)

// Inbox holds the events that are not done. Its methods are durable when they
// return, and safe for concurrent use.
type Inbox interface {
	// Unfinished gives, in the order they came, at most limit events after the
	// position that are not done: those of one chat, or of all with chat "".
	Unfinished(ctx context.Context, chat string, after int64, limit int) ([]event.Entry, error)
	// Finish marks the events at the positions done with an outcome and, in the
	// same transaction, queues what was decided about ev, which is the first of
	// them or merged from all of them.
	Finish(ctx context.Context, seqs []int64, outcome string, ev *event.Event, firings []event.Firing) error
	// Running notes, for after a kill, that the rules are at an event until end is
	// called. Plugins note it themselves.
	Running(seq int64) (end func())
}

// Rules decide. They are asked for the snapshot in force at that moment.
type Rules interface {
	Decide(ev *event.Event, command, gathered string) event.Decision
	CommandName(ev *event.Event) (rule, name string, ok bool)
	Settings() event.Settings
}

// Plugins are offered events. Each call returns when every handler concerned has
// returned or has claimed the event. What they answer with event.Held is not done:
// the plugins mark it done themselves.
type Plugins interface {
	Observe(ctx context.Context, ev *event.Event)
	Filter(ctx context.Context, ev *event.Event) (dropped bool)
	// Resolve finds the plugin command that a message calls, without running it.
	Resolve(ev *event.Event) (name string, run func(context.Context) event.Claim, ok bool)
	On(ctx context.Context, ev *event.Event) event.Claim
	Fallback(ctx context.Context, ev *event.Event) event.Claim
}

// Dialogues are the questions that plugins have put to people.
type Dialogues interface {
	// Answer gives a message to the question that waits for its writer in its chat;
	// it is event.Unclaimed if there is none, and as Plugins otherwise. command
	// tells whether the message calls a known command by a prefix: that ends the
	// question, and the message goes on.
	Answer(ctx context.Context, ev *event.Event, command func() bool) event.Claim
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
	// Handled, if set, is told what came of each event, or of what was gathered. It
	// must not block.
	Handled func(outcome string)
	// Admin, if set, carries out an operator's command in a chat; ok is false for
	// anything else. What it decides is queued with "event done".
	Admin func(ctx context.Context, ev *event.Event) (answers []event.Firing, ok bool)
	// Dialogues, if set, is offered what nothing keeps from being answered.
	Dialogues Dialogues
	// Silent, if set, tells why nothing answers in a chat now; "" if something may.
	// It is asked after Admin.
	Silent func(ev *event.Event) (reason string)
	// Owner, if set, is told of a message that the account's owner wrote in a chat
	// and no rule took.
	Owner func(ctx context.Context, ev *event.Event)
	// Room, if set, returns when a chat's answers are not too many to wait, or ctx
	// ends: until then the chat's next events stay in the inbox.
	Room func(ctx context.Context, chat string)
	// Traced, if set, is told what became of each event, right before that is written.
	// The trace is the receiver's. It must not block.
	Traced func(*event.Trace)
	// Bound is how many events wait in memory at most, and ChatBound how many of
	// one chat; what comes beyond waits in the inbox. Default 4096 and 64.
	Bound, ChatBound int
}

const (
	defaultBound     = 4096
	defaultChatBound = 64
	readAhead        = 256
	retryFloor       = 100 * time.Millisecond
	retryCap         = 30 * time.Second
	// deadly is how many deaths of the process in a row, each while it was being
	// handled, an event is blamed for.
	deadly = 3
)

// Dispatcher hands events out. Offer may be called from any goroutine.
type Dispatcher struct {
	opts  Options
	wake  chan struct{}
	turns atomic.Uint64
	lanes sync.WaitGroup
	guard *loopGuard

	mu sync.Mutex
	// waiting holds the chats that have something to handle; a chat is in it
	// exactly while its goroutine runs.
	waiting map[string]*lane
	held    int   // events in memory: queued, being handled, or gathering
	read    int64 // position up to which events were given to their lanes
	behind  bool  // events after read wait in the inbox alone
	// ahead holds, by chat, how far a lane that has ended had read beyond read.
	ahead map[string]int64
	// dropped counts what Offer left to the inbox.
	dropped uint64
	gathers map[gatherKey]*gathering
	// launch starts the goroutine of a chat; nil while Run does not run.
	launch func(key string)
}

// item is one turn in a chat's lane: an event, or what was gathered for a rule.
type item struct {
	event.Entry
	rule  string        // that gathered
	parts []event.Entry // what the event was merged from
	trace *event.Trace  // while it has its turn; nil if nobody wants one
}

// New checks the options.
func New(opts Options) (*Dispatcher, error) {
	if opts.Inbox == nil || opts.Rules == nil || opts.Plugins == nil || opts.Prepare == nil {
		return nil, errors.New("dispatch: Inbox, Rules, Plugins and Prepare are required")
	}
	if opts.Bound <= 0 {
		opts.Bound = defaultBound
	}
	if opts.ChatBound <= 0 {
		opts.ChatBound = defaultChatBound
	}
	return &Dispatcher{
		opts:    opts,
		wake:    make(chan struct{}, 1),
		guard:   newLoopGuard(),
		waiting: map[string]*lane{},
		ahead:   map[string]int64{},
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
		if d.behind || d.launch == nil {
			d.behind = true
			d.dropped++
			d.signal()
			continue
		}
		d.giveLocked(&entries[i])
	}
}

// Turns wakes Run and tells how many turns it has made. One that works has made
// another by the time of a later call.
func (d *Dispatcher) Turns() uint64 {
	d.signal()
	return d.turns.Load()
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
		d.turns.Add(1)
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

// readInbox gives what waits in the inbox to the lanes of its chats. It is caught
// up when a read found the end and Offer left nothing behind meanwhile; from then
// on Offer does so by itself. Positions keep the order and keep an event from
// coming twice.
func (d *Dispatcher) readInbox(ctx context.Context) error {
	for {
		d.mu.Lock()
		after, dropped, behind := d.read, d.dropped, d.behind
		d.mu.Unlock()
		if !behind {
			return nil
		}
		entries, err := d.opts.Inbox.Unfinished(ctx, "", after, readAhead)
		if err != nil {
			return fmt.Errorf("read inbox: %w", err)
		}
		d.mu.Lock()
		for i := range entries {
			d.giveLocked(&entries[i])
		}
		if len(entries) < readAhead && d.dropped == dropped {
			d.behind = false
		}
		d.mu.Unlock()
	}
}

// giveLocked gives an event to its chat's lane. A lane that is full, or has events
// in the inbox before this one, reads it from there when its turn has come.
func (d *Dispatcher) giveLocked(e *event.Entry) {
	if e.Seq <= d.read {
		return
	}
	d.read = e.Seq
	key := e.Event.Chat.Key
	if e.Seq <= d.ahead[key] {
		return
	}
	delete(d.ahead, key)
	l := d.waiting[key]
	if l == nil {
		l = d.laneLocked(key)
		l.loaded = e.Seq - 1
	}
	if e.Seq <= l.loaded {
		return
	}
	if l.behind || len(l.queue) >= d.opts.ChatBound || d.held >= d.opts.Bound {
		l.behind = true
		return
	}
	l.loaded = e.Seq
	d.held++
	l.queue = append(l.queue, item{Entry: *e})
}

func (d *Dispatcher) release(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held -= n
}
