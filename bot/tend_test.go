package bot_test

import (
	"testing"

	"wxbot/wx/wxtest"
)

func TestPluginTendsChats(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off, timezone: UTC, loop_guard: off}\nrules: []\n", map[string]string{"tend.lua": `
bot.plugin { name = "tend", version = "1", api = 1 }
bot.command("read", {}, function(msg) msg:reply(tostring(msg.chat:mark_read())) end)
bot.command("top", {}, function(msg) msg:reply(tostring(msg.chat:pin())) end)
bot.command("back", {}, function(msg) msg:reply(tostring(msg.chat:pin(false))) end)
bot.command("name", {}, function(msg)
  local ok, why = msg.chat:rename("新名")
  msg:reply(tostring(ok) .. tostring(why))
end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明", RemarkName: "明"})
	g := r.srv.AddGroup("旧名", ming)
	r.online()
	for i, text := range []string{"/read", "/top", "/back", "/name"} {
		ming.Say(text)
		r.sent(i + 1)
	}
	g.Say(ming, "/name")
	r.wantSent("true", "true", "true", "nilnot a group", "truenil")
	if g.Topic() != "新名" || ming.RemarkName() != "明" {
		t.Errorf("the group is %q, the remark %q", g.Topic(), ming.RemarkName())
	}
	var got string
	for _, rec := range r.srv.Records() {
		switch rec.Kind { //nolint:exhaustive // the others are told above
		case wxtest.RecordRead, wxtest.RecordPinned:
			got += rec.Kind.String() + rec.Text + " "
		}
	}
	if got != "read pinnedtop pinned " {
		t.Errorf("the phone saw %q", got)
	}
}
