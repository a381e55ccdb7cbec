package luahost_test

import (
	"strings"
	"testing"
)

func TestExpressions(t *testing.T) {
	for name, tt := range map[string]struct{ expr, want string }{
		"numbers and names":     {`(function() local m = bot.re.match("第12期：读书", "第(?P<n>\\d+)期：(.+)") return m[0] .. "|" .. m[1] .. "|" .. m.n .. "|" .. m[2] end)()`, "第12期：读书|12|12|读书"},
		"no match is nil":       {`tostring(bot.re.match("abc", "\\d"))`, "nil"},
		"group left out is nil": {`tostring(bot.re.match("a", "a(b)?")[1])`, "nil"},
		"find counts bytes":     {`table.concat({bot.re.find("价格5元", "\\d")}, " ")`, "7 7"},
		"what find gives, sub takes": {
			`(function() local s = "价格55元" return s:sub(bot.re.find(s, "\\d+")) end)()`, "55",
		},
		"gmatch":             {`(function() local t = {} for m in bot.re.gmatch("甲1乙22", "(\\p{Han})(\\d+)") do t[#t + 1] = m[2] .. m[1] end return table.concat(t, ",") end)()`, "1甲,22乙"},
		"gsub with a text":   {`table.concat({bot.re.gsub("2026-11-24", "(\\d+)-(\\d+)", "$2/$1")}, " ")`, "11/2026-24 1"},
		"gsub with function": {`(bot.re.gsub("a1b2", "\\d", function(m) if m[0] == "2" then return "<" .. m[0] .. ">" end end))`, "a1b<2>"},
		"quote":              {`bot.re.quote("1+1")`, `1\+1`},
		"not an expression":  {`select(2, pcall(bot.re.match, "a", "(b"))`, "missing closing )"},
		"growth is bounded":  {`select(2, pcall(bot.re.gsub, ("x"):rep(60000), "x", ("y"):rep(60000)))`, "longer than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg) msg:reply(` + tt.expr + `) end)`})
			s.mustLoad()
			if got := s.say(s.message("hi")); len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q, want %q; told %q", got, tt.want, s.world.notices)
			}
		})
	}
}
