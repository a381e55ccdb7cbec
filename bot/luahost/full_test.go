package luahost_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
)

// A full disk keeps an answer waiting; it does not end it.
func TestAnswerWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
bot.on("message", function(msg) assert(msg:reply("yes")) end)`})
		s.mustLoad()
		s.world.full = 20
		began := time.Now()
		if claim := s.host.On(t.Context(), s.message("hi")); claim != event.Answered {
			t.Errorf("claim %v", claim)
		}
		if took := time.Since(began); took < time.Minute || took > time.Hour {
			t.Errorf("20 tries took %v", took)
		}
		if got := s.world.take(); !slices.Equal(got, []string{"a reply yes"}) {
			t.Errorf("queued %q", got)
		}
	})
}

// What waits for the disk ends with the host, and its event is not done.
func TestStopDoesNotWaitForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
bot.on("message", function(msg) bot.sleep(1) msg:reply("yes") end)`})
		s.mustLoad()
		synctest.Wait() // the host runs
		s.world.full = 1_000_000
		s.host.On(t.Context(), s.message("hi"))
		<-time.After(time.Minute)
		began := time.Now()
		s.stop()
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if done := s.world.isDone(); len(done) > 0 {
			t.Errorf("done: %q", done)
		}
	})
}
