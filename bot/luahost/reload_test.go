package luahost_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

func TestStateIsHandedOverAsItIs(t *testing.T) {
	v1 := head + `
		local seen = 0
		bot.state[1], bot.state["1"], bot.state.list = "number", "text", {"a", "b"}
		bot.state.same = bot.state.list
		bot.on("message", function(msg) seen = seen + 1 end)
		bot.on("unload", function() bot.state.seen = seen end)`
	v2 := head + `
		local early = tostring(bot.state.list and bot.state.list[2])
		local seen
		bot.on("load", function(ev) seen = ev.reason .. tostring(bot.state.seen) end)
		bot.on("message", function(msg)
			local s = bot.state
			msg:reply(table.concat({early, seen, s[1], s["1"], #s.list, tostring(s.same == s.list)}, " "))
		end)`
	s := newStage(t, map[string]string{"a.lua": v1})
	s.mustLoad()
	s.say(s.message("hi"))
	s.say(s.message("hi"))
	s.write("a.lua", v2)
	s.mustLoad()
	if got, want := s.say(s.message("hi")), []string{"a reply b reload2 number text 2 true"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFailedLoadHandlerPutsTheOldVersionBack(t *testing.T) {
	v1 := head + `
		local open = true
		bot.on("load", function(ev) open = true bot.state.reason = ev.reason end)
		bot.on("unload", function() open = false end)
		bot.on("message", function(msg) msg:reply(tostring(open) .. " " .. bot.state.reason) end)`
	s := newStage(t, map[string]string{"a.lua": v1})
	s.mustLoad()
	s.write("a.lua", v1+` bot.on("load", function() error("no") end)`)
	if problems := s.load(); len(problems) != 1 || !problems[0].Kept {
		t.Errorf("problems %v, want one and the old version kept", problems)
	}
	if got, want := s.say(s.message("hi")), []string{"a reply true resume"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every message offered while versions change is answered once, and what one version
// counted the next goes on with.
func TestReloadUnderLoadLosesNoMessage(t *testing.T) {
	script := head + `-- %d
		bot.command("记", function(msg) bot.state.n = (bot.state.n or 0) + 1 return true end)
		bot.on("message", {exact = "问"}, function(msg) msg:reply(tostring(bot.state.n)) end)`
	s := newStage(t, map[string]string{"a.lua": fmt.Sprintf(script, 0)})
	s.mustLoad()
	const messages, reloads, writers = 3000, 60, 3
	var claimed atomic.Int64
	var work sync.WaitGroup
	for range writers {
		ev := *s.message("/记")
		work.Go(func() {
			for range messages / writers {
				if c, ok := s.host.Resolve(&ev); ok && s.host.Command(t.Context(), &ev, c) != 0 {
					claimed.Add(1)
				}
			}
		})
	}
	for i := range reloads {
		s.write("a.lua", fmt.Sprintf(script, i+1))
		s.mustLoad()
	}
	work.Wait()
	if n := claimed.Load(); n != messages {
		t.Errorf("%d of %d messages were dealt with", n, messages)
	}
	if got := s.say(s.message("问")); len(got) != 1 || got[0] == "a reply nil" {
		t.Errorf("got %q", got)
	}
}

func TestTimersThatEndedMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
			local left, fired = nil, 0
			bot.on("message", {exact = "go"}, function(msg)
				for i = 1, 100 do left = bot.after(60, function() fired = fired + 1 end) end
				left:cancel()
			end)
			bot.on("message", {exact = "count"}, function(msg) msg:reply(tostring(fired)) end)`})
		s.bubble = true
		s.mustLoad()
		for range 3 {
			s.say(s.message("go"))
			<-time.After(2 * time.Minute)
		}
		if got, want := s.say(s.message("count")), []string{"a reply 297"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q; told %q", got, want, s.world.notices)
		}
	})
}

// What cannot be read for a moment is not gone.
func TestUnreadablePluginsStay(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg) msg:reply("here") end)`})
	s.mustLoad()
	stays := func(what string, problems []luahost.Problem) {
		t.Helper()
		if len(problems) != 1 || !problems[0].Kept {
			t.Errorf("%s: problems %v", what, problems)
		}
		if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply here"}) {
			t.Errorf("%s: got %q", what, got)
		}
	}
	file := filepath.Join(s.dir, "a.lua")
	aside := filepath.Join(t.TempDir(), "aside")
	if err := errors.Join(os.Rename(file, aside), os.Symlink("a.lua", file)); err != nil { // it leads to itself
		t.Fatal(err)
	}
	stays("a file", s.load())
	if err := errors.Join(os.Remove(file), os.Rename(aside, file), os.Rename(s.dir, aside)); err != nil {
		t.Fatal(err)
	}
	stays("the directory", s.load())
	if err := os.Rename(aside, s.dir); err != nil {
		t.Fatal(err)
	}
	s.mustLoad()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.mustLoad()
	if got := s.say(s.message("hi")); len(got) != 0 {
		t.Errorf("a deleted plugin answers %q", got)
	}
}

func TestSlipsInNamesOfPluginsAreTold(t *testing.T) {
	s := newStage(t, map[string]string{
		"weather.lua":  `bot.plugin { name = "weather", version = "1", api = 1 }`,
		"plugins.yaml": "plugins:\n  wether: {}\n  gone: {enabled: false}\n  weather: {}\n",
		"b\xff.lua":    `print("hi")`,
	})
	_, problems := luahost.Check(t.Context(), luahost.Options{Dir: s.dir})
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprint(filepath.Base(p.File), ":", p.Line, ": ", p.Text.In(lang.English), " ", p.Off))
	}
	want := []string{
		"b?.lua:0: the name of the file is not UTF-8 false",
		`plugins.yaml:2: there is no wether.lua and no folder wether here: did you mean "weather"? true`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
