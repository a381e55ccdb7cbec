package luahost_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever a script does, the call ends within its budget and another plugin still
// answers. What each row tries has stopped, or killed, hosts of stock Lua.
func TestHostileScripts(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"endless loop":            `while true do end`,
		"endless loop in pcall":   `while true do pcall(function() while true do end end) end`,
		"nested pcalls":           `local function f() pcall(f) while true do end end f()`,
		"xpcall with a handler":   `xpcall(function() while true do end end, function() while true do end end)`,
		"endless repeat":          `repeat local x = 1 until false`,
		"goto-less recursion":     `local function f() return f() + 1 end f()`,
		"tail calls":              `local function f() return f() end f()`,
		"deep tables":             `local t = {} while true do t = {t} end`,
		"huge rep":                `local s = ("x"):rep(1e10)`,
		"many reps":               `local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000):sub(1, 1) end`,
		"catastrophic pattern":    `local s = ("a"):rep(3000) s:match(".-.-.-.-b")`,
		"optional bomb":           `local s = ("a"):rep(60) s:match(("a?"):rep(60) .. s)`,
		"quadratic gsub":          `local s = ("ab"):rep(30000) s:gsub("a*b*c", "x")`,
		"gsub callback":           `("x"):rep(1000):gsub("x", function() while true do end end)`,
		"sort callback":           `local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function(a, b) while true do end end)`,
		"wide format":             `string.format("%999999d", 1)`,
		"format of Go":            `string.format("%v %T", 1, 2)`,
		"huge index":              `local t = {} t[67108863] = 1`,
		"huge insert":             `table.insert({}, 67108860, 1)`,
		"unpack bomb":             `local t = {} for i = 1, 1e6 do t[i] = i end return unpack(t)`,
		"concat bomb":             `local t = {} for i = 1, 2000 do t[i] = ("x"):rep(1000) end table.concat(t)`,
		"endless metamethod":      `local t = setmetatable({}, {__index = function(t, k) return t[k .. "x"] end}) return t.a`,
		"endless tostring":        `print(setmetatable({}, {__tostring = function(s) while true do end end}))`,
		"endless coroutine":       `coroutine.wrap(function() while true do end end)()`,
		"coroutine inside itself": `local function f() coroutine.wrap(f)() end f()`,
		"many coroutines":         `local t = {} while true do t[#t + 1] = coroutine.create(function() end) if #t > 1000 then t = {} end end`,
		"yield across pcall":      `pcall(coroutine.yield)`,
		"yield at the top":        `coroutine.yield(1)`,
		"error with a table":      `error({1, 2})`,
		"error with nil":          `error(nil)`,
		"error of a huge text":    `error(("x"):rep(1000000))`,
		"string metatable":        `getmetatable("").__index = nil`,
		"poisoned object":         `msg.reply = function() end`,
		"object metatable":        `setmetatable(msg, {})`,
		"files":                   `io.open("/etc/passwd")`,
		"processes":               `os.execute("true")`,
		"exit":                    `os.exit(1)`,
		"environment":             `os.getenv("HOME")`,
		"load":                    `load("return 1")()`,
		"loadstring":              `loadstring("return 1")()`,
		"require":                 `require("os")`,
		"debug":                   `debug.getregistry()`,
		"channel":                 `channel.make()`,
		"wrong receiver":          `msg.reply("x", "y")`,
		"wrong argument":          `msg:reply(function() end)`,
		"reply flood":             `while true do msg:reply("x") end`,
		"notice flood":            `while true do bot.admin("x") end`,
		"log flood":               `for i = 1, 1e7 do print(i) end`,
		"timer at run time":       `for i = 1, 1000 do bot.after(1000, function() end) end`,
		"registering at run time": `bot.on("message", function() end)`,
		"json bomb":               `local t = {} t.t = t bot.json.encode(t)`,
		"json depth":              `bot.json.decode(("["):rep(100000))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHostileStage(t, map[string]string{
				"a.lua": head + "bot.observe('message', function(msg)\n" + script + "\nend)",
				"b.lua": `bot.plugin { name = "b", version = "1", api = 1 }
bot.on("message", function(msg) msg:reply("still here") end)`,
			})
			s.mustLoad()
			began := time.Now()
			got := s.say(s.message("hi"))
			if d := time.Since(began); d > slack {
				t.Errorf("took %s", d)
			}
			if !slices.Contains(got, "b reply still here") {
				t.Errorf("the other plugin did not answer: %q", got)
			}
			// And the plugin itself is not broken for the next event.
			if got := s.say(s.message("again")); !slices.Contains(got, "b reply still here") {
				t.Errorf("the second event: %q", got)
			}
		})
	}
}

func TestHostileSources(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"nested brackets":  "local x = " + strings.Repeat("(", 200_000),
		"nested tables":    "local x = " + strings.Repeat("{", 100_000) + strings.Repeat("}", 100_000),
		"nested functions": strings.Repeat("function f() ", 15_000),
		"nested ifs":       strings.Repeat("if x then ", 20_000),
		"nots":             "local x = " + strings.Repeat("not ", 60_000) + "x",
		"minuses":          "local x = " + strings.Repeat("- ", 100_000) + "1",
		"too long":         strings.Repeat("-- x\n", 100_000),
		"not Lua":          "<?php echo 1; ?>",
		"bytecode":         "\x1bLua\x51\x00\x01",
		"binary":           "\x00\xff\xfe",
		"endless":          "while true do end",
		"unfinished text":  `local x = "abc`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHostileStage(t, map[string]string{"a.lua": source})
			began := time.Now()
			if ps := s.load(); len(ps) != 1 {
				t.Errorf("problems %v, want one", ps)
			}
			if d := time.Since(began); d > slack {
				t.Errorf("took %s", d)
			}
		})
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + "bot.on('message', function(msg)\n  local x = nil\n  msg:reply(x.y)\nend)"})
	s.mustLoad()
	s.say(s.message("hi"))
	s.say(s.message("hi"))
	if n := s.world.notices; len(n) != 1 || !strings.Contains(n[0], "a.lua:4: attempt to index") {
		t.Errorf("told %q, want once, with the line", n)
	}
}
