package outbox_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/bot/store"
)

// instant is an account that sends at once.
type instant struct{}

func (instant) Deliver(_ context.Context, d event.Delivery) (event.Receipt, error) {
	return event.Receipt{MsgID: d.ClientID, Time: time.Now(), Chat: d.Chat.Key}, nil
}

// One operation is one answer: its event committed, finished with one delivery, and
// that carried out and written off, in 64 chats side by side with the pace off.
func BenchmarkAnswersIn64Chats(b *testing.B) {
	const chats = 64
	st, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
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
	answer := func(chat, n int) error {
		ev := event.Event{
			ID: strconv.Itoa(chat) + "-" + strconv.Itoa(n), Kind: event.KindMessage, Time: time.Now(),
			Chat: event.Chat{Kind: event.ChatPrivate, Key: strconv.Itoa(chat)}, Message: &event.Message{Type: event.TypeText, Text: "你好"},
		}
		entries, err := st.Commit(ctx, []byte("session"), []event.Event{ev})
		if err != nil {
			return err
		}
		ds := outbox.Plan(&ev, "rule:r", []event.Action{reply("你好")}, time.Now(), newID, 0)
		ds, err = st.Finish(ctx, []int64{entries[0].Seq}, "rule r", ds)
		if err != nil {
			return err
		}
		box.Queue(ds...)
		_, _, err = box.Wait(ctx, ds[0].ID)
		return err
	}
	b.ReportAllocs()
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
}
