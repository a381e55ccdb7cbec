package luahost_test

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// What the host's own library offers, used to harm: every function that does much at
// once has to count it.
func TestHostileUseOfTheLibrary(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"regular expression bomb":     `bot.re.match("x", "((a{100}){100}){100}")`,
		"long regular expressions":    `for i = 1, 1e6 do bot.re.match("x", ("(a|b)"):rep(5000) .. i) end`,
		"split for ever":              `local s = ("a "):rep(300000) while true do bot.text.split(s) end`,
		"characters for ever":         `local s = ("好"):rep(300000) while true do bot.text.chars(s) end`,
		"JSON of many lists":          `local s = "[" .. ("[],"):rep(300000) .. "[]]" while true do bot.json.decode(s) end`,
		"JSON of one list many times": `local t = {} for i = 1, 20 do t = {t, t} end bot.json.encode(t)`,
		"hashes for ever":             `local s = ("x"):rep(1000000) while true do bot.hash.sha256(s) end`,
		"encodings that grow":         `local s = "x" while true do s = bot.base64.encode(s) end`,
		"hex that grows":              `local s = "x" while true do s = bot.hex.encode(s) end`,
		"expansion bomb":              `bot.text.expand(("${a}"):rep(200000), {a = ("x"):rep(100000)})`,
		"a format of formats":         `while true do bot.time.format(0, ("%c"):rep(50000)) end`,
		"a date of dates":             `while true do os.date(("%c"):rep(50000)) end`,
		"random over everything":      `bot.random.int(-9223372036854775808, 9223372036854775807) math.random(0) math.random(1, 2 ^ 62)`,
		"all bytes at once":           `return ("x"):rep(1000000):byte(1, -1)`,
		"nothing very often":          `return (""):rep(1e18)`,
		"a long separator":            `return ("x"):rep(1e6, ("y"):rep(1e6))`,
		"unpack of nothing":           `return unpack({}, 1, 1e8)`,
		"concat of nothing":           `return table.concat({}, "x", 1, 1e9)`,
		"insert in front for ever":    `local t = {} for i = 1, 1e7 do table.insert(t, 1, i) end`,
		"remove in front for ever":    `local t = {} for i = 1, 2e5 do t[i] = i end while #t > 0 do table.remove(t, 1) end`,
		"sort without an order":       `local t = {} for i = 1, 2e5 do t[i] = i end table.sort(t, function() return true end)`,
		"sort of what it changes":     `local t = {} for i = 1, 1e5 do t[i] = i end table.sort(t, function(a, b) t[#t + 1] = 1 return a < b end)`,
		"globals that never end":      `setmetatable(_G, {__index = function() while true do end end}) return nothing`,
		"a global that is bot":        `bot = nil msg = nil string = nil local x = ("x"):rep(3)`,
		"an error that never ends":    `error(setmetatable({}, {__tostring = function() while true do end end}))`,
		"an error that fails":         `error(setmetatable({}, {__tostring = function() error(setmetatable({}, getmetatable({}))) end}))`,
		"a reply in a sort":           `local t = {3, 2, 1} table.sort(t, function(a, b) msg:reply("x") return a < b end)`,
		"a wait in a gsub":            `("xyz"):gsub(".", function() bot.sleep(0.01) end)`,
		"a wait in a metamethod":      `local t = setmetatable({}, {__index = function() bot.sleep(0.01) return 1 end}) return t.x + t.y`,
		"a wait in a coroutine":       `local c = coroutine.wrap(function() bot.sleep(0.01) coroutine.yield(1) bot.sleep(0.01) end) c() c() c()`,
		"a coroutine that is handed":  `co = co or coroutine.running() if co then coroutine.resume(co) end`,
		"coroutines that wait":        `for i = 1, 1e5 do coroutine.wrap(function() bot.sleep(1000) end)() end`,
		"kv flood":                    `for i = 1, 1e9 do bot.kv:set("k" .. i, ("x"):rep(200000)) end`,
		"kv of a deep value":          `local t = {} for i = 1, 1e5 do t = {t} end bot.kv:set("k", t)`,
		"kv walk that writes":         `bot.kv:set("a", 1) for k in bot.kv:each("") do bot.kv:set(k .. "a", 1) end`,
		"state that holds itself":     `bot.state.me = bot.state bot.state.f = function() end setmetatable(bot.state, {__index = function() while true do end end})`,
		"state of everything":         `for i = 1, 1e9 do bot.state[i] = ("x"):rep(1000) .. i end`,
		"files for ever":              `for i = 1, 1e6 do bot.file.write("f" .. i, ("x"):rep(1000000)) end`,
		"a file elsewhere":            `bot.file.write("../../x", "x")`,
		"a device as a file":          `bot.file.read("con")`,
		"a query of a bomb":           `local t = {} for i = 1, 20 do t = {t, t} end bot.url.query({a = t})`,
		"a header of two lines":       `bot.http.get("http://127.0.0.1/", {headers = {a = "b\r\nc: d"}})`,
		"many requests at once":       `for i = 1, 1e5 do coroutine.wrap(function() bot.http.get("http://127.0.0.1/") end)() end`,
		"questions to oneself":        `for i = 1, 1e5 do coroutine.wrap(function() msg:ask("x") end)() end`,
		"codes for ever":              `for i = 1, 1e9 do for _ in utf8.codes(("好"):rep(100000)) do end end`,
		"too many codes":              `return utf8.char(unpack({1e9, -1, 0x7fffffff}))`,
		"texts in a table's keys":     `local t = {} for i = 1, 1e9 do t[("k"):rep(100) .. i] = true t[("k"):rep(100) .. i] = nil end`,
		"closures for ever":           `local f = function() end while true do local g = f f = function() return g() end end`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newHostileStage(t, map[string]string{"a.lua": head + "bot.observe('message', function(msg)\n" + script + "\nend)", "b.lua": stillHere})
			s.mustLoad()
			s.stillAnswers()
		})
	}
}

const stillHere = `bot.plugin { name = "b", version = "1", api = 1 }
bot.on("message", function(msg) msg:reply("still here") end)`

// stillAnswers has the other plugin answer twice, soon.
func (s *stage) stillAnswers() {
	s.t.Helper()
	for range 2 {
		began := time.Now()
		if got := s.say(s.message("hi")); !slices.Contains(got, "b reply still here") {
			s.t.Errorf("the other plugin did not answer: %q", got)
		}
		if d := time.Since(began); d > slack {
			s.t.Errorf("took %s", d)
		}
	}
}

// The same at the times when no event is handled: while it is loaded, while it is
// unloaded, and when a timer fires.
func TestHostileAtOtherTimes(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"loop":      `while true do pcall(function() while true do end end) end`,
		"memory":    `local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end`,
		"pattern":   `("a"):rep(3000):match(".-.-.-.-b")`,
		"recursion": `local function f() return f() + 1 end f()`,
		"error":     `error(("x"):rep(1000000))`,
		"table":     `error({})`,
		"files":     `io.open("/etc/passwd")`,
		"poison":    `getmetatable("").__index = nil`,
		"wait":      `bot.sleep(1000)`,
		"kv":        `for i = 1, 1e9 do bot.kv:set("k" .. i, ("x"):rep(200000)) end`,
	} {
		for when, source := range map[string]string{
			"load":    script,
			"handler": "bot.on('load', function()\n" + script + "\nend)",
			"unload":  "bot.on('unload', function()\n" + script + "\nend)",
			"timer":   "bot.after(0.01, function()\n" + script + "\nend)",
		} {
			t.Run(name+" in "+when, func(t *testing.T) {
				t.Parallel()
				s := newHostileStage(t, map[string]string{"a.lua": head + source, "b.lua": stillHere})
				began := time.Now()
				problems := s.load()
				if early := when == "load" || when == "handler"; early != (len(problems) > 0) {
					t.Errorf("problems %v", problems)
				}
				for _, p := range problems {
					if strings.Contains(p.String(), "goroutine ") || len(p.String()) > 2000 {
						t.Errorf("a problem is told as %.300q", p.String())
					}
				}
				s.stillAnswers()
				s.write("a.lua", head) // which unloads it
				if ps := s.load(); len(ps) != 0 {
					t.Errorf("afterwards: %v", ps)
				}
				s.stillAnswers()
				if d := time.Since(began); d > 4*slack {
					t.Errorf("took %s", d)
				}
			})
		}
	}
}
