package trace_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/store"
	"wxbot/bot/trace"
)

func limits() event.TraceLimits { return event.TraceLimits{Keep: time.Hour, Max: 100} }

func message(seq int64) *event.Trace {
	return &event.Trace{Seq: seq, Time: time.Now(), Outcome: event.OutcomeNothing, Event: event.Event{
		ID: fmt.Sprintf("m%d", seq), Kind: event.KindMessage, Chat: event.Chat{Key: "p1"}, Message: &event.Message{Raw: "x"},
	}}
}

// onDisk is a recorder over a real database.
func onDisk(t *testing.T) (*trace.Recorder, *store.Store) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r, err := trace.New(trace.Options{Store: s, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func stored(t *testing.T, r *trace.Recorder, s *store.Store) []store.Trace {
	t.Helper()
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Traces(t.Context(), store.TraceQuery{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Handlers tell before and after the trace comes, from several goroutines, and each
// has one line.
func TestHandlersAreAddedWheneverTheyTell(t *testing.T) {
	t.Parallel()
	r, s := onDisk(t)
	run := func(handler string, claim event.Claim, err error) {
		r.Ran(event.TraceRun{Event: "m1", Err: err, Ran: event.Ran{Plugin: "dice", Handler: handler, Claim: claim, Took: time.Second}})
	}
	run("filter", event.Unclaimed, nil)
	run("on message", event.Held, nil)
	r.Decided(message(1))
	if got := stored(t, r, s); len(got) != 1 || len(got[0].Plugins) != 2 {
		t.Fatalf("%+v", got)
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() { run(fmt.Sprintf("call %d", i), event.Claimed, nil) })
	}
	wg.Go(func() { run("on message", event.Unclaimed, errors.New(strings.Repeat("错", 1000))) })
	wg.Go(func() { stored(t, r, s) })
	wg.Wait()
	got := stored(t, r, s)[0]
	if len(got.Plugins) != 50 {
		t.Errorf("%d handlers, want 50 at most", len(got.Plugins))
	}
	p := got.Plugins[1]
	if p.Claim != event.Held || p.Failed != 1 || len(got.Errors[0]) > 510 || !strings.HasPrefix(got.Errors[0], "错错") {
		t.Errorf("%+v, %d bytes of error", p, len(got.Errors[0]))
	}
}

func TestSecretsOfRequestsAreNotTraced(t *testing.T) {
	t.Parallel()
	r, s := onDisk(t)
	tr := message(1)
	tr.Event.Request = &event.Request{Text: "你好", User: "@user", Ticket: "v4_secret"}
	given := tr.Event.Request
	r.Decided(tr)
	got := stored(t, r, s)[0]
	if q := got.Event.Request; q.Text != "你好" || q.User != "" || q.Ticket != "" {
		t.Errorf("traced %+v", q)
	}
	if given.Ticket == "" {
		t.Error("the event itself has lost its ticket")
	}
}

func TestForgottenTracesAreNotWritten(t *testing.T) {
	t.Parallel()
	r, s := onDisk(t)
	r.Decided(message(1))
	other := message(2)
	other.Event.Chat.Key = "p2"
	r.Decided(other)
	r.Forget([]string{"p1"})
	r.Ran(event.TraceRun{Event: "m1", Ran: event.Ran{Plugin: "dice"}})
	if got := stored(t, r, s); len(got) != 1 || got[0].Event.ID != "m2" {
		t.Errorf("%+v", got)
	}
}

// full is a disk that is full for a while.
type full struct {
	mu    sync.Mutex
	until time.Time
	tries int
	got   map[int64]bool
}

func (f *full) PutTraces(_ context.Context, ts []*event.Trace) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	if time.Now().Before(f.until) {
		return errors.New("the disk is full")
	}
	for _, t := range ts {
		f.got[t.Seq] = true
	}
	return nil
}

// What cannot be written waits, up to a bound, and is tried again now and then.
func TestTracesWaitForAFullDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 10_000
		disk := &full{until: time.Now().Add(10 * time.Minute), got: map[int64]bool{}}
		r, err := trace.New(trace.Options{Store: disk, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		for i := range int64(many) {
			r.Decided(message(i + 1))
			<-time.After(20 * time.Millisecond) // in the bubble's time
		}
		<-time.After(11 * time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := len(disk.got); n != 4096 || !disk.got[many] || disk.got[1] {
			t.Errorf("%d traces written, the newest %v", n, disk.got[many])
		}
		if disk.tries > 60 {
			t.Errorf("%d tries within 14 minutes", disk.tries)
		}
	})
}

func TestSlowFollowerLosesItsPlace(t *testing.T) {
	t.Parallel()
	r, _ := onDisk(t)
	slow, err := r.Follow()
	if err != nil {
		t.Fatal(err)
	}
	quick, err := r.Follow()
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(1000) {
		r.Decided(message(i + 1))
		if item := <-quick.C; item.Trace.Seq != i+1 {
			t.Fatalf("item %d is %+v", i, item.Trace)
		}
	}
	n := 0
	for range slow.C {
		n++
	}
	if n == 0 || n == 1000 {
		t.Errorf("the slow one was told %d of 1000", n)
	}
	quick.Leave()
	slow.Leave() // a second time, in effect
	for range 16 {
		if _, err := r.Follow(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Follow(); !errors.Is(err, trace.ErrCrowded) {
		t.Errorf("the seventeenth: %v", err)
	}
}
