// Package outbox carries deliveries out: in order within a handler and within a
// chat, chats taking turns, at the pace that the settings allow, and never twice.
// Deliveries are in the store before they get here, and their outcome is written
// there before anything builds on it.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
)

// A Sender's error says by one of these how a delivery ended; any other error
// means that it was not done and may be tried again.
var (
	// ErrUnknown: it may have been done.
	ErrUnknown = errors.New("outcome unknown")
	// ErrThrottled: the server says too often.
	ErrThrottled = errors.New("too often")
	// ErrPermanent: it cannot be done, now or later.
	ErrPermanent = errors.New("refused")
	// ErrTwice: it was not done; one more try is worth it, not more.
	ErrTwice = errors.New("not done")
	// ErrNotReady: not before something changes that Kick tells of, such as the
	// login. It costs no try.
	ErrNotReady = errors.New("not ready")
	// ErrObsolete: it was not done and is not wanted any more.
	ErrObsolete = errors.New("not wanted any more")
)

// Store keeps deliveries. What it returns from is durable.
type Store interface {
	Pending(ctx context.Context) ([]event.Delivery, error)
	// Recent gives what was sent since a time, or may have been, oldest first.
	Recent(ctx context.Context, since time.Time) ([]event.Delivery, error)
	Resolve(ctx context.Context, r event.Result) ([]event.Delivery, error)
	Delivery(ctx context.Context, id int64) (event.Delivery, error)
	// ResolveSoon is Resolve of what has no Follow, without waiting; wait waits.
	ResolveSoon(r event.Result) (wait func() error)
	// Sync waits until everything that was asked for is written.
	Sync(ctx context.Context) error
	// Sending notes, for after a kill, that a delivery was handed to the server at
	// a time, and by sent that the server accepted it, until end is called: with
	// written, if its outcome is in the store.
	Sending(id int64, at time.Time) (sent func(event.Receipt), end func(written bool))
}

// Memory keeps small values over restarts.
type Memory interface {
	Meta(ctx context.Context, key string) (string, error)
	SetMeta(ctx context.Context, key, value string) error
}

// Sender does what a delivery says, once.
type Sender interface {
	Deliver(ctx context.Context, d event.Delivery) (event.Receipt, error)
}

// Options configures an Outbox. Store, Sender and Settings are required.
type Options struct {
	Store  Store
	Sender Sender
	// Settings are those in force; they are asked for every delivery at the
	// moment of sending.
	Settings func() event.Settings
	Clock    clock.Clock
	Logger   zerolog.Logger
	// Notify tells the operator in WeChat of what trial mode held back, and of
	// steps that failed. It must
	// not block.
	Notify func(text string)
	// Memory, if set, keeps what the server has throttled.
	Memory Memory
	// Throttled, if set, is told that the server stopped a kind of action, and for
	// how long. It must not block.
	Throttled func(class string, wait time.Duration)
	// Ended, if set, is told how each delivery has ended; the time of its receipt
	// is when. It must not block, nor call the Outbox.
	Ended func(event.Delivery, event.Result)
	// Workers is how many deliveries are under way at once at most; default 8.
	Workers int
	// Random draws pauses, from [0, 1); default math/rand.
	Random func() float64
}

const (
	defaultWorkers = 8
	// sendMost bounds one delivery, sendGrace what it gets when the daemon stops.
	sendMost  = 3 * time.Minute
	sendGrace = 2 * time.Second
	// unclearMost is how long an unclear outcome is tried again.
	unclearMost = 5 * time.Minute
	// undoneMost is how long something that is certainly not done is tried; for
	// what answers somebody the settings' stale limit ends it earlier.
	undoneMost = time.Hour
	retryLeast = time.Second
	retryMost  = time.Minute
	// notReadyWait is when something not ready is looked at again without Kick.
	notReadyWait  = 5 * time.Second
	throttleFirst = 30 * time.Minute
	throttleMost  = 24 * time.Hour
	// lookBack is how much of the past bounds the pace after a restart: the
	// longest day.
	lookBack = 25 * time.Hour
	// endedMost is how many ended deliveries are remembered, so that a row read
	// before the end and handed over after it is not carried out again.
	endedMost = 4096
	// roomMost is how many sequences of one chat may wait before Room holds its
	// next events back.
	roomMost = 32
)

// Counts tells how deliveries ended since the start, and how many wait.
type Counts struct{ Waiting, Sent, Failed, Unknown, Expired, Trial int }

// end is how a delivery ended.
type end struct {
	status event.Status
	reason string
}

// Outbox is the queue of deliveries. All methods may be called concurrently; Run
// once.
type Outbox struct {
	opts  Options
	wake  chan struct{}
	loops atomic.Uint64
	sends sync.WaitGroup
	// keeping holds a token while the stops are written, so that the newest wins.
	keeping chan struct{}

	mu         sync.Mutex
	chats      map[string]*chat
	turns      []string // keys of chats, the next to have its turn first
	seqs       map[string]*sequence
	known      map[int64]bool // deliveries in memory
	ended      map[int64]end  // the latest that left it
	oldest     []int64        // the keys of ended as they came
	waiters    map[int64][]chan end
	flying     int
	complained map[string]time.Time // when a handler's failure was told last
	counts     Counts
	pacer      pacer
	room       chan struct{} // closed when something has ended; nil if nobody waits
}

// New checks the options.
func New(o Options) (*Outbox, error) {
	if o.Store == nil || o.Sender == nil || o.Settings == nil {
		return nil, errors.New("outbox: Store, Sender and Settings are required")
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	return &Outbox{
		opts:       o,
		keeping:    make(chan struct{}, 1),
		wake:       make(chan struct{}, 1),
		chats:      map[string]*chat{},
		seqs:       map[string]*sequence{},
		known:      map[int64]bool{},
		ended:      map[int64]end{},
		waiters:    map[int64][]chan end{},
		complained: map[string]time.Time{},
		pacer:      newPacer(),
	}, nil
}

// Queue takes deliveries that are in the store. Those that are done or known are
// passed over.
func (o *Outbox) Queue(ds ...event.Delivery) {
	if len(ds) == 0 {
		return
	}
	o.mu.Lock()
	for _, d := range ds {
		o.addLocked(d)
	}
	o.mu.Unlock()
	o.signal()
}

// Kick says that something has changed that deliveries may have waited for.
func (o *Outbox) Kick() {
	o.mu.Lock()
	for _, s := range o.seqs {
		if s.notReady && !s.flying {
			s.notReady, s.due = false, time.Time{}
		}
	}
	o.mu.Unlock()
	o.signal()
}

func (o *Outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Turns wakes Run and tells how many turns it has made. One that works has made
// another by the time of a later call.
func (o *Outbox) Turns() uint64 {
	o.signal()
	return o.loops.Load()
}

// Counts tells how deliveries ended since the start.
func (o *Outbox) Counts() Counts {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.counts
	c.Waiting = len(o.known)
	return c
}

// Wait waits for the end of a delivery and tells it, with the reason if it did
// not end well.
func (o *Outbox) Wait(ctx context.Context, id int64) (event.Status, string, error) {
	done := make(chan end, 1)
	o.mu.Lock()
	o.waiters[id] = append(o.waiters[id], done)
	queued := o.known[id]
	was, over := o.ended[id]
	o.mu.Unlock()
	defer o.unwait(id, done)
	if over { // the store may not know it yet
		return was.status, was.reason, nil
	}
	if !queued {
		// It has ended, or is about to be queued: its end cannot be missed now.
		d, err := o.opts.Store.Delivery(ctx, id)
		if err != nil {
			return "", "", fmt.Errorf("wait for delivery %d: %w", id, err)
		}
		if d.Status != event.StatusPending {
			return d.Status, d.Reason, nil
		}
	}
	select {
	case e := <-done:
		return e.status, e.reason, nil
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
}

// Ended tells how one of the deliveries that ended lately has, before the store knows
// it; ok is false for any other.
func (o *Outbox) Ended(id int64) (status event.Status, reason string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e, ok := o.ended[id]
	return e.status, e.reason, ok
}

func (o *Outbox) unwait(id int64, done chan end) {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := slices.DeleteFunc(o.waiters[id], func(c chan end) bool { return c == done })
	if o.waiters[id] = left; len(left) == 0 {
		delete(o.waiters, id)
	}
}

// Room returns when not too many answers of a chat wait to be sent, or ctx ends.
// What waits for a time of its own does not count, nor what nobody asked for: it
// may have to wait for the morning.
func (o *Outbox) Room(ctx context.Context, key string) {
	for {
		o.mu.Lock()
		waiting := 0
		if c := o.chats[key]; c != nil {
			for _, s := range c.seqs {
				if !s.parked && rank(s) == 0 {
					waiting++
				}
			}
		}
		if waiting < roomMost {
			o.mu.Unlock()
			return
		}
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return
		}
	}
}

// Stop is a kind of action that the server has stopped.
type Stop struct {
	Class string
	Until time.Time
}

// Stops are the kinds of action that do not go now.
func (o *Outbox) Stops() []Stop {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pacer.stops(o.opts.Clock.Now())
}

// Load takes up what the store holds, once: what waits, and what bounds the pace.
// Nothing may be queued before it has, or older answers would come after newer
// ones; so it is called before whatever queues is started.
func (o *Outbox) Load(ctx context.Context) error {
	pending, err := o.opts.Store.Pending(ctx)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	now := o.opts.Clock.Now()
	recent, err := o.opts.Store.Recent(ctx, now.Add(-lookBack))
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	stopped, err := o.readStops(ctx)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	o.mu.Lock()
	o.pacer.load(recent, now, o.opts.Settings())
	o.pacer.stopped = stopped
	o.mu.Unlock()
	o.Queue(pending...)
	return nil
}

// Run carries deliveries out until ctx ends, then waits a little for those under
// way. What is not done stays in the store for the next start.
func (o *Outbox) Run(ctx context.Context) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		grace := time.AfterFunc(sendGrace, cancel)
		o.sends.Wait()
		grace.Stop()
		cancel()
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next := o.launch(sending)
		o.loops.Add(1)
		if next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(o.opts.Clock.Until(next), 0))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		case <-timer.C:
		}
	}
}

// launch starts whatever may go now, and tells when to look again; zero is when
// something happens.
func (o *Outbox) launch(ctx context.Context) time.Time {
	for {
		settings := o.opts.Settings()
		now := o.opts.Clock.Now()
		o.mu.Lock()
		if o.flying >= o.opts.Workers {
			o.mu.Unlock()
			return time.Time{}
		}
		s, next := o.pickLocked(now, settings)
		if s == nil {
			o.mu.Unlock()
			return next
		}
		f := flight{sequence: s, step: s.steps[0], past: s.past, since: s.since, settings: settings, held: s.held}
		s.flying, s.chat.flying = true, true
		o.flying++
		f.place = o.pacer.start(f.step, f.past.tries == 0, now, settings)
		o.mu.Unlock()
		o.sends.Go(func() { o.carry(ctx, f) })
	}
}
