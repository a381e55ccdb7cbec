package luahost_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// A dispatcher that is stopped while a handler is at an event must not offer it to
// the next one: both might answer.
func TestStoppedOfferGoesNoFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"p.lua": `
bot.plugin { name = "p", version = "1", api = 1 }
bot.on("message", function(msg) bot.admin("x") end)
bot.command("hi", function(msg) msg:reply("command") end)
bot.on("message", function(msg) msg:reply("second") end)
bot.fallback(function(msg) msg:reply("fallback") end)`})
		s.mustLoad()
		synctest.Wait() // the host runs
		ctx, cancel := context.WithCancel(t.Context())
		s.world.notified = func() {
			cancel()
			<-time.After(time.Second)
		}
		ev := s.message("hi")
		if claim := s.host.On(ctx, ev); claim != event.Unclaimed {
			t.Errorf("claim %v", claim)
		}
		s.host.Fallback(ctx, ev)
		if c, ok := s.host.Resolve(ev); ok {
			s.host.Command(ctx, ev, c)
		} else {
			t.Error("no command")
		}
		<-time.After(time.Minute)
		if got := s.world.take(); len(got) != 0 {
			t.Errorf("queued after the stop: %q", got)
		}
	})
}

const slowExport = `
bot.plugin { name = "p", version = "1", api = 1 }
bot.export("slow", function() bot.sleep(60) return "late" end)`

// What a rule calls and cannot wait for was not done: an empty answer would count
// as sent.
func TestCallThatIsCutShortIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"p.lua": slowExport})
		s.mustLoad()
		synctest.Wait() // the host runs
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		text, err := s.host.Call(ctx, luahost.Calling{Event: s.message("x"), Name: "p.slow"})
		if !errors.Is(err, luahost.ErrCut) {
			t.Errorf("%q, %v; want an error", text, err)
		}
		synctest.Wait()
		if n := s.host.Busy(); n != 0 {
			t.Errorf("%d calls go on for nobody", n)
		}
		if text, err := s.host.Call(t.Context(), luahost.Calling{Event: s.message("x"), Name: "p.slow"}); text != "late" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	})
}

func TestCallThatTheEndCutsShortMayBeMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"p.lua": slowExport})
		s.mustLoad()
		synctest.Wait() // the host runs
		done := make(chan error, 1)
		go func() {
			_, err := s.host.Call(t.Context(), luahost.Calling{Event: s.message("x"), Name: "p.slow"})
			done <- err
		}()
		synctest.Wait()
		s.stop()
		if err := <-done; !errors.Is(err, luahost.ErrCut) {
			t.Errorf("during the stop: %v", err)
		}
		if _, err := s.host.Call(t.Context(), luahost.Calling{Event: s.message("x"), Name: "p.slow"}); !errors.Is(err, luahost.ErrCut) {
			t.Errorf("after the stop: %v", err)
		}
	})
}

// A handler that sleeps while the plugins are being stopped either ends well or
// runs again after the restart.
func TestHeldEventIsNotDoneBecauseTheHostStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{
			"a.lua": `
bot.plugin { name = "a", version = "1", api = 1 }
bot.on("message", function(msg) bot.sleep(1) msg:reply("awake") end)`,
			"b.lua": `
bot.plugin { name = "b", version = "1", api = 1 }
bot.on("unload", function() bot.admin("bye") end)`,
		})
		s.mustLoad()
		synctest.Wait() // the host runs
		s.world.notified = func() { <-time.After(1500 * time.Millisecond) }
		ev := s.message("hi")
		if claim := s.host.On(t.Context(), ev); claim != event.Held {
			t.Fatalf("claim %v", claim)
		}
		s.stop()
		if got, done := s.world.take(), s.world.isDone(); len(got) == 0 && len(done) > 0 {
			t.Errorf("done without an answer: %q", done)
		}
	})
}
