package luahost_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/luahost"
)

// The samples of the plugin contract load as they are written; wxbot test plays them.
func TestSamplesLoad(t *testing.T) {
	infos, problems := luahost.Check(t.Context(), luahost.Options{Dir: "testdata/samples"})
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	for _, i := range infos {
		if !i.Running || i.Version == "" || i.About == "" {
			t.Errorf("%+v", i)
		}
	}
	if len(infos) != 5 {
		t.Errorf("%d plugins, want 5", len(infos))
	}
}

func TestRevokeAfterWithdrawsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg)
			local sent = msg:reply("x")
			sent:revoke_after("30s")
			msg:reply("y")
		end)`})
		s.bubble = true
		s.mustLoad()
		if got, want := s.say(s.message("hi")), []string{"a reply x", "a reply y"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		<-time.After(31 * time.Second)
		synctest.Wait()
		if got, want := s.world.take(), []string{"a revoke 1"}; !slices.Equal(got, want) {
			t.Errorf("later %q, want %q", got, want)
		}
	})
}

func TestCommandRestsChatByChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `bot.command("天气", {cooldown = "10s"}, function(msg) msg:reply("晴") end)`})
		s.bubble = true
		s.mustLoad()
		once := []string{"a reply 晴"}
		if got := s.say(s.message("天气")); !slices.Equal(got, once) {
			t.Errorf("first: %q", got)
		}
		if got := s.say(s.message("天气")); len(got) != 0 {
			t.Errorf("while it rests: %q", got)
		}
		if got := s.say(s.inGroup("/天气", false)); !slices.Equal(got, once) {
			t.Errorf("another chat: %q", got)
		}
		<-time.After(11 * time.Second)
		if got := s.say(s.message("天气")); !slices.Equal(got, once) {
			t.Errorf("after the rest: %q", got)
		}
	})
}
