package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

func TestPausedPluginIsShownAndResumed(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"bad.lua": `
bot.plugin { name = "bad", version = "1", api = 1 }
bot.command("坏", function(msg) error("no") end)
bot.command("好", function(msg) msg:reply("好") end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	for range 10 {
		ming.Say("坏")
	}
	ming.Say("好") // after the tenth error, in the same lane
	ming.Say("ping")
	// Two of the three tell the operator.
	if got := r.sent(3); !slices.Contains(got, "pong") || slices.Contains(got, "好") {
		t.Errorf("sent %q, want no answer of the paused plugin", got)
	}
	c := control.NewClient(r.config.Socket)
	st, err := c.Status(r.ctx())
	if err != nil || len(st.Plugins) != 1 || !strings.Contains(st.Plugins[0].Paused, "10 errors") {
		t.Errorf("status %+v, %v", st.Plugins, err)
	}
	if err := c.ResumePlugin(r.ctx(), "bad"); err != nil {
		t.Fatal(err)
	}
	ming.Say("好")
	if got := r.sent(4); got[3] != "好" {
		t.Errorf("sent %q, want an answer of the resumed plugin", got)
	}
}

func TestAPluginSilencesTheBotInAGroup(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"quiet.lua": `
bot.plugin { name = "quiet", version = "1", api = 1 }
bot.on("message", {group = "读书群", exact = "安静"}, function(msg)
  msg:reply(tostring(msg.group.is_owner)):wait()
  msg.group:mute_bot("1h")
end)
bot.on("message", {group = "读书群", exact = "在吗"}, function(msg) msg:reply("在") end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	group := r.srv.AddGroup("读书群", ming)
	r.online()
	group.Say(ming, "在吗")
	if got := r.sent(1); got[0] != "在" {
		t.Fatalf("sent %q", got)
	}
	group.Say(ming, "安静")
	r.sent(2)
	for began := time.Now(); len(r.status().Brakes.Chats) != 1; <-time.After(time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the group is not silenced")
		}
	}
	group.Say(ming, "在吗")
	ming.Say("ping")
	if got := r.sent(3); got[2] != "pong" {
		t.Errorf("sent %q, want nothing more in the group", got)
	}
}
