package luahost_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const faulty = head + `
bot.on("load", function(ev) bot.state.why = ev.reason end)
bot.every(60, function() bot.state.n = (bot.state.n or 0) + 1 end)
bot.on("message", {contains = "bad"}, function(msg) error("no") end)
bot.on("message", {contains = "spin"}, function(msg) while true do end end)
bot.on("message", function(msg) msg:reply(bot.state.why .. " " .. (bot.state.n or 0)) end)`

func (s *stage) paused() string {
	s.t.Helper()
	return s.host.Plugins()[0].Paused.String()
}

func TestErrorsPauseAPlugin(t *testing.T) {
	for name, tt := range map[string]struct {
		times int
		every time.Duration
		want  string
	}{
		"ten errors":                          {10, time.Second, "10 errors in 5 minutes"},
		"nine errors":                         {9, time.Second, ""},
		"ten errors over an hour":             {10, 6 * time.Minute, ""},
		"eleven, ten of them in five minutes": {11, 33 * time.Second, "10 errors in 5 minutes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, map[string]string{"a.lua": faulty, "b.lua": strings.ReplaceAll(head, `"a"`, `"b"`) + `bot.fallback(function(msg) msg:reply("b") end)`})
				s.bubble = true
				s.mustLoad()
				for range tt.times {
					s.say(s.message("bad"))
					pass(tt.every)
				}
				if got := s.paused(); got != tt.want {
					t.Errorf("paused %q, want %q", got, tt.want)
				}
				answer := s.say(s.message("hi"))
				if tt.want == "" {
					if len(answer) != 1 || !strings.HasPrefix(answer[0], "a reply start") {
						t.Errorf("answered %q", answer)
					}
					return
				}
				if !slices.Equal(answer, []string{"b reply b"}) {
					t.Errorf("a paused plugin answered: %q", answer)
				}
				if n := s.notices(); len(n) != 2 || !strings.Contains(n[1], "已暂停") {
					t.Errorf("told %q", n)
				}
			})
		})
	}
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": faulty})
		s.bubble = true
		s.mustLoad()
		if err := s.host.Resume(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "not paused") {
			t.Errorf("resumed what is not paused: %v", err)
		}
		if err := s.host.Resume(t.Context(), "c"); err == nil || !strings.Contains(err.Error(), "no such plugin") {
			t.Errorf("resumed what is not there: %v", err)
		}
		pass(61 * time.Second)
		for range 10 {
			s.say(s.message("bad"))
		}
		pass(10 * time.Minute) // its timer must not tick
		if err := s.host.Resume(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply resume 1"}) {
			t.Errorf("after resume: %q", got)
		}
		pass(61 * time.Second)
		if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply resume 2"}) {
			t.Errorf("the timer does not run: %q", got)
		}
		for range 9 {
			s.say(s.message("bad"))
		}
		if got := s.paused(); got != "" {
			t.Errorf("old errors count after resume: %q", got)
		}
	})
}

func TestLimitsHitPauseAPluginAndAnEditResumesIt(t *testing.T) {
	s := newHostileStage(t, map[string]string{"a.lua": faulty})
	s.mustLoad()
	for range 3 {
		s.say(s.message("spin"))
	}
	if got := s.paused(); got != "3 times over a limit in 5 minutes" {
		t.Errorf("paused %q", got)
	}
	s.mustLoad()
	if got := s.say(s.message("hi")); len(got) != 0 {
		t.Errorf("a reload of the same file resumed it: %q", got)
	}
	s.write("a.lua", faulty+"\n-- edited")
	s.mustLoad()
	if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply reload 0"}) {
		t.Errorf("after an edit: %q", got)
	}
}

func TestApology(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{
			"a.lua":        head + `bot.on("message", {group = "*"}, function() error("x") end) bot.command("坏", function(msg) msg:ask("?") error("x") end)`,
			"plugins.yaml": "on_error: 出错了，稍后再试\n",
		})
		s.bubble = true
		s.mustLoad()
		got := s.tell(s.message("坏"))
		got = append(got, s.tell(s.message("好"))...)
		if !slices.Equal(got, []string{"a reply ?", "a reply 出错了，稍后再试"}) {
			t.Errorf("got %q", got)
		}
		if got := s.tell(s.inGroup("hi", false)); len(got) != 0 {
			t.Errorf("nobody asked: %q", got)
		}
	})
}

func TestLimitsInPluginsYAML(t *testing.T) {
	script := head + `bot.on("message", function(msg)
		for i = 1, 5 do
			local ok, err = msg:reply("x")
			if not ok then bot.admin("%s", err) return end
		end
	end)`
	for name, tt := range map[string]struct {
		yaml  string
		sends int
		want  string
	}{
		"of all plugins":   {"limits: {sends: 2}\n", 2, ""},
		"of one plugin":    {"limits: {sends: 2}\nplugins:\n  a: {limits: {sends: 3, run: 2s, memory: 32MB}}\n", 3, ""},
		"the defaults":     {"plugins:\n  a: {}\n", 5, ""},
		"unknown limit":    {"limits: {send: 2}\n", 0, `plugins.yaml:1: unknown limit "send" (did you mean "sends"?)`},
		"too long":         {"limits: {run: 1h}\n", 0, "run is a duration up to 10s"},
		"too much":         {"limits: {memory: 4GB}\n", 0, "memory is a size from 4 MB to 1024 MB"},
		"not for a plugin": {"plugins:\n  a: {limits: {waits: 5}}\n", 0, `unknown limit "waits"`},
		"no map":           {"limits: 5\n", 0, "limits is a map"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, map[string]string{"a.lua": script, "plugins.yaml": tt.yaml})
				s.bubble = true
				problems := s.load()
				if tt.want != "" {
					if len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
						t.Errorf("problems %v, want %q", problems, tt.want)
					}
					return
				}
				if got := s.say(s.message("hi")); len(got) != tt.sends {
					t.Errorf("%d messages, want %d; problems %v", len(got), tt.sends, problems)
				}
			})
		})
	}
}
