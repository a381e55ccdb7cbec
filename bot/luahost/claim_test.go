package luahost_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
)

// What a handler did before the lane went on decides whether its event is done: a
// daemon that is killed while a handler sleeps before its first effect runs it again.
func TestClaims(t *testing.T) {
	for name, c := range map[string]struct {
		body  string
		claim event.Claim
		done  bool // told with World.Done in the end
		marks int  // stretches in which it counts as running
	}{
		"nothing":            {``, event.Unclaimed, false, 1},
		"true":               {`return true`, event.Claimed, false, 1},
		"reply":              {`msg:reply("a")`, event.Answered, false, 1},
		"reply, then sleep":  {`msg:reply("a") bot.sleep(60) msg:reply("b")`, event.Answered, false, 1},
		"sleep, then reply":  {`bot.sleep(60) msg:reply("a")`, event.Held, false, 2},
		"sleep, then silent": {`bot.sleep(60)`, event.Held, true, 2},
		"sleep, then error":  {`bot.sleep(60) error("x")`, event.Held, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, map[string]string{"p.lua": `
bot.plugin { name = "p", version = "1", api = 1 }
bot.on("message", function(msg) ` + c.body + ` end)`})
				s.mustLoad()
				ev := s.message("hi")
				ev.Seq = 7
				if got := s.host.On(t.Context(), ev); got != c.claim {
					t.Errorf("claim %v, want %v", got, c.claim)
				}
				synctest.Wait()
				if done, _ := s.world.marks(); len(done) != 0 {
					t.Errorf("done while it sleeps: %q", done)
				}
				<-time.After(2 * time.Minute)
				synctest.Wait()
				done, running := s.world.marks()
				if got := slices.Equal(done, []string{ev.ID}); got != c.done {
					t.Errorf("done in the end: %q, want it: %v", done, c.done)
				}
				if want := slices.Repeat([]string{"begin 7", "end 7"}, c.marks); !slices.Equal(running, want) {
					t.Errorf("marks %q, want %q", running, want)
				}
			})
		})
	}
}
