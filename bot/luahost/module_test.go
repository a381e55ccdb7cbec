package luahost_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func (s *stage) mkdir(name string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, name), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

const (
	voteInit = `bot.plugin { name = "vote", version = "1", api = 1 }
local tally = require "vote.tally"
bot.on("message", function(msg) msg:reply(tally.say(msg.text) .. tostring(require("vote.tally") == tally)) end)`
	voteTally = `local words = require "vote.sub.words"
return { say = function(s) return words[1] .. s end }`
	voteWords = `bot.on("message", {contains = "module"}, function(msg) msg:reply("registered in a module") return true end)
return {"票："}`
)

// voteStage has a plugin of three files, and files that are none of it.
func voteStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, nil)
	s.mkdir("vote/sub")
	s.mkdir("vote/tests")
	for name, text := range map[string]string{
		"vote/init.lua": voteInit, "vote/tally.lua": voteTally, "vote/sub/words.lua": voteWords,
		"vote/tests/vote_test.lua": "no Lua at all", "vote/tally_test.lua": "nor this", "vote/.tally.lua.swp": "nor this",
	} {
		s.write(name, text)
	}
	return s
}

func TestRequireGivesThePluginsOwnModules(t *testing.T) {
	s := voteStage(t)
	s.mustLoad()
	if got := s.say(s.message("甲")); !slices.Equal(got, []string{"vote reply 票：甲true"}) {
		t.Errorf("got %q", got)
	}
	if got := s.say(s.message("module")); !slices.Equal(got, []string{"vote reply registered in a module"}) {
		t.Errorf("got %q", got)
	}
	rev := s.host.Rev()
	s.write("vote/sub/words.lua", `return {"新："}`)
	s.mustLoad()
	if got := s.say(s.message("甲")); !slices.Equal(got, []string{"vote reply 新：甲true"}) || s.host.Rev() == rev {
		t.Errorf("a changed module is not loaded: %q", got)
	}
}

func TestMistakesInModulesHaveTheirPlace(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.lua")
	for name, tt := range map[string]struct {
		file, text, want string
	}{
		"syntax, though nobody requires it": {"vote/other.lua", "x = = 1", "vote/other.lua:1: plugin vote: "},
		"top level":                         {"vote/sub/words.lua", "local x\nx.y = 1", "vote/sub/words.lua:2: plugin vote: attempt to index"},
		"a module that is not there":        {"vote/init.lua", `require "vote.nothing"`, `vote/init.lua:1: plugin vote: require "vote.nothing": no such module`},
		"another plugin's":                  {"vote/init.lua", `require "dice.x"`, "no such module"},
		"a path":                            {"vote/init.lua", `require "../secret"`, "no such module"},
		"a library":                         {"vote/init.lua", `require "io"`, "no such module"},
		"a module that requires itself":     {"vote/sub/words.lua", `require "vote.tally"`, `require "vote.tally": it requires itself`},
		"a link out of the folder":          {"vote/init.lua", `require "vote.outside"`, "no such module"},
		"a loop":                            {"vote/sub/words.lua", "while true do end", "vote/sub/words.lua:1: plugin vote: ran for more than"},
	} {
		t.Run(name, func(t *testing.T) {
			s := voteStage(t)
			if err := os.WriteFile(outside, []byte("return 1"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(s.dir, "vote/outside.lua")); err != nil {
				t.Fatal(err)
			}
			s.mustLoad()
			s.write(tt.file, tt.text)
			problems := s.load()
			if len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
				t.Errorf("problems %v, want %q", problems, tt.want)
			}
			if got := s.say(s.message("甲")); !slices.Equal(got, []string{"vote reply 票：甲true"}) {
				t.Errorf("the old version is gone: %q", got)
			}
		})
	}
}

func TestRequireInAPluginOfOneFile(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `require "a.b"`})
	if ps := s.load(); len(ps) != 1 || !strings.Contains(ps[0].String(), "a plugin of one file has no modules") {
		t.Errorf("problems %v", ps)
	}
}
