package luahost_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The annotations for editors name every function of bot, and no other.
func TestAnnotationsAreComplete(t *testing.T) {
	b, err := os.ReadFile("../../docs/wxbot.lua")
	if err != nil {
		t.Fatal(err)
	}
	var annotated []string
	for _, m := range regexp.MustCompile(`(?m)^function (bot[.:\w]+)\(`).FindAllStringSubmatch(string(b), -1) {
		annotated = append(annotated, strings.ReplaceAll(m[1], ":", "."))
	}
	slices.Sort(annotated)
	s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg)
		local out = {}
		for name, v in pairs(bot) do
			if type(v) == "function" then out[#out + 1] = "bot." .. name end
			if type(v) == "table" then
				for inner, f in pairs(v) do if type(f) == "function" then out[#out + 1] = "bot." .. name .. "." .. inner end end
			end
		end
		for _, name in ipairs {"get", "set", "incr", "delete", "each", "count"} do
			if bot.kv[name] then out[#out + 1] = "bot.kv." .. name end
		end
		msg:reply(table.concat(out, " "))
	end)`})
	s.mustLoad()
	got := s.say(s.message("hi"))
	if len(got) != 1 {
		t.Fatalf("got %q, notices %q", got, s.world.notices)
	}
	there := strings.Fields(strings.TrimPrefix(got[0], "a reply "))
	slices.Sort(there)
	for _, name := range there {
		if !slices.Contains(annotated, name) {
			t.Errorf("docs/wxbot.lua has no %s", name)
		}
	}
	for _, name := range annotated {
		if !slices.Contains(there, name) {
			t.Errorf("docs/wxbot.lua has %s, which is not there", name)
		}
	}
}

// It is a proper script, which only defines things.
func TestAnnotationsAreLua(t *testing.T) {
	b, err := os.ReadFile("../../docs/wxbot.lua")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, map[string]string{"a.lua": "local bot = {}\n" + strings.Replace(string(b), "\nbot = {}\n", "\n", 1)})
	s.mustLoad()
}
