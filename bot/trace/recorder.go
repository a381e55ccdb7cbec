// Package trace answers "why did it (not) reply?". A Recorder takes what each stage
// tells of an event and writes it beside the events, in batches: a kill may lose the
// traces of the last second and nothing else. Facts put a trace, what the rules say
// of it, and what became of the actions into words, for every command alike.
package trace

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
)

// Store keeps traces.
type Store interface {
	PutTraces(ctx context.Context, traces []*event.Trace) error
}

// Options configures a Recorder. Store and Limits are required.
type Options struct {
	Store Store
	// Limits say how many traces are kept; with Max 0 none is written.
	Limits func() event.TraceLimits
	Logger zerolog.Logger
}

const (
	// flushEvery is how long a trace waits to be written with others, flushFrom how
	// many do not wait.
	flushEvery = time.Second
	flushFrom  = 256
	// retryEvery is how long it waits after a write that failed, stopMost how long
	// the last one may take.
	retryEvery = 30 * time.Second
	stopMost   = time.Second
	// waitingMost is how many traces wait to be written at most, as while the disk is
	// full; beyond it the oldest are lost.
	waitingMost = 4096
	// recentMost is how many of the latest traces a handler can still add to.
	recentMost = 1024
	// earlyMost is how many events handlers may have told of before their trace came.
	earlyMost = 4096
	// ranMost bounds what one trace tells of plugins.
	ranMost = 50
)

// Recorder takes traces. Its methods may be called concurrently; Run once.
type Recorder struct {
	opts Options
	wake chan struct{} // something waits to be written
	full chan struct{} // so much that it does not wait for more
	// writing holds a token while traces are written.
	writing chan struct{}

	mu      sync.Mutex
	waiting []*event.Trace          // to be written
	dirty   map[int64]bool          // what waits, by position
	recent  map[string]*event.Trace // by the id of the event
	oldest  []string                // the keys of recent as they came
	early   map[string][]event.TraceRun
	lost    int
	follows map[*Follower]bool
}

// New checks the options.
func New(o Options) (*Recorder, error) {
	if o.Store == nil || o.Limits == nil {
		return nil, errors.New("trace: Store and Limits are required")
	}
	return &Recorder{
		opts: o, wake: make(chan struct{}, 1), full: make(chan struct{}, 1), writing: make(chan struct{}, 1), dirty: map[int64]bool{},
		recent: map[string]*event.Trace{}, early: map[string][]event.TraceRun{}, follows: map[*Follower]bool{},
	}, nil
}

// Decided takes the trace of an event, which is the Recorder's from then on.
func (r *Recorder) Decided(t *event.Trace) {
	hideSecrets(&t.Event)
	r.mu.Lock()
	defer r.mu.Unlock()
	id := t.Event.ID
	for _, run := range r.early[id] {
		add(t, run)
	}
	delete(r.early, id)
	if r.opts.Limits().Max > 0 {
		r.keepLocked(t)
	}
	if len(r.follows) > 0 {
		r.tellLocked(Item{Trace: copied(t)})
	}
}

// hideSecrets takes out of an event what nobody is to read.
func hideSecrets(ev *event.Event) {
	if ev.Request != nil {
		open := *ev.Request
		open.User, open.Ticket = "", ""
		ev.Request = &open
	}
}

// copied is a trace that no handler adds to.
func copied(t *event.Trace) *event.Trace {
	c := *t
	c.Plugins, c.Errors = append([]event.Ran(nil), t.Plugins...), append([]string(nil), t.Errors...)
	return &c
}

func (r *Recorder) keepLocked(t *event.Trace) {
	id := t.Event.ID
	if _, again := r.recent[id]; !again {
		if r.oldest = append(r.oldest, id); len(r.oldest) > recentMost {
			delete(r.recent, r.oldest[0])
			r.oldest = r.oldest[1:]
		}
	}
	r.recent[id] = t
	r.waitLocked(t)
}

// waitLocked puts a trace among those to be written.
func (r *Recorder) waitLocked(t *event.Trace) {
	if r.dirty[t.Seq] {
		for i, w := range r.waiting {
			if w.Seq == t.Seq {
				r.waiting[i] = t
			}
		}
		return
	}
	if len(r.waiting) >= waitingMost {
		delete(r.dirty, r.waiting[0].Seq)
		r.waiting = r.waiting[1:]
		r.lost++
	}
	r.waiting = append(r.waiting, t)
	r.dirty[t.Seq] = true
	switch len(r.waiting) {
	case 1:
		r.signal(r.wake)
	case flushFrom:
		r.signal(r.full)
	}
}

// Ran takes what a plugin's handler made of an event, before its trace has come or
// after.
func (r *Recorder) Ran(run event.TraceRun) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.recent[run.Event]; t != nil {
		t = copied(t) // the one there is may be being written
		add(t, run)
		r.recent[run.Event] = t
		r.waitLocked(t)
		return
	}
	if len(r.early) >= earlyMost {
		clear(r.early) // of events whose trace never came
	}
	if len(r.early[run.Event]) < 2*ranMost {
		r.early[run.Event] = append(r.early[run.Event], run)
	}
}

// errorMost bounds what is kept of an error, in bytes.
const errorMost = 500

// add notes a handler in a trace: a line for each, its latest state.
func add(t *event.Trace, run event.TraceRun) {
	at := -1
	for i, p := range t.Plugins {
		if p.Plugin == run.Ran.Plugin && p.Handler == run.Ran.Handler {
			at = i
		}
	}
	if at < 0 {
		if len(t.Plugins) >= ranMost {
			return
		}
		t.Plugins = append(t.Plugins, event.Ran{Plugin: run.Ran.Plugin, Handler: run.Ran.Handler})
		at = len(t.Plugins) - 1
	}
	p := &t.Plugins[at]
	p.Claim, p.Took = max(p.Claim, run.Ran.Claim), max(p.Took, run.Ran.Took)
	if run.Err != nil && p.Failed == 0 {
		t.Errors = append(t.Errors, cut(run.Err.Error(), errorMost))
		p.Failed = len(t.Errors)
	}
}

// Ended takes how a delivery has ended.
func (r *Recorder) Ended(d event.Delivery, res event.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.follows) == 0 {
		return
	}
	d.Status, d.Receipt, d.Reason, d.Held, d.Tries = res.Status, res.Receipt, res.Reason, res.Held, res.Tries
	r.tellLocked(Item{Answer: &d})
}

// Forget drops what waits about some chats and people, by key, so that it is not
// written after they were forgotten.
func (r *Recorder) Forget(keys []string) {
	gone := map[string]bool{}
	for _, k := range keys {
		gone[k] = true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	left := r.waiting[:0:0]
	for _, t := range r.waiting {
		if gone[t.Event.Chat.Key] || gone[t.Event.Sender.Key] {
			delete(r.dirty, t.Seq)
			continue
		}
		left = append(left, t)
	}
	r.waiting = left
	for id, t := range r.recent {
		if gone[t.Event.Chat.Key] || gone[t.Event.Sender.Key] {
			delete(r.recent, id) // its place in oldest is given up later
		}
	}
}

// Run writes what comes until ctx ends, then what is left.
func (r *Recorder) Run(ctx context.Context) error {
	pause := flushEvery
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopMost)
			defer cancel()
			return r.Flush(last)
		case <-r.wake:
		}
		t := time.NewTimer(pause)
		full := r.full
		if pause == retryEvery {
			full = nil // it is full of what could not be written
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-full:
		}
		t.Stop()
		if ctx.Err() != nil {
			r.signal(r.wake)
			continue
		}
		pause = flushEvery
		if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
			pause = retryEvery
			r.opts.Logger.Warn().Err(err).Dur("wait", pause).Msg("traces not written")
		}
	}
}

func (*Recorder) signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Flush writes what waits, so that the store has it. It gives up with ctx.
func (r *Recorder) Flush(ctx context.Context) error {
	select {
	case r.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.writing }()
	r.mu.Lock()
	batch, lost := r.waiting, r.lost
	r.waiting, r.lost = nil, 0
	clear(r.dirty)
	r.mu.Unlock()
	if lost > 0 {
		r.opts.Logger.Warn().Int("traces", lost).Msg("traces lost: they could not be written in time")
	}
	if len(batch) == 0 {
		return nil
	}
	err := r.opts.Store.PutTraces(ctx, batch)
	if err != nil {
		r.again(batch)
	}
	return err
}

// again takes back what could not be written, before what has come since.
func (r *Recorder) again(batch []*event.Trace) {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := r.waiting
	r.waiting = nil
	clear(r.dirty)
	for _, t := range append(batch, since...) {
		r.waitLocked(t)
	}
}
