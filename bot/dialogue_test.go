package bot_test

import (
	"testing"

	"wxbot/wx/wxtest"
)

// A plugin's question takes the person's next message before the rules do. It ends
// with the daemon: what is said afterwards is handled afresh, and what had answered
// is not answered again.
func TestQuestionTakesTheNextMessageUntilTheDaemonEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"city.lua": `
bot.plugin { name = "city", version = "1", api = 1 }
bot.command("城市", function(msg)
	local city = msg:ask("哪个城市？", {timeout = "10m"})
	msg:reply("好，" .. tostring(city))
	msg:ask("还有呢？", {timeout = "10m"})
end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("城市")
	r.wantSent("哪个城市？")
	ming.Say("ping")
	r.wantSent("哪个城市？", "好，ping", "还有呢？")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	ming.Say("ping")
	r.wantSent("哪个城市？", "好，ping", "还有呢？", "pong")
}
