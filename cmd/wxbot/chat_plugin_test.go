package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// talkTo gives the output of a talk with a plugin.
func talkTo(t *testing.T, dir, lines string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"chat", "--plugins", dir}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "LANG=C"}
	cmd.Stdin = strings.NewReader(lines)
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

const talkPlugin = `bot.plugin { name = "talk", version = "1", api = 1, allow = { http = {{config = "url"}} }, config = {
  city = { type = "string", required = true }, list = { type = "list" }, url = { type = "string", default = "http://api.example.com/" } } }
bot.command("天气", function(msg)
  local city = msg:ask("哪里？", {timeout = "60s"})
  msg:reply((city or bot.config.city) .. "：晴，" .. #(bot.config.list or {}))
end)
bot.command("取", function(msg)
  local res, err = bot.http.get(bot.config.url)
  msg:reply(res and res.body or err)
end)
bot.command("坏", function(msg) local x x.y = 1 end)
bot.on("member_joined", {chat = "group"}, function(ev) ev.group:send("欢迎" .. ev.people[1].name) end)
bot.on("friend_request", function(req) req:accept("书友"):chat():send("你好") return true end)
bot.on("recalled", {chat = "private"}, function(ev) ev.chat:send("撤回了" .. ev.message.text) end)
bot.on("message", {chat = "group", mentioned = true}, function(msg) bot.log.info("heard %s", msg.text) end)
`

func TestChatWithOnePluginInAWorldOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(write(t, "talk.lua", talkPlugin))
	writeIn(t, dir, "other.lua", "bot.plugin { name = 'other', version = '1', api = 1 }\nbot.fallback(function(msg) msg:reply('other') end)\n")
	if out, code := talkTo(t, dir, "", "--plugin", "talk"); code != exitFailure || !strings.Contains(out, "needs config: city") {
		t.Errorf("without a required option: exit code %d\n%s", code, out)
	}
	if out, code := talkTo(t, dir, "", "--plugin", "tal"); code != exitFailure || !strings.Contains(out, `did you mean "talk"?`) {
		t.Errorf("a plugin that is not there: exit code %d\n%s", code, out)
	}
	if out, code := talkTo(t, dir, "", "--set", "a=b"); code != exitUsage {
		t.Errorf("--set without --plugin: exit code %d\n%s", code, out)
	}
	writeIn(t, dir, "plugins.yaml", "plugins: {talk: {enabled: false, config: {city: 北京, list: [甲]}}}\n")
	out, code := talkTo(t, dir, `小明: 天气
小红@群: /天气
小明: 广州
小红@群: 成都
/天气
:wait 61s
小明: 坏
取
小红@群: @机器人 在吗
:join 小兰
:request 小绿 请通过
小明: 说了
:recall
`, "--plugin", "talk", "--set", "list=a", "--set", "list=b", "--at", "2026-01-05 21:00")
	want := []string{
		"  小明            小微      哪里？", "群              小微      哪里？", "广州：晴，2", "成都：晴，2", "  群              小微      北京：晴，2",
		"talk.lua:11: attempt to index a non-table object(nil)", "there is no network here without --http", "info: heard 在吗", "欢迎小兰",
		"(accepted the friend request)", "你好", "撤回了说了",
	}
	rest := out
	for _, w := range want {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Fatalf("exit code %d, no %q in its place in\n%s", code, w, out)
		}
		rest = after
	}
	if code != exitOK || strings.Contains(out, "other") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// With --http the network is there as far as the plugin may reach it in a daemon.
func TestChatWithAPluginReachesWhatIsGrantedOnly(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("from the network")) }))
	defer srv.Close()
	dir := filepath.Dir(write(t, "talk.lua", talkPlugin))
	writeIn(t, dir, "plugins.yaml", "plugins: {talk: {config: {city: 北京, url: \""+srv.URL+"\"}}}\n")
	if out, code := talkTo(t, dir, "取\n", "--plugin", "talk", "--http"); code != exitOK || !strings.Contains(out, "from the network") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	writeIn(t, dir, "plugins.yaml", "plugins: {talk: {config: {city: 北京, url: \""+srv.URL+"\"}, grant: {http: none}}}\n")
	if out, code := talkTo(t, dir, "取\n", "--plugin", "talk", "--http"); code != exitOK || !strings.Contains(out, "not among those") {
		t.Errorf("with grant http none: exit code %d\n%s", code, out)
	}
}
