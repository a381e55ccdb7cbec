package luahost_test

import (
	"slices"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

func TestInfoNamesHandlersThatAModeCannotServe(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "a.lua", `bot.plugin{name = "a", version = "1", api = 1, about = "x"}
bot.command("hi", function(msg) end)
bot.command("crowd", {group = "*"}, function(msg) end)
bot.on("message", {chat = "official"}, function(msg) end)
bot.on("friend_request", function(r) end)
bot.observe("member_joined", function(e) end)
bot.fallback(function(msg) end)
`)
	writeFile(t, dir, "b.lua", `bot.plugin{name = "b", version = "1", api = 1, about = "x"}
bot.command("b", function(msg) end)
`)
	writeFile(t, dir, "plugins.yaml", "plugins: {b: {only: {group: 家}}}\n")
	helper := event.Capabilities{Mode: "filehelper", Chats: []event.ChatKind{event.ChatSelf}, SelfIsPrivate: true}
	infos, problems := luahost.Check(t.Context(), luahost.Options{Dir: dir, Capabilities: helper})
	if len(problems) > 0 || len(infos) != 2 {
		t.Fatalf("%v, %v", infos, problems)
	}
	want := []string{
		"in mode filehelper observe member_joined never runs: member_joined does not happen",
		"in mode filehelper on message never runs: there is no official chat",
		"in mode filehelper on friend_request never runs: friend_request does not happen",
		"in mode filehelper its command crowd never runs: there is no group chat",
	}
	if !slices.Equal(english(infos[0].Unfit), want) {
		t.Errorf("got %q\nwant %q", infos[0].Unfit, want)
	}
	if got := english(infos[1].Unfit); !slices.Equal(got, []string{"in mode filehelper its command b never runs: there is no group chat"}) {
		t.Errorf("narrowed by plugins.yaml: %q", got)
	}
	infos, _ = luahost.Check(t.Context(), luahost.Options{Dir: dir})
	if len(infos[0].Unfit) != 0 {
		t.Errorf("without a mode: %q", infos[0].Unfit)
	}
}

func english(texts []lang.Text) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = t.String()
	}
	return out
}
