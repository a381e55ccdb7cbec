package bot_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/event"
	"wxbot/bot/store"
	"wxbot/wx/wxtest"
)

// BenchmarkStart measures from the start of the daemon to its first poll, with
// 100,000 messages in the database, answered, and an account of 5,000 contacts.
func BenchmarkStart(b *testing.B) {
	srv, err := wxtest.Start(wxtest.Config{Lenient: true})
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	for i := range 5000 {
		srv.AddFriend(wxtest.Person{NickName: fmt.Sprintf("朋友%d", i)})
	}
	dir := b.TempDir()
	opts := bot.Options{Config: bot.Config{State: filepath.Join(dir, "state"), Server: srv.URL(), Mode: bot.ModeWeb}}
	login(b, srv, opts)
	fill(b, opts.Config.State, 100_000)
	polls := srv.Count("synccheck")
	for b.Loop() {
		stop := runBot(b, opts)
		for srv.Count("synccheck") == polls {
			ctx, cancel := context.WithTimeout(b.Context(), deadline)
			if err := srv.AwaitCount(ctx, "synccheck", polls+1); err != nil {
				b.Fatal(err)
			}
			cancel()
		}
		b.StopTimer()
		stop()
		polls = srv.Count("synccheck")
		b.StartTimer()
	}
}

// login makes a session that the next starts take up.
func login(b *testing.B, srv *wxtest.Server, opts bot.Options) {
	b.Helper()
	stop := runBot(b, opts)
	defer stop()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	if err := srv.Login(ctx); err != nil {
		b.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		b.Fatal(err)
	}
	// All contacts get keys.
	if err := srv.AwaitCount(ctx, "webwxgetcontact", 1); err != nil {
		b.Fatal(err)
	}
}

func runBot(b *testing.B, opts bot.Options) (stop func()) {
	b.Helper()
	d, err := bot.New(opts)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}

// fill stores messages that were answered.
func fill(b *testing.B, state string, n int) {
	b.Helper()
	st, err := store.Open(b.Context(), store.Options{Dir: state})
	if err != nil {
		b.Fatal(err)
	}
	const batch = 1000
	now := time.Now()
	for from := 0; from < n; from += batch {
		var events []event.Event
		var ds []event.Delivery
		for i := range batch {
			ev := event.Event{
				ID: fmt.Sprintf("%d", 4_000_000_000_000_000_000+from+i), Kind: event.KindMessage, Time: now,
				Chat:    event.Chat{Kind: event.ChatPrivate, Key: fmt.Sprintf("p%d", i), Name: "朋友"},
				Sender:  event.Person{Key: fmt.Sprintf("p%d", i), Nickname: "朋友", IsFriend: true},
				Message: &event.Message{Type: event.TypeText, Text: "这个多少钱？", Raw: "这个多少钱？", Mentioned: true},
			}
			events = append(events, ev)
			ds = append(ds, event.Delivery{
				Event: ev.ID, Handler: "rule:r", Chat: ev.Chat, ClientID: ev.ID, Created: now,
				Action: event.Action{Kind: event.ActReply, Message: event.Outgoing{Text: "价目表：https://example.com/price"}},
			})
		}
		entries, err := st.Commit(b.Context(), nil, events)
		if err != nil {
			b.Fatal(err)
		}
		seqs := make([]int64, len(entries))
		for i := range entries {
			seqs[i] = entries[i].Seq
		}
		if ds, err = st.Finish(b.Context(), seqs, "rule r", ds); err != nil {
			b.Fatal(err)
		}
		waits := make([]func() error, len(ds))
		for i := range ds {
			waits[i] = st.ResolveSoon(event.Result{ID: ds[i].ID, Status: event.StatusSent, Receipt: event.Receipt{MsgID: ds[i].ClientID, Time: now, Chat: ds[i].Chat.Key}})
		}
		for _, wait := range waits {
			if err := wait(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
}
