package outbox_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/bot/store"
)

// forget takes a chat out of the store and then out of the outbox.
func (w *world) forget(key string) {
	w.t.Helper()
	f, err := w.store.Forget(w.t.Context(), store.Somebody{Keys: []string{key}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.box.Drop(f.Ended, event.ReasonForgotten)
	synctest.Wait()
}

func (w *world) wantForgotten(ds ...event.Delivery) {
	w.t.Helper()
	for i, d := range ds {
		if st, reason := w.status(d); st != event.StatusFailed || reason != event.ReasonForgotten {
			w.t.Errorf("step %d: %s, %q; want failed, forgotten", i+1, st, reason)
		}
	}
	if n := w.box.Counts().Waiting; n != 0 {
		w.t.Errorf("%d deliveries still wait", n)
	}
}

func TestDroppedDeliveriesAreNotSent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		online := false
		w.wechat.reply = func(event.Delivery, int) error {
			if !online {
				return outbox.ErrNotReady
			}
			return nil
		}
		defer w.run()()
		gone := w.queue("p1", reply("one"), reply("two"))
		w.queue("p2", reply("stays"))
		w.forget("p1")
		w.wechat.mu.Lock()
		online = true
		w.wechat.mu.Unlock()
		w.box.Kick()
		pass(time.Hour)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"stays"}) {
			t.Errorf("sent %q", got)
		}
		w.wantForgotten(gone...)
		if st, _, err := w.box.Wait(t.Context(), gone[1].ID); err != nil || st != event.StatusFailed {
			t.Errorf("who waits for it is told %s, %v", st, err)
		}
	})
}

// What is under way when it is dropped is not tried again, and the operator gets no
// notice that names the person.
func TestDroppedStepUnderWayIsNotTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.wechat.reply = func(event.Delivery, int) error { return errors.New("connection refused") }
		defer w.run()()
		gone := w.queue("slow", reply("one"), reply("two"))
		w.forget("slow")
		close(w.wechat.block)
		pass(time.Hour)
		if n := w.wechat.tries[gone[0].ID]; n != 1 {
			t.Errorf("tried %d times, want once", n)
		}
		w.wantForgotten(gone...)
		if len(w.notices) != 0 {
			t.Errorf("notices %q", w.notices)
		}
	})
}

// A wait step that had begun ends, and so does a later start on the same store.
func TestDroppedWaitEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		defer w.run()()
		gone := w.queue("p1", event.Action{Kind: event.ActWait, Wait: event.Range{Min: time.Hour}}, reply("later"))
		w.forget("p1")
		pass(2 * time.Hour)
		if got := w.wechat.texts(); len(got) != 0 {
			t.Errorf("sent %q", got)
		}
		w.wantForgotten(gone...)
	})
}
