//go:build unix

package outbox_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/bot/store"
	"wxbot/bot/trace"
)

// instant is an account that sends at once.
type instant struct{}

func (instant) Deliver(_ context.Context, d event.Delivery) (event.Receipt, error) {
	return event.Receipt{MsgID: d.ClientID, Time: time.Now(), Chat: d.Chat.Key}, nil
}

// keeper is a store as an answered message uses it.
type keeper interface {
	outbox.Store
	Commit(ctx context.Context, session []byte, events []event.Event) ([]event.Entry, error)
	Finish(ctx context.Context, seqs []int64, outcome string, ds []event.Delivery) ([]event.Delivery, error)
	Running(seq int64) func()
}

// forgetful is a store that keeps nothing: what is left is what an answer costs
// without durability.
type forgetful struct{ last atomic.Int64 }

func (f *forgetful) Commit(_ context.Context, _ []byte, events []event.Event) ([]event.Entry, error) {
	out := make([]event.Entry, len(events))
	for i := range events {
		out[i] = event.Entry{Seq: f.last.Add(1), Event: events[i]}
	}
	return out, nil
}

func (f *forgetful) Finish(_ context.Context, _ []int64, _ string, ds []event.Delivery) ([]event.Delivery, error) {
	for i := range ds {
		ds[i].ID = f.last.Add(1)
	}
	return ds, nil
}

func (f *forgetful) Running(int64) func() { return func() {} }

func (f *forgetful) Sending(int64, time.Time) (func(event.Receipt), func(bool)) {
	return func(event.Receipt) {}, func(bool) {}
}

func (f *forgetful) ResolveSoon(event.Result) func() error { return func() error { return nil } }

func (f *forgetful) Sync(context.Context) error { return nil }

func (f *forgetful) Pending(context.Context) ([]event.Delivery, error) { return nil, nil }

func (f *forgetful) Recent(context.Context, time.Time) ([]event.Delivery, error) { return nil, nil }

func (f *forgetful) Resolve(_ context.Context, r event.Result) ([]event.Delivery, error) {
	return r.Follow, nil
}

func (f *forgetful) Delivery(_ context.Context, id int64) (event.Delivery, error) {
	return event.Delivery{ID: id, Status: event.StatusSent}, nil
}

// BenchmarkAnswersIn64Chats: one operation is one answer: its event committed with
// the session, as one answer of the server brings what has waited; finished with one
// delivery; that carried out and written off. 64 chats go side by side with the pace
// off. The difference between the first and the last is what durability costs, that
// between the first two what traces do.
func BenchmarkAnswersIn64Chats(b *testing.B) {
	b.Run("durable", func(b *testing.B) {
		st, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		defer st.Close()
		answers(b, st, nil)
	})
	b.Run("traced", func(b *testing.B) {
		st, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		defer st.Close()
		rec, err := trace.New(trace.Options{Store: st, Limits: func() event.TraceLimits { return event.TraceLimits{Max: 1 << 30} }})
		if err != nil {
			b.Fatal(err)
		}
		answers(b, st, rec)
	})
	b.Run("forgetful", func(b *testing.B) { answers(b, &forgetful{}, nil) })
}

// answers runs the answers; with a recorder, each leaves a trace.
func answers(b *testing.B, st keeper, rec *trace.Recorder) {
	b.Helper()
	const chats = 64
	box, err := outbox.New(outbox.Options{
		Store: st, Sender: instant{},
		Settings: func() event.Settings { return event.Settings{Mode: event.ModeLive, Pace: event.Pace{Off: true}} },
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := box.Run(ctx); err != nil {
			b.Error(err)
		}
	})
	defer running.Wait()
	defer cancel()
	if rec != nil {
		running.Go(func() {
			if err := rec.Run(ctx); err != nil {
				b.Error(err)
			}
		})
	}
	var server syncing
	server.in = make(chan syncItem, chats)
	running.Go(func() { server.loop(ctx, st) })
	answer := func(chat, n int) error {
		ev := event.Event{
			ID: strconv.Itoa(chat) + "-" + strconv.Itoa(n), Kind: event.KindMessage, Time: time.Now(),
			Chat: event.Chat{Kind: event.ChatPrivate, Key: strconv.Itoa(chat)}, Message: &event.Message{Type: event.TypeText, Text: "你好"},
		}
		got := server.commit(ev)
		if got.err != nil {
			return got.err
		}
		st.Running(got.seq)()
		ds := outbox.Plan(&ev, "rule:r", []event.Action{reply("你好")}, time.Now(), newID, 0)
		if rec != nil {
			rec.Decided(&event.Trace{
				Seq: got.seq, Time: time.Now(), Took: time.Millisecond, Event: ev, Outcome: "rule r", Rules: "0123abcd",
				Held: []event.Verdict{{Rule: "r", Fired: true, Steps: []event.ActionKind{event.ActReply}, Ends: true}},
			})
		}
		ds, err := st.Finish(ctx, []int64{got.seq}, "rule r", ds)
		if err != nil {
			return err
		}
		box.Queue(ds...)
		_, _, err = box.Wait(ctx, ds[0].ID)
		return err
	}
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for chat := range chats {
		wg.Go(func() {
			for n := chat; n < b.N; n += chats {
				if err := answer(chat, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if rec != nil {
		if err := rec.Flush(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
}

// syncing is the one loop that hands events in.
type syncing struct{ in chan syncItem }

type syncItem struct {
	ev   event.Event
	done chan committed
}

type committed struct {
	seq int64
	err error
}

func (s *syncing) commit(ev event.Event) committed {
	i := syncItem{ev, make(chan committed, 1)}
	s.in <- i
	return <-i.done
}

func (s *syncing) loop(ctx context.Context, st keeper) {
	session := make([]byte, 3000)
	for {
		var items []syncItem
		select {
		case <-ctx.Done():
			return
		case i := <-s.in:
			items = append(items, i)
		}
		for len(s.in) > 0 {
			items = append(items, <-s.in)
		}
		events := make([]event.Event, len(items))
		for i := range items {
			events[i] = items[i].ev
		}
		session[0]++
		entries, err := st.Commit(ctx, session, events)
		for i := range items {
			c := committed{err: err}
			if err == nil {
				c.seq = entries[i].Seq
			}
			items[i].done <- c
		}
	}
}

// cpu is what the process has used of the processors, in user and system mode.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
