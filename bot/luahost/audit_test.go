package luahost_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
)

func TestMessagesTellWhatTheyCaughtAndWhomTheyMention(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", {regex = "买(?P<n>[0-9]+)([个件])", chat = {"private", "group"}}, function(msg)
		msg:reply(msg.matches.n .. msg.matches[1] .. msg.matches[2] .. table.concat(msg.mentions, "|") .. msg.sender.kind)
	end)
	bot.on("message", {chat = {"private", "group"}}, function(msg) msg:reply(tostring(msg.matches) .. #msg.mentions) end)`})
	s.mustLoad()
	ev := s.inGroup("买３个", true)
	ev.Message.Raw = "@小 明\u2005@机器人\u2005买３个 a@b"
	if got := s.say(ev); !slices.Equal(got, []string{"a reply 33个小 明|机器人private"}) {
		t.Errorf("got %q, notices %q", got, s.notices())
	}
	if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply nil0"}) {
		t.Errorf("got %q, notices %q", got, s.notices())
	}
}

func TestAGroupTellsItsOwnerAndIsMuted(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", {chat = "group"}, function(msg)
		msg:reply(table.concat({
			tostring(msg.group.is_owner) .. tostring(msg.group.owner and msg.group.owner.key) .. tostring(msg.chat.is_owner),
			tostring(select(2, msg.group:mute_bot("1h"))),
			"30d " .. tostring(pcall(msg.group.mute_bot, msg.group, "30d")),
			"0 " .. tostring(pcall(msg.group.mute_bot, msg.group, 0)),
		}, ", "))
	end)`})
	s.mustLoad()
	want := []string{"a reply falsenilfalse, it cannot be done here, 30d false, 0 false"}
	if got := s.say(s.inGroup("hi", true)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOneErrorOfOnePlaceIsToldOnceWhateverItSays(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `local function deep(msg) error("no " .. msg.text) end
bot.on("message", function(msg) deep(msg) end)`})
	s.mustLoad()
	for _, text := range []string{"one", "two", "three"} {
		s.say(s.message(text))
	}
	if n := s.notices(); len(n) != 1 || !strings.Contains(n[0], "a.lua:2: no one") {
		t.Errorf("told %q", n)
	}
}

func TestConfigEventTakesANewConfigurationWithoutAReload(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": `bot.plugin { name = "a", version = "1", api = 1, config = {
	city = { type = "string", default = "北京" }, n = { type = "integer", default = 1 } } }
	local loads = 0
	bot.on("load", function() loads = loads + 1 end)
	bot.on("config", function(ev)
		if bot.config.city == "坏" then error("not this one") end
		loads = loads .. ":" .. ev.old.city .. ">" .. bot.config.city
	end)
	bot.on("message", function(msg) msg:reply(loads .. " " .. bot.config.city .. bot.config.n) end)`})
	s.mustLoad()
	ask := func() string { return strings.Join(s.say(s.message("hi")), ",") }
	if got := ask(); got != "a reply 1 北京1" {
		t.Errorf("at first %q", got)
	}
	s.write("plugins.yaml", "plugins: {a: {config: {city: 上海}}}\n")
	s.mustLoad()
	if got := ask(); got != "a reply 1:北京>上海 上海1" {
		t.Errorf("configured anew: %q", got)
	}
	s.mustLoad() // the same again is no change
	s.write("plugins.yaml", "plugins: {a: {config: {city: 坏}}}\n")
	for range 12 { // looked at again and again, it is tried once
		if ps := s.load(); len(ps) != 1 || !ps[0].Kept || ps[0].Line != 6 || !strings.Contains(ps[0].Text.String(), "not this one") {
			t.Fatalf("problems %+v", ps)
		}
	}
	if got := ask(); got != "a reply 1:北京>上海 上海1" {
		t.Errorf("after a handler failed: %q", got)
	}
	s.write("plugins.yaml", "plugins: {a: {config: {n: many}}}\n")
	if ps := s.load(); len(ps) != 1 || !strings.Contains(ps[0].String(), `plugins.yaml:1: plugin a: option n of plugin a: "many" is no integer`) {
		t.Errorf("problems %v", ps)
	}
	s.write("plugins.yaml", "plugins: {a: {config: {n: 2}}}\n")
	s.mustLoad()
	if got := ask(); got != "a reply 1:北京>上海:上海>北京 北京2" {
		t.Errorf("and again: %q", got)
	}
	// What is more than configuration is a full reload.
	s.write("plugins.yaml", "plugins: {a: {config: {n: 3}, on_error: 抱歉}}\n")
	s.mustLoad()
	if got := ask(); got != "a reply 1 北京3" {
		t.Errorf("after another setting: %q", got)
	}
}

func TestANewVersionMustPassItsTests(t *testing.T) {
	version := func(answer string) string {
		return `bot.plugin { name = "a", version = "1", api = 1 }
bot.on("message", function(msg) msg:reply("` + answer + `") end)`
	}
	s := newStage(t, map[string]string{
		"a.lua":        version("good"),
		"a_test.lua":   "it('answers', function(t)\n  t.friend('甲'):says('hi')\n  t.friend('甲'):hears('good')\nend)",
		"plugins.yaml": "plugins: {a: {tests: true}}\n",
	})
	s.mustLoad()
	s.write("a.lua", version("bad"))
	for range 2 {
		if ps := s.load(); len(ps) != 1 || !ps[0].Kept || ps[0].Line != 3 || !strings.Contains(ps[0].String(), `a_test.lua:3: plugin a: test "answers": hears: heard "bad", want "good"`) {
			t.Fatalf("problems %v", ps)
		}
	}
	if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply good"}) {
		t.Errorf("got %q", got)
	}
	s.write("a_test.lua", "it('answers', function(t)\n  t.friend('甲'):says('hi')\n  t.friend('甲'):hears('bad')\nend)")
	s.mustLoad()
	if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply bad"}) {
		t.Errorf("after the test was mended: %q", got)
	}
}

func TestJoinsAreGatheredWhereAPluginSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `bot.on("member_joined", {group = "*", gather = "20s"}, function(ev)
			local names = {}
			for i, p in ipairs(ev.people) do names[i] = p.name end
			ev.group:send(table.concat(names, " "))
		end)`})
		s.bubble = true
		s.mustLoad()
		synctest.Wait()
		joins := func(group string, names ...string) *event.Event {
			ev := s.inGroup("", false)
			ev.Kind, ev.Message, ev.Members = event.KindMemberJoined, nil, &event.Members{}
			ev.Chat.Key, ev.Chat.Name = group, group
			for _, n := range names {
				ev.Members.People = append(ev.Members.People, event.Person{Key: n, Nickname: n})
			}
			return ev
		}
		for _, ev := range []*event.Event{joins("g1", "甲"), joins("g2", "乙"), joins("g1", "丙", "甲")} {
			if claim := s.host.On(t.Context(), ev); claim != event.Held {
				t.Errorf("claim %v", claim)
			}
		}
		<-time.After(19 * time.Second)
		synctest.Wait()
		if got := s.world.take(); len(got) != 0 || len(s.world.isDone()) != 0 {
			t.Errorf("early: %q, done %q", got, s.world.isDone())
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		got := s.world.take()
		slices.Sort(got)
		if want := []string{"a reply 乙 g2", "a reply 甲 丙 g1"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		// The first of each is done by what was queued for it, the third by the host.
		if done := s.world.isDone(); len(done) != 1 {
			t.Errorf("done %q", done)
		}
	})
}

func TestDatesAreReadAsPeopleWriteThem(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `bot.command("日", {args = "<d:date>"}, function(msg, args) msg:reply(args.d) end)`})
	s.mustLoad()
	for text, want := range map[string]string{
		"2026-01-31": "2026-01-31", "2026/1/3": "2026-01-03", "2026年1月31日": "2026-01-31", "２０２６－０１－３１": "2026-01-31",
		"2026-02-30": "用法", "明年": "用法",
	} {
		if got := s.say(s.message("日 " + text)); len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
