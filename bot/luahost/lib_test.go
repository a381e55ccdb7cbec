package luahost_test

import (
	"slices"
	"testing"
)

// Expressions of the libraries and what they give; where an error is expected, it
// is what pcall tells.
func TestLibraries(t *testing.T) {
	for name, tt := range map[string]struct{ expr, want string }{
		"json is written as it is":  {`bot.json.encode({a = "<b>&", n = 1, list = {1, 2}})`, `{"a":"<b>&","list":[1,2],"n":1}`},
		"json pretty":               {`bot.json.encode({a = 1}, {pretty = true})`, "{\n  \"a\": 1\n}"},
		"json null is kept":         {`bot.json.encode(bot.json.decode('{"a":[1,null]}'))`, `{"a":[1,null]}`},
		"json null equals itself":   {`bot.json.decode('{"a":null}').a == bot.json.null`, `true`},
		"json null has a name":      {`bot.json.null`, `null`},
		"json whole numbers":        {`bot.json.decode("[1234567890123456789, 12]")[1]`, `1234567890123456789`},
		"json that is none":         {`select(2, bot.json.decode("{"))`, `unexpected EOF`},
		"json with more after it":   {`select(2, bot.json.decode("1 2"))`, `something follows the value`},
		"json of a function":        {`select(2, pcall(bot.json.encode, print))`, `a.lua:2: bot.json.encode: only plain data: nil, booleans, numbers, texts, and tables of these`},
		"md5":                       {`bot.hash.md5("abc")`, `900150983cd24fb0d6963f7d28e17f72`},
		"sha1":                      {`bot.hash.sha1("abc")`, `a9993e364706816aba3e25717850c26c9cd0d89d`},
		"sha256":                    {`bot.hash.sha256("abc")`, `ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad`},
		"raw digest":                {`#bot.hash.sha256("abc", true)`, `32`},
		"hmac":                      {`bot.hash.hmac("sha256", "key", "The quick brown fox jumps over the lazy dog")`, `f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8`},
		"hmac of an unknown hash":   {`select(2, pcall(bot.hash.hmac, "sha9", "k", "x"))`, `a.lua:2: bad argument #1 to (anonymous) (md5, sha1 or sha256 expected)`},
		"base64":                    {`bot.base64.encode("字?") .. bot.base64.decode("5a2XPw")`, `5a2XPw==字?`},
		"base64 for URLs":           {`bot.base64.decode("_-8=") == "\255\239"`, `true`},
		"base64 that is none":       {`select(2, bot.base64.decode("!!"))`, `illegal base64 data at input byte 0`},
		"hex":                       {`bot.hex.encode("\0\255") .. bot.hex.decode("4142")`, `00ffAB`},
		"url query":                 {`bot.url.query({q = "上 海", n = 2, list = {"a", "b"}})`, `list=a&list=b&n=2&q=%E4%B8%8A+%E6%B5%B7`},
		"url parse":                 {`(function() local u = bot.url.parse("https://h:8080/p?a=1#f") return u.scheme .. u.host .. u.port .. u.path .. u.query.a .. u.fragment end)()`, `httpsh8080/p1f`},
		"url escape":                {`bot.url.unescape(bot.url.escape("a b&字"))`, `a b&字`},
		"bit":                       {`bot.bit.band(0xff, 0x0f) .. " " .. bot.bit.bor(1, 2, 4) .. " " .. bot.bit.bxor(5, 1) .. " " .. bot.bit.bnot(0) .. " " .. bot.bit.lshift(1, 31) .. " " .. bot.bit.rshift(-1, 28)`, `15 7 4 4294967295 2147483648 15`},
		"bit of a fraction":         {`pcall(bot.bit.band, 1.5, 1)`, `false`},
		"time of a format":          {`bot.time.format(0, "%Y-%m-%d %H:%M:%S %j %w %%")`, `1970-01-01 00:00:00 001 4 %`},
		"time is parsed":            {`bot.time.parse("1970-01-02 08:30")`, `117000`},
		"date is parsed":            {`bot.time.parse("1970-1-2")`, `86400`},
		"time with its zone":        {`bot.time.parse("1970-01-01T08:00:00+08:00")`, `0`},
		"time of today":             {`bot.time.format(bot.time.parse("08:05"), "%H:%M") .. (bot.time.date(bot.time.parse("8:5")).day == bot.time.date().day and " today" or "")`, `08:05 today`},
		"time by a format":          {`bot.time.parse("02.01.1970", "%d.%m.%Y")`, `86400`},
		"time that is none":         {`select(2, bot.time.parse("tomorrow"))`, `no time such as 2026-10-01 08:30`},
		"time of an unknown format": {`select(2, bot.time.parse("1", "%Q"))`, `unknown conversion %Q`},
		"weekday of a time":         {`bot.time.weekday(0)`, `4`},
		"date of a time":            {`(function() local d = bot.time.date(86400) return d.year .. d.month .. d.day .. d.wday .. d.yday end)()`, `19701262`},
		"os.time of a table":        {`os.time({year = 1970, month = 1, day = 2, hour = 0})`, `86400`},
		"os.time of half a table":   {`select(2, pcall(os.time, {year = 1970}))`, `a.lua:2: bad argument #1 to (anonymous) (field month is missing in the date, or no number)`},
		"os.date of a time":         {`os.date("!%Y-%m-%d", 86400) .. os.date("*t", 86400).day`, `1970-01-022`},
		"time beyond all years":     {`pcall(bot.time.format, 1e300)`, `false`},
		"text is cut by characters": {`bot.text.sub("你好世界", 2, 3) .. bot.text.len("你好")`, `好世2`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg) msg:reply(tostring((` + tt.expr + `))) end)`})
			s.mustLoad()
			if got := s.say(s.message("hi")); len(got) != 1 || got[0] != "a reply "+tt.want {
				t.Errorf("got %q, want %q; notices %q", got, tt.want, s.world.notices)
			}
		})
	}
}

// An empty list stays one on its way through JSON.
func TestEmptyListsInJSON(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg)
		local v = bot.json.decode('{"list": [], "map": {}}')
		msg:reply(bot.json.encode({ v.list, v.map, bot.json.array({}), {}, bot.json.array({ 1 }) }))
	end)`})
	s.mustLoad()
	if got, want := s.say(s.message("hi")), []string{"a reply [[],{},[],{},[1]]"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
