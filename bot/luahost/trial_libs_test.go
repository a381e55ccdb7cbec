package luahost_test

import (
	"slices"
	"testing"
)

// What a plugin keeps, asks for and sends elsewhere is at hand in its tests, and
// there is no network.
func TestLibrariesInPluginTests(t *testing.T) {
	const plugin = `
bot.plugin { name = "city", version = "1", api = 1, config = { url = { default = "http://127.0.0.1:9/x" } },
	allow = { http = { "api.example.com", { config = "url" } }, send = "any" } }
bot.command("天气", function(msg)
	local res, err = bot.http.get("https://api.example.com/now", { query = { q = "北京" } })
	if not res then return msg:reply(err) end
	bot.kv:incr("asked")
	msg:reply(res.status .. (res:json() or {}).text)
end)
bot.command("转", function(msg) bot.send("读书群", "来自" .. msg.sender.name) msg:reply(#bot.contacts() .. " " .. #bot.groups()) end)
bot.command("存", function(msg) bot.file.write("f", "x") msg:reply_file("f") end)
`
	got := try(t, plugin, `
it("asks the network that the test prepared", function(t)
	t.http:on("GET", "https://api.example.com/now", { json = { text = "晴" } })
	t.kv:set("asked", 4)
	local m = t.friend("甲")
	m:says("天气") m:hears("200晴")
	assert(t.kv:get("asked") == 5)
end)
it("has no other network", function(t)
	local m = t.friend("甲")
	m:says("天气") m:hears("no answer is prepared for GET https://api.example.com/now: use t.http:on")
	assert(t.kv:get("asked") == nil)
end)
it("sends elsewhere", function(t)
	local m, g = t.friend("甲"), t.group("读书群", {"甲"})
	m:says("转") g:hears("来自甲") m:hears("1 1")
end)
it("has files", function(t) local m = t.friend("甲") m:says("存") m:hears("[f]") end)`)
	want := []string{"ok asks the network that the test prepared", "ok has no other network", "ok sends elsewhere", "ok has files"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
