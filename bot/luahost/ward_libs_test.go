package luahost_test

import "testing"

// hostileLibs are bodies of a handler that turn the libraries against the host.
var hostileLibs = map[string]struct{ body, want string }{
	"flood of keys":             {`local i = 0 while true do i = i + 1 bot.kv:set("k" .. i, i) end`, "without waiting"},
	"flood of one key":          {`while true do bot.kv:set("k", ("x"):rep(200000)) end`, "without waiting"},
	"flood of counts":           {`while true do bot.kv:incr("k") end`, "without waiting"},
	"flood of reads":            {`bot.kv:set("k", ("x"):rep(200000)) while true do bot.kv:get("k") end`, "without waiting"},
	"endless walks":             {`for i = 1, 400 do bot.kv:set("k" .. i, i) end while true do for k in bot.kv:each() do end end`, "without waiting"},
	"endless counts of keys":    {`for i = 1, 400 do bot.kv:set("k" .. i, i) end while true do bot.kv:count() end`, "without waiting"},
	"walks that are not ended":  {`for i = 1, 50 do bot.kv:set("k" .. i, ("x"):rep(20000)) end local t = {} for i = 1, 100 do t[i] = bot.kv:each() t[i]() end`, ""},
	"value too long":            {`assert(bot.kv:set("k", ("x"):rep(300000)))`, "a value of more than 256 KB"},
	"value that holds itself":   {`local t = {} t.t = t bot.kv:set("k", t)`, "too deep"},
	"value of many tables":      {`local t = {} for i = 1, 17 do t = {t, t} end assert(bot.kv:set("k", t))`, "too much|256 KB"},
	"value of empty places":     {`local t = {} t[262143] = 1 local l = {} for i = 1, 5000 do l[i] = t end bot.kv:set("k", l)`, "too much|without waiting"},
	"JSON of empty places":      {`local t = {} t[262143] = 1 local l = {} for i = 1, 90000 do l[i] = t end bot.json.encode(l)`, "too much|without waiting"},
	"value that is a function":  {`bot.kv:set("k", {print})`, "only plain data"},
	"value that is no number":   {`bot.kv:set("k", 0/0)`, "not a number"},
	"key too long":              {`bot.kv:set(("k"):rep(600), 1)`, "a key is"},
	"key that is no text":       {`bot.kv:set("\255", 1)`, "a key is"},
	"another receiver":          {`bot.kv.get(msg, "k")`, "bot.kv expected"},
	"methods that are poisoned": {`bot.kv.get = function() end`, "cannot be set"},
	"flood of requests":         {`while true do bot.http.get("http://127.0.0.1/") end`, "without waiting"},
	"flood of requests in vain": {`while true do pcall(bot.http.get, "file:///etc/passwd", {x = 1}) end`, "without waiting"},
	"a query without end":       {`local t = {} for i = 1, 200000 do t["k" .. i] = i end while true do bot.url.query(t) end`, "too much|without waiting"},
	"digests without end":       {`local s = ("x"):rep(1000000) while true do bot.hash.sha256(s) end`, "without waiting"},
	"codes without end":         {`local s = ("x"):rep(500000) while true do bot.base64.decode(bot.base64.encode(s)) end`, "without waiting"},
	"a digest's key":            {`bot.hash.hmac("md5", nil, "x")`, "string expected"},
	"formats without end":       {`local f = ("%A"):rep(100000) while true do bot.time.format(0, f) end`, "without waiting"},
	"a format that grows":       {`bot.time.format(0, ("%c"):rep(100000))`, "longer than|more than"},
	"a time beyond all":         {`bot.time.format(1e300)`, "a time in seconds"},
	"flood of files":            {`local s = ("x"):rep(100000) while true do bot.file.write("f", s) end`, "without waiting"},
	"files of other folders":    {`bot.file.read("../bad.lua")`, "a name of a file"},
	"files of the machine":      {`bot.file.read("/etc/passwd")`, "a name of a file"},
	"the keys of a torn walk":   {`local walk = bot.kv:each() pcall(error) for i = 1, 1000 do bot.kv:set("k" .. i, i) walk() bot.kv:delete("k" .. i) end`, ""},
}

func TestHostileUseOfLibrariesEnds(t *testing.T) {
	for name, tt := range hostileLibs {
		t.Run(name, func(t *testing.T) { endures(t, tt.body, tt.want) })
	}
}
