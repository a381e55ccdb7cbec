package dispatch_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/dispatch"
	"wxbot/bot/event"
)

// A lane that begins with what was gathered reads on after it, not from the start:
// what a handler holds is not done yet, and must not be handled anew.
func TestHeldEventIsNotReadAgainAfterAGathering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0, func(o *dispatch.Options) { o.Bound = 1 })
		block := make(chan struct{})
		var gathered atomic.Bool
		w.rules.deciding = func() {
			if gathered.Load() {
				<-block
			}
		}
		defer w.run()()
		w.say("g1", "sleeps")
		w.d.Offer(w.inbox.commit(event.Event{
			ID: "j1", Kind: event.KindMemberJoined, Time: time.Now(), Chat: event.Chat{Kind: event.ChatGroup, Key: "g1"},
		}))
		synctest.Wait()
		gathered.Store(true)
		pass(11 * time.Second) // the rule is at what it gathered
		w.say("g1", "hi")
		close(block)
		synctest.Wait()
		if got := w.inbox.done("j1"); got != "rule welcome" {
			t.Fatalf("gathered: %q", got)
		}
		var on []string
		for _, s := range w.host.seen() {
			if s == "on:sleeps" || s == "on:hi" {
				on = append(on, s)
			}
		}
		if !slices.Equal(on, []string{"on:sleeps", "on:hi"}) {
			t.Errorf("handlers saw %q", on)
		}
	})
}

// What the owner writes while nothing answers leaves the chat to the owner all the
// same: the pause may end before the owner has.
func TestOwnerIsToldOfWhateverElseIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := "paused"
		var told []string
		w := newWorld(t, 0, func(o *dispatch.Options) {
			o.Silent = func(*event.Event) string { return silent }
			o.Owner = func(_ context.Context, ev *event.Event) { told = append(told, ev.Message.Text) }
		})
		w.host.drop = "filtered"
		defer w.run()()
		for _, text := range []string{"paused", "filtered"} {
			ev := w.message("p1", text)
			ev.BySelf = true
			w.d.Offer(w.inbox.commit(ev))
			synctest.Wait()
			silent = ""
		}
		if !slices.Equal(told, []string{"paused", "filtered"}) {
			t.Errorf("told of %q", told)
		}
	})
}
