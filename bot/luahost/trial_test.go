package luahost_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wxbot/bot/luahost"
)

// trialPlugin does a little of everything that a test can look at.
const trialPlugin = `
bot.plugin { name = "city", version = "1", api = 1, config = {
	default = { type = "string", default = "北京" }, most = { type = "integer", default = 2 }, groups = { type = "list" } }, allow = { history = true } }
bot.command("历史", function(msg) msg:reply(msg.chat:history({n = 2})[1].text) end)
bot.command("天气", function(msg)
	local city = msg:ask("查哪个城市？", {timeout = "60s"}) or bot.config.default
	msg:reply(city .. "：晴")
end)
bot.on("friend_request", function(req)
	if not req.text:find("读书会") then return end
	local friend = req:accept("书友")
	friend:chat():send("你好")
	return true
end)
bot.on("member_joined", {group = bot.config.groups or {"读书群"}}, function(ev)
	bot.sleep("20s")
	ev.group:send("欢迎", {mention = {ev.people[1].name}})
end)
bot.on("recalled", {chat = "group"}, function(ev) ev.group:send("撤回了：" .. ev.message.text) end)
bot.on("message", {contains = "坏"}, function(msg) local x x.y = 1 end)
bot.on("message", {contains = "版本"}, function(msg) msg:reply("第" .. bot.state.n .. "版") end)
bot.on("load", function(ev) bot.state.n = (bot.state.n or 0) + 1 bot.log.info("loaded %s", ev.reason) end)
bot.daily("13:00", function() bot.admin("到点了") end)
bot.fallback(function(msg) msg:reply("不懂") end)
`

// try runs one test file of the plugin and gives the outcomes.
func try(t *testing.T, plugin, tests string) []string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, dir, "city.lua", plugin)
	writeFile(t, dir, "city_test.lua", tests)
	var out []string
	err := luahost.Test(t.Context(), luahost.TestOptions{Dir: dir, Plugin: "city", Print: func(s string) { out = append(out, "print "+s) }, Report: func(r luahost.Trial) {
		text := "ok " + r.Name
		if r.Problem != "" {
			text = fmt.Sprintf("%s: %d: %s", r.Name, r.Line, r.Problem)
		}
		out = append(out, text)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPluginTests(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"an answer": {
			`local m = t.friend("小明") m:says("天气") m:hears("哪个城市") m:says("广州") m:hears("广州：晴") m:hears_nothing()`, "",
		},
		"nobody answers": {
			`local m = t.friend("小明") m:says("天气") t.clock:pass("61s") m:hears("北京：晴")`, "",
		},
		"not long enough": {
			`local m = t.friend("小明") m:says("天气") t.clock:pass("59s") m:hears("北京：晴")`, `hears: heard "查哪个城市？", want "北京：晴"`,
		},
		"the configuration": {
			`t.config = {default = "上海", most = 3} t.reload() local m = t.friend("小明") m:says("天气") t.clock:pass(61) m:hears("上海")`, "",
		},
		"a wrong configuration": {
			`t.config = {defaul = "上海"} t.reload()`, `no option "defaul", did you mean "default"?`,
		},
		"a group": {
			`local g, jia = t.group("读书群", {"甲"}) g:joins("丙") g:hears_nothing() t.clock:pass("20s") g:hears("@丙 欢迎") jia:says("@机器人 坐") g:hears("不懂") jia:says("坐") g:hears_nothing()`, "",
		},
		"a recalled message": {
			`local g, jia = t.group("读书群", {"甲"}) jia:says("秘密") jia:recalls() g:hears("撤回了：秘密")`, "",
		},
		"a friend request": {
			`local m = t.stranger("小王") m:requests("读书会") m:hears("你好") assert(m:is_friend() and m:remark() == "书友")`, "",
		},
		"what was sent": {
			`t.clock:pass("1h") assert(#t.sent == 1 and t.sent[1].kind == "notify" and t.sent[1].text == "到点了")`, "",
		},
		"the log": {
			`t.reload() assert(t.log[1] == "info: loaded start" and t.log[2] == "info: loaded reload", t.log[2])`, "",
		},
		"state over a reload": {
			`local m = t.friend("小明") t.reload() m:says("版本") m:hears("第2版")`, "",
		},
		"a reload ends a question": {
			`local m = t.friend("小明") m:says("天气") t.reload() m:hears("北京：晴")`, "",
		},
		"what was said before": {
			`local m = t.friend("小明") m:says("早") m:hears("不懂") m:says("历史") m:hears("不懂") m:hears_nothing()`, "",
		},
		"a plugin that fails": {
			`t.friend("小明"):says("坏")`, "says: the plugin failed: city.lua:20: attempt to index",
		},
		"a wrong expectation": {`assert(1 == 2, "they differ")`, "they differ"},
		"nothing heard":       {`t.friend("小明"):hears("x")`, `hears: heard nothing, want "x"`},
		"too much heard":      {`local m = t.friend("小明") m:says("x") m:hears_nothing()`, `hears_nothing: heard "不懂"`},
		"a mistyped name":     {`t.frend("x")`, "did you mean friend?"},
		"a loop":              {`while true do end`, "ran for more than 2s without waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			got := try(t, trialPlugin, "describe(\"city\", function()\n\tit(\"works\", function(t)\n"+tt.body+"\n\tend)\nend)\n")
			if tt.want == "" {
				if !slices.Equal(got, []string{"ok city works"}) {
					t.Errorf("got %q", got)
				}
				return
			}
			if len(got) != 1 || !strings.HasPrefix(got[0], "city works: 3: ") || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q, want %q in line 3", got, tt.want)
			}
		})
	}
}

func TestPluginTestsAreApart(t *testing.T) {
	got := try(t, trialPlugin, `
local order = {}
describe("outer", function()
	before(function(t) order[#order + 1] = "outer" t.config = {default = "甲"} end)
	describe("inner", function()
		before(function(t) order[#order + 1] = "inner" end)
		after(function(t) order[#order + 1] = "after" end)
		it("first", function(t) local m = t.friend("小明") m:says("天气") end)
		it("second", function(t)
			print(table.concat(order, " "))
			local m = t.friend("小明")
			m:says("x") m:hears("不懂") -- no question waits
			m:says("天气") t.clock:pass("61s") m:hears("甲：晴")
		end)
	end)
	it("third", function(t) error("no") end)
end)`)
	want := []string{"ok outer inner first", "print outer inner after outer inner", "ok outer inner second", "outer third: 16: no"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMistakesInTestFiles(t *testing.T) {
	for name, tt := range map[string]struct{ plugin, tests, want string }{
		"syntax":                  {trialPlugin, "it(", ": 1: syntax error"},
		"top level":               {trialPlugin, "\nlocal x = y.z", ": 2: attempt to index"},
		"no tests":                {trialPlugin, "local x = 1", ": 0: the file has no tests"},
		"a plugin with a mistake": {"bot.plugin { name = 'city' }\nbot.on(", `it("x", function() end)`, "city.lua:2: "},
		"no network":              {trialPlugin, `it("x", function() bot.http.get("x") end)`, "attempt to index"},
		"no files":                {trialPlugin, `it("x", function() io.open("/etc/passwd") end)`, "attempt to index"},
	} {
		t.Run(name, func(t *testing.T) {
			got := try(t, tt.plugin, tt.tests)
			if len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTestsOfAFolderAndOfNobody(t *testing.T) {
	s := voteStage(t)
	s.write("vote/tests/vote_test.lua", `it("votes", function(t) local m = t.friend("甲") m:says("面") m:hears("票：面") end)`)
	s.write("plain.lua", strings.ReplaceAll(head, `"a"`, `"plain"`))
	var got []string
	report := func(r luahost.Trial) { got = append(got, fmt.Sprint(r.Plugin, " ", r.Name, r.Problem, r.Missing)) }
	if err := luahost.Test(t.Context(), luahost.TestOptions{Dir: s.dir, Report: report}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"plain true", "vote votesfalse"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := luahost.Test(t.Context(), luahost.TestOptions{Dir: s.dir, Plugin: "nobody", Report: report}); err == nil || !strings.Contains(err.Error(), `there is no plugin "nobody"`) {
		t.Errorf("got %v", err)
	}
}

// The samples of the documentation, each with what it promises.
func TestSamplesPassTheirTests(t *testing.T) {
	n := 0
	err := luahost.Test(t.Context(), luahost.TestOptions{Dir: "testdata/samples", Report: func(r luahost.Trial) {
		n++
		if r.Problem != "" || r.Missing {
			t.Errorf("%+v", r)
		}
	}})
	if err != nil || n < 7 {
		t.Errorf("%d tests: %v", n, err)
	}
}

func TestShippedPluginsPassTheirTests(t *testing.T) {
	dir := "../../plugins"
	n := 0
	err := luahost.Test(t.Context(), luahost.TestOptions{Dir: dir, Report: func(r luahost.Trial) {
		n++
		if r.Problem != "" || r.Missing {
			t.Errorf("%+v", r)
		}
	}})
	files, globErr := filepath.Glob(filepath.Join(dir, "*_test.lua"))
	if err != nil || globErr != nil || n < len(files) {
		t.Errorf("%d tests in %d files: %v %v", n, len(files), err, globErr)
	}
	if _, err := os.Stat(filepath.Join(dir, "dice_test.lua")); err != nil {
		t.Error(err)
	}
}
