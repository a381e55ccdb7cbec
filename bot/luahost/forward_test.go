package luahost_test

import (
	"slices"
	"strings"
	"testing"

	"wxbot/bot/event"
)

// A withdrawn message is sent on as it came, to the owner too: by its own id, not by
// that of its withdrawal.
func TestRecalledMessageIsForwardedAsItCame(t *testing.T) {
	s := newStage(t, map[string]string{
		"a.lua": `bot.plugin { name = "a", version = "1", api = 1, allow = { send = "any" } }
bot.on("recalled", function(ev)
	ev.message:forward("文件传输助手", { header = "撤回了" })
	bot.send("filehelper", "看上面")
end)`,
		"plugins.yaml": "plugins: {a: {grant: {send: any}}}",
	})
	s.mustLoad()
	ev := s.message("")
	ev.Kind = event.KindRecalled
	ev.Recalled = &event.Recalled{MessageID: "earlier", Message: &event.Message{Type: event.TypeImage}}
	ev.Message = nil
	want := []string{"a forward as earlier after 撤回了 [图片] filehelper", "a send 看上面 filehelper"}
	if got := s.say(ev); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Tests of plugins can send what is no text, and see what is forwarded.
func TestPicturesInPluginTests(t *testing.T) {
	const plugin = `
bot.plugin { name = "city", version = "1", api = 1, allow = { send = "any" } }
bot.observe("message", { group = "甲群" }, function(msg) msg:forward("乙群", { header = msg.sender.name .. "：" }) end)`
	got := try(t, plugin, `
it("forwards", function(t)
	local a, ming = t.group("甲群", { "小明" })
	local b = t.group("乙群")
	ming:sends("image")
	b:hears("小明：\n[图片]")
	ming:says("看图")
	b:hears("小明：\n看图")
end)
it("knows the types", function(t) t.friend("小明"):sends("text") end)`)
	if len(got) != 2 || got[0] != "ok forwards" || !strings.Contains(got[1], `there is no type "text"`) {
		t.Errorf("got %q", got)
	}
}
