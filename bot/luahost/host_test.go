package luahost_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// world takes what plugins do, as the daemon would.
type world struct {
	mu       sync.Mutex
	queued   []string
	keys     map[string]bool
	notices  []string
	settings event.Settings
	outcome  func(id int64) (event.Status, string)
	done     []string // events told to be done
	running  []string
	notified func() // if set, what telling the operator takes
	full     int    // Queue fails so often
}

func (w *world) Queue(_ context.Context, ev *event.Event, plugin string, n int, a event.Action) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full > 0 {
		w.full--
		return 0, fmt.Errorf("reply: %w", luahost.ErrNotStored)
	}
	if ev != nil {
		key := fmt.Sprint(ev.ID, plugin, n)
		if w.keys[key] {
			return 0, fmt.Errorf("key %s used twice", key)
		}
		w.keys[key] = true
	}
	name, _, _ := strings.Cut(plugin, ".")
	text := name + " " + string(a.Kind)
	if a.Forward != "" {
		text += " as " + a.Forward + " after " + a.Message.Header
	}
	for _, file := range []string{a.Message.Image, a.Message.File, a.Message.Video} {
		if b, err := os.ReadFile(file); file != "" {
			text += fmt.Sprint(" ", filepath.Base(file), " of ", len(b), " ", err)
		}
	}
	for _, part := range []string{strings.Join(a.Message.Mention, ","), a.Message.Text, a.Message.Sticker, a.Remark, a.Revoke, a.ToKey, invited(a), strings.Join(a.To, ",")} {
		if part != "" {
			text += " " + part
		}
	}
	w.queued = append(w.queued, text)
	return int64(len(w.queued)), nil
}

// invited is who is invited.
func invited(a event.Action) string {
	if a.Kind == event.ActInvite {
		return a.Person
	}
	return ""
}

func (w *world) Done(_ context.Context, ev *event.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = append(w.done, ev.ID)
	return nil
}

// marks are the events told to be done, and when which were told to run.
func (w *world) marks() (done, running []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.done), slices.Clone(w.running)
}

// isDone gives the events that were told to be done.
func (w *world) isDone() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.done)
}

func (w *world) Running(seq int64) func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = append(w.running, fmt.Sprintf("begin %d", seq))
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.running = append(w.running, fmt.Sprintf("end %d", seq))
	}
}

func (w *world) Outcome(ctx context.Context, id int64) (event.Status, string, error) {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
	if w.outcome != nil {
		st, why := w.outcome(id)
		return st, why, nil
	}
	return event.StatusSent, "", nil
}

func (w *world) Find(kind event.ChatKind, name string) ([]event.Chat, error) {
	switch name {
	case "读书群":
		return []event.Chat{{Kind: kind, Key: "g9", Name: name}}, nil
	case "小明":
		return []event.Chat{{Kind: kind, Key: "p1", Name: name}, {Kind: kind, Key: "p2", Name: name}}, nil
	}
	return nil, nil
}

func (w *world) Members(string) []event.Person {
	return []event.Person{{Key: "p1", Nickname: "甲"}, {Key: "p2", Nickname: "乙"}}
}
func (w *world) Self() event.Person { return event.Person{Key: "self", Nickname: "机器人"} }
func (w *world) Notify(_ context.Context, text string) error {
	if w.notified != nil {
		w.notified()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notices = append(w.notices, text)
	return nil
}

func (s *stage) notices() []string {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	return slices.Clone(s.world.notices)
}

func (w *world) Settings() event.Settings { return w.settings }

func (w *world) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.queued
	w.queued = nil
	return out
}

type stage struct {
	t     *testing.T
	dir   string
	world *world
	host  *luahost.Host
	n     int
	// bubble: the test runs inside synctest.
	bubble bool
	stop   func() // ends the host, once
}

// settle waits for handlers that go on after they claimed.
func (s *stage) settle() {
	if s.bubble {
		synctest.Wait()
	}
}

// newStage makes a running host of some files, which all end by themselves.
func newStage(t *testing.T, files map[string]string) *stage {
	t.Helper()
	return newStageWithin(t, amply, files)
}

// newHostileStage makes a running host of some files that have to be stopped.
func newHostileStage(t *testing.T, files map[string]string) *stage {
	t.Helper()
	return newStageWithin(t, hostileRun, files)
}

func newStageWithin(t *testing.T, run time.Duration, files map[string]string) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), world: &world{keys: map[string]bool{}, settings: event.Settings{
		Prefixes: []string{"/", "#"}, Location: time.UTC,
	}}}
	for name, text := range files {
		s.write(name, text)
	}
	h, err := luahost.New(luahost.Options{Dir: s.dir, World: s.world, Limits: luahost.Limits{Run: run}})
	if err != nil {
		t.Fatal(err)
	}
	s.host = h
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

func (s *stage) write(name, text string) {
	s.t.Helper()
	writeFile(s.t, s.dir, name, text)
}

func writeFile(tb testing.TB, dir, name, text string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func (s *stage) load() []luahost.Problem { return s.host.Reload(s.t.Context()) }

func (s *stage) mustLoad() {
	s.t.Helper()
	for _, p := range s.load() {
		s.t.Fatalf("not loaded: %s", p)
	}
}

func (s *stage) message(text string) *event.Event {
	s.n++
	return &event.Event{
		ID: fmt.Sprintf("m%d", s.n), Kind: event.KindMessage, Time: time.Now(),
		Chat:    event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "小明"},
		Sender:  event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true},
		Message: &event.Message{Type: event.TypeText, Raw: text, Text: text, Mentioned: true},
	}
}

func (s *stage) inGroup(text string, mentioned bool) *event.Event {
	ev := s.message(text)
	ev.Chat = event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "客户一群"}
	ev.Sender.Card = "明"
	ev.Message.Mentioned = mentioned
	return ev
}

// say offers a message as the dispatcher does, and gives what was queued.
func (s *stage) say(ev *event.Event) []string {
	s.t.Helper()
	ctx := s.t.Context()
	s.host.Observe(ctx, ev)
	if s.host.Filter(ctx, ev) {
		return append(s.world.take(), "dropped")
	}
	if c, ok := s.host.Resolve(ev); ok {
		s.host.Command(ctx, ev, c)
	} else if s.host.On(ctx, ev) == event.Unclaimed {
		s.host.Fallback(ctx, ev)
	}
	s.settle()
	return s.world.take()
}

const head = `bot.plugin { name = "a", version = "1", api = 1 }
`

func TestHandlers(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		ev     func(*stage) *event.Event
		want   []string
	}{
		"on replies": {
			`bot.on("message", {contains = "价格"}, function(msg) msg:reply("你问" .. msg.text) end)`,
			func(s *stage) *event.Event { return s.message("什么价 格？") },
			[]string{"a reply 你问什么价 格？"},
		},
		"on does not fire without its words": {
			`bot.on("message", {contains = "价格"}, function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.message("hi") }, nil,
		},
		"on in a group needs a mention": {
			`bot.on("message", function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.inGroup("hi", false) }, nil,
		},
		"on in a group with a mention": {
			`bot.on("message", function(msg) msg:mention("x") end)`,
			func(s *stage) *event.Event { return s.inGroup("hi", true) },
			[]string{"a reply 明 x"},
		},
		"on that names the group": {
			`bot.on("message", {group = "客户*"}, function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.inGroup("hi", false) },
			[]string{"a reply x"},
		},
		"the first that claims ends it": {
			`bot.on("message", function(msg) return true end) bot.on("message", function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.message("hi") }, nil,
		},
		"fallback": {
			`bot.fallback(function(msg) msg:reply("?") end)`,
			func(s *stage) *event.Event { return s.message("hi") },
			[]string{"a reply ?"},
		},
		"filter drops": {
			`bot.filter({contains = "广告"}, function(msg) return true end)`,
			func(s *stage) *event.Event { return s.message("广告") },
			[]string{"dropped"},
		},
		"observe sees and does not claim": {
			`bot.observe("message", function(msg) bot.state.n = (bot.state.n or 0) + 1 end)
			 bot.on("message", function(msg) msg:reply("seen " .. bot.state.n) end)`,
			func(s *stage) *event.Event { return s.message("hi") },
			[]string{"a reply seen 1"},
		},
		"command with arguments": {
			`bot.command("骰子", {args = "[n:int]"}, function(msg, args) msg:reply("n=" .. tostring(args.n)) end)`,
			func(s *stage) *event.Event { return s.message("骰子 20") },
			[]string{"a reply n=20"},
		},
		"command glued to its argument": {
			`bot.command("投", {args = "<n:int>"}, function(msg, args) msg:reply("n=" .. args.n) end)`,
			func(s *stage) *event.Event { return s.message("投2") },
			[]string{"a reply n=2"},
		},
		"a word that begins alike is no command": {
			`bot.command("投", {args = "<n:int>"}, function(msg, args) msg:reply("n=" .. args.n) end)`,
			func(s *stage) *event.Event { return s.message("投诉") }, nil,
		},
		"wrong call is answered with the usage": {
			`bot.command("投", {args = "<n:int>", help = "投票"}, function(msg, args) msg:reply("n") end)`,
			func(s *stage) *event.Event { return s.message("/投 x") },
			[]string{"a reply 用法：投 <n>\n投票"},
		},
		"command in a group needs prefix or mention": {
			`bot.command("骰子", function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.inGroup("骰子", false) }, nil,
		},
		"command in a group with a prefix": {
			`bot.command("骰子", function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.inGroup("/骰子", false) },
			[]string{"a reply x"},
		},
		"bare command in a group": {
			`bot.command("骰子", {bare = true}, function(msg) msg:reply("x") end)`,
			func(s *stage) *event.Event { return s.inGroup("骰子", false) },
			[]string{"a reply x"},
		},
		"command with quotes and a rest": {
			`bot.command("投票", {args = "<title> <options...>"}, function(msg, a) msg:reply(a.title .. "|" .. table.concat(a.options, "|")) end)`,
			func(s *stage) *event.Event { return s.message(`投票 "吃 什么" 面 “大 米”`) },
			[]string{"a reply 吃 什么|面|大 米"},
		},
		"reply with parts": {
			`bot.on("message", function(msg) msg:reply{text = "t", sticker = "md5:0123456789abcdef0123456789abcdef", revoke_after = "90s"} end)`,
			func(s *stage) *event.Event { return s.message("hi") },
			[]string{"a reply t md5:0123456789abcdef0123456789abcdef"},
		},
		"other chats need a grant": {
			`bot.on("message", function(msg) local g = assert(bot.group("读书群")) local ok, err = g:send("x") msg:reply(tostring(ok) .. " " .. err:match("grant")) end)`,
			func(s *stage) *event.Event { return s.message("hi") },
			[]string{"a reply nil grant"},
		},
		"a name of several is told": {
			`bot.on("message", function(msg) local _, err = bot.contact("小明") msg:reply(err) end)`,
			func(s *stage) *event.Event { return s.message("hi") },
			[]string{"a reply ambiguous: 2 contacts named 小明; set a remark"},
		},
		"too many answers to one event": {
			`bot.on("message", function(msg) for i = 1, 20 do local ok, err = msg:reply("x") if not ok then bot.admin("stopped: %s", err) return end end end)`,
			func(s *stage) *event.Event { return s.message("hi") }, slices.Repeat([]string{"a reply x"}, 10),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, map[string]string{"a.lua": head + tt.script})
				s.bubble = true
				s.mustLoad()
				if got := s.say(tt.ev(s)); !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q; told %q", got, tt.want, s.world.notices)
				}
			})
		})
	}
}

func TestCoroutinesWork(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `
		bot.on("message", function(msg)
			local gen = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) coroutine.yield(b * 2) end)
			local co = coroutine.create(function(...) return select("#", ...), ... end)
			local ok, n, x = coroutine.resume(co, "p", "q")
			local bad, err = coroutine.resume(coroutine.create(function() error("no") end))
			msg:reply(table.concat({gen(1), gen(5), tostring(ok), n, x, tostring(bad), err}, " "))
		end)`})
	s.mustLoad()
	if got := s.say(s.message("hi")); len(got) != 1 || !strings.HasPrefix(got[0], "a reply 2 10 true 2 p false a.lua:") {
		t.Errorf("got %q, told %q", got, s.world.notices)
	}
}

func TestWelcomeSampleMergesAndRevokes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script, err := os.ReadFile("../../plugins/welcome.lua")
		if err != nil {
			t.Fatal(err)
		}
		s := newStage(t, map[string]string{"welcome.lua": string(script), "plugins.yaml": "plugins:\n  welcome: {config: {groups: [客户一群]}}\n"})
		s.mustLoad()
		join := func(id, name string) {
			s.host.On(t.Context(), &event.Event{
				ID: id, Kind: event.KindMemberJoined, Chat: event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "客户一群"},
				Members: &event.Members{People: []event.Person{{Nickname: name}}},
			})
			synctest.Wait()
		}
		join("j1", "甲")
		<-time.After(10 * time.Second)
		join("j2", "乙") // while the first handler sleeps
		<-time.After(11 * time.Second)
		synctest.Wait()
		if got := s.world.take(); !slices.Equal(got, []string{"welcome reply 甲,乙 欢迎 甲、乙！群规见公告。 g1"}) {
			t.Errorf("got %q", got)
		}
		join("j3", "丙")
		<-time.After(25 * time.Second)
		synctest.Wait()
		if got := s.world.take(); !slices.Equal(got, []string{"welcome reply 丙 欢迎 丙！群规见公告。 g1", "welcome revoke 1"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestAcceptGivesTheFriend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
			bot.on("friend_request", function(req)
				if not bot.text.contains(req.text, "读书会") then return end
				local friend, err = req:accept("读者-" .. req.nickname)
				if not friend then return bot.admin("accept: %s", err) end
				friend:chat():send("你好")
			end)`})
		s.mustLoad()
		req := func(id, text string) *event.Event {
			return &event.Event{
				ID: id, Kind: event.KindFriendRequest, Chat: event.Chat{Kind: event.ChatPrivate, Key: "p7"},
				Sender: event.Person{Key: "p7", Nickname: "新人"}, Request: &event.Request{Text: text, User: "@u", Ticket: "v4"},
			}
		}
		if s.host.On(t.Context(), req("r1", "你好")) != event.Unclaimed {
			t.Error("claimed a request without the word")
		}
		if s.host.On(t.Context(), req("r2", "我想加入 读书会")) == event.Unclaimed {
			t.Error("not claimed")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if got := s.world.take(); !slices.Equal(got, []string{"a accept 读者-新人", "a reply 你好 p7"}) {
			t.Errorf("got %q, told %q", got, s.world.notices)
		}
		s.world.outcome = func(int64) (event.Status, string) { return event.StatusFailed, "ret 1" }
		s.host.On(t.Context(), req("r3", "读书会"))
		<-time.After(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(s.world.notices, []string{"accept: ret 1"}) {
			t.Errorf("told %q", s.world.notices)
		}
	})
}

func TestReloadKeepsTheOldVersionOnAnyError(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"syntax":          {head + "bot.on(", "a.lua:2: "},
		"top level":       {head + "\nlocal x = nil\nx.y = 1", "a.lua:4: "},
		"wrong event":     {head + `bot.on("mesage", function() end)`, `did you mean "message"?`},
		"wrong condition": {head + `bot.on("message", {contain = "x"}, function() end)`, `did you mean "contains"?`},
		"name":            {`bot.plugin { name = "b", version = "1", api = 1 }`, `name is "b", but the file is a`},
		"no function":     {head + `bot.on("message", 5)`, "function expected"},
		"load handler":    {head + `bot.on("load", function() error("no") end)`, "no"},
		"endless":         {head + "while true do end", "without waiting"},
		"wrong schedule":  {head + `bot.cron("61 * * * *", print)`, "minute \"61\""},
		"sleep at load":   {head + `bot.sleep(1)`, "not while the plugin is being loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg) msg:reply("v1") end)`})
			s.mustLoad()
			s.write("a.lua", tt.text)
			problems := s.load()
			if len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) || !problems[0].Kept {
				t.Errorf("problems %v, want %q and the old version kept", problems, tt.want)
			}
			if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply v1"}) {
				t.Errorf("the old version is gone: %q", got)
			}
			if p := s.host.Plugins(); len(p) != 1 || !p[0].Running || p[0].Problem.IsZero() {
				t.Errorf("plugins %+v", p)
			}
			s.write("a.lua", head+`bot.on("message", function(msg) msg:reply("v2") end)`)
			s.mustLoad()
			if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply v2"}) {
				t.Errorf("the good version does not run: %q", got)
			}
		})
	}
}

func TestReloadHandsStateOverAndDropsWhatIsGone(t *testing.T) {
	v1 := head + `bot.on("message", function(msg) bot.state.n = (bot.state.n or 0) + 1 msg:reply("v1 " .. bot.state.n) end)`
	s := newStage(t, map[string]string{"a.lua": v1})
	s.mustLoad()
	s.say(s.message("hi"))
	rev := s.host.Rev()
	s.mustLoad()
	if s.host.Rev() != rev {
		t.Error("the same files gave another revision")
	}
	s.write("a.lua", strings.ReplaceAll(v1, "v1", "v2"))
	s.mustLoad()
	if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply v2 2"}) {
		t.Errorf("got %q", got)
	}
	if err := os.Remove(filepath.Join(s.dir, "a.lua")); err != nil {
		t.Fatal(err)
	}
	s.mustLoad()
	if got := s.say(s.message("hi")); len(got) != 0 {
		t.Errorf("a deleted plugin answered: %q", got)
	}
}

func TestConfig(t *testing.T) {
	script := `bot.plugin { name = "a", version = "1", api = 1, config = {
		city = { type = "string", required = true }, n = { type = "integer", default = 3, max = 9 }, mode = { type = "enum", values = {"x", "y"}, default = "x" },
	} }
	bot.on("message", function(msg) msg:reply(bot.config.city .. bot.config.n .. bot.config.mode) end)`
	for name, tt := range map[string]struct{ yaml, want string }{
		"good":            {"plugins:\n  a: {config: {city: 上海, n: 5, mode: y}}\n", ""},
		"defaults":        {"plugins:\n  a: {config: {city: 上海}}\n", ""},
		"missing":         {"plugins: {}\n", "off (needs config: city)"},
		"wrong type":      {"plugins:\n  a:\n    config:\n      city: x\n      n: many\n", `plugins.yaml:5: plugin a: option n of plugin a: "many" is no integer`},
		"too much":        {"plugins:\n  a: {config: {city: x, n: 10}}\n", "10 is above 9"},
		"no such value":   {"plugins:\n  a: {config: {city: x, mode: z}}\n", `"z" is none of x, y`},
		"unknown option":  {"plugins:\n  a: {config: {city: x, towm: z}}\n", `no option "towm"`},
		"unknown key":     {"plugins:\n  a: {enable: false}\n", `did you mean "enabled"?`},
		"not YAML at all": {"plugins：\n", "full-width colon"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]string{"a.lua": script, "plugins.yaml": tt.yaml})
			problems := s.load()
			if tt.want == "" {
				if len(problems) != 0 {
					t.Errorf("problems %v", problems)
				}
				return
			}
			if len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
				t.Errorf("problems %v, want %q", problems, tt.want)
			}
		})
	}
}

func TestShippedPluginsLoadAndAnswerNobodyBySurprise(t *testing.T) {
	infos, problems := luahost.Check(t.Context(), luahost.Options{Dir: "../../plugins"})
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	for _, i := range infos {
		if i.Name == "dice" && !i.Running || i.Name == "welcome" && i.Running {
			t.Errorf("%+v", i)
		}
	}
}

func TestOnlyTheseGlobalsRemain(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `
		bot.on("message", function(msg)
			local names = {}
			for k, v in pairs(_G) do names[#names + 1] = k end
			for _, lib in ipairs{"string", "table", "os", "coroutine", "utf8"} do
				for k in pairs(_G[lib]) do names[#names + 1] = lib .. "." .. k end
			end
			table.sort(names)
			msg:reply(table.concat(names, " "))
		end)`})
	s.mustLoad()
	want := "_G _GOPHER_LUA_VERSION _VERSION assert bot coroutine coroutine.create coroutine.resume coroutine.running coroutine.status coroutine.wrap coroutine.yield " +
		"error getmetatable ipairs math next os os.clock os.date os.difftime os.time pairs pcall print rawequal rawget rawset require select setmetatable " +
		"string string.byte string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match string.rep string.reverse string.sub string.upper " +
		"table table.concat table.getn table.insert table.maxn table.remove table.sort tonumber tostring type unpack utf8 utf8.char utf8.charpattern utf8.codepoint utf8.codes utf8.len utf8.offset xpcall"
	if got := s.say(s.message("hi")); len(got) != 1 || strings.TrimPrefix(got[0], "a reply ") != want {
		t.Errorf("globals:\n%q\nwant:\n%q", got, want)
	}
}
