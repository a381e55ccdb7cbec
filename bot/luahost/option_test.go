package luahost_test

import (
	"slices"
	"strings"
	"testing"
)

// What a header declares is checked when it is loaded, before anybody sets anything.
func TestDeclaredOptionsAreChecked(t *testing.T) {
	for spec, want := range map[string]string{
		`"string"`:                                         "config.x is a table",
		`{ type = "text" }`:                                `unknown type "text"`,
		`{ typ = "string" }`:                               `unknown key "typ", did you mean "type"?`,
		`{ type = "integer", default = 1.5 }`:              `default: "1.5" is no integer`,
		`{ type = "integer", min = "a" }`:                  "min is a number",
		`{ type = "number", default = 9, max=8 }`:          "default: 9 is above 8",
		`{ type = "duration", default = "soon" }`:          `default: "soon" is no duration`,
		`{ type = "enum" }`:                                "an enum has values",
		`{ type = "enum", values = {"a"}, default = "b" }`: `default: "b" is none of a`,
		`{ default = {1} }`:                                "default: want a string",
	} {
		s := newStage(t, map[string]string{"a.lua": "bot.plugin { name = 'a', version = '1', api = 1,\n config = { x = " + spec + " } }"})
		if ps := s.load(); len(ps) != 1 || !strings.Contains(ps[0].Text.String(), want) || ps[0].Line != 1 {
			t.Errorf("%s: %v, want %q", spec, ps, want)
		}
	}
}

// A default is what the same words in plugins.yaml would be.
func TestDefaultsAreReadAsPluginsYAMLIs(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": `bot.plugin { name = 'a', version = '1', api = 1, config = {
		wait = { type = "duration", default = "2m" }, rest = { type = "duration", default = 30 }, pause = { type = "duration" },
		list = { type = "list", default = {"甲", "乙"} }, none = { type = "list", default = {} }, on = { type = "bool", default = false } } }
	bot.on("message", function(msg)
		local c = bot.config
		msg:reply(c.wait .. " " .. c.rest .. " " .. c.pause .. " " .. #c.list .. " " .. #c.none .. " " .. tostring(c.on))
	end)`, "plugins.yaml": "plugins: {a: {config: {pause: 45}}}\n"})
	s.mustLoad()
	if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply 120 30 45 2 0 false"}) {
		t.Errorf("got %q, notices %q", got, s.notices())
	}
}
