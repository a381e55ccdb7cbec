package bot_test

import (
	"net/http"
	"slices"
	"testing"

	"wxbot/wx/wxtest"
)

const checkIn = `bot.plugin { name = "checkin", version = "1", api = 1, allow = { send = "any", history = true } }
local kv = bot.kv
bot.on("message", {exact = "签到"}, function(msg)
  local key = msg.sender.key
  if kv:get("day:" .. key) then return msg:reply("已签到") end
  kv:set("day:" .. key, true, "1d")
  msg:reply("第" .. kv:incr("n:" .. key, 1, 0) .. "次")
end)
bot.on("message", {exact = "记下"}, function(msg)
  assert(bot.file.write("list.txt", msg.sender.name))
  msg:reply(bot.file.read("list.txt"))
end)
bot.on("message", {exact = "转告"}, function(msg)
  local g = bot.groups("读*")[1]
  msg:reply(g.name .. #bot.contacts())
  g:send("来自" .. msg.sender.name)
end)
bot.on("message", {exact = "历史"}, function(msg) msg:reply(tostring(#msg.chat:history{n = 2})) end)
`

func TestPluginsKeepWhatTheyWroteOverARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{
		"checkin.lua": checkIn, "plugins.yaml": "plugins: {checkin: {grant: {send: any, history: true}}}\n",
	})
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	r.srv.AddGroup("读书群", ming)
	stop := r.online()
	ming.Say("签到")
	r.wantSent("第1次")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	ming.Say("签到")
	r.wantSent("第1次", "已签到")
	hong.Say("签到")
	r.wantSent("第1次", "已签到", "第1次")
	ming.Say("记下")
	r.wantSent("第1次", "已签到", "第1次", "小明")
	ming.Say("转告")
	if got := r.sent(6)[4:]; !slices.Contains(got, "读书群2") || !slices.Contains(got, "来自小明") {
		t.Errorf("sent %q, want to the person and to the group", got)
	}
	hong.Say("历史")
	if got := r.sent(7)[6]; got != "2" {
		t.Errorf("lines of history %q, want 2; log:\n%s", got, r.log)
	}
}

func TestPluginsReceiveAndSendFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"copy.lua": `bot.plugin { name = "copy", version = "1", api = 1 }
bot.on("message", {type = "image"}, function(msg)
  local content, err = msg:download()
  if not content then return msg:reply(err) end
  msg:reply_file({name = "copy.png", bytes = content})
end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Send(wxtest.Image())
	r.sent(1)
	up := r.srv.Uploads()
	if len(up) != 1 || http.DetectContentType(up[0].Data) != "image/jpeg" {
		t.Errorf("%d uploads, want one of the picture; log:\n%s", len(up), r.log)
	}
}
