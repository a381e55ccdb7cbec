package luahost_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
	"wxbot/bot/store"
)

// shelf is a stage whose plugins keep their tables on disk. Die ends it as a kill
// would: what is not committed then is lost.
type shelf struct {
	*stage
	store *store.Store
	dir   string
}

func newShelf(t *testing.T, dir, script string) *shelf {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	s := &stage{t: t, dir: t.TempDir(), world: &world{keys: map[string]bool{}, settings: event.Settings{Prefixes: []string{"/"}, Location: time.UTC}}}
	s.write("a.lua", head+script)
	s.host, err = luahost.New(luahost.Options{Dir: s.dir, World: s.world, Tables: st, Limits: luahost.Limits{Run: amply}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.host.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	s.mustLoad()
	return &shelf{s, st, dir}
}

func TestKVValuesComeBackAsTheyWere(t *testing.T) {
	for name, tt := range map[string]struct{ set, get, want string }{
		"number":              {`1.5`, `v + 1`, "2.5"},
		"large number":        {`2^60`, `v == 2^60`, "true"},
		"text of any bytes":   {`"a\0\255字"`, `v == "a\0\255字"`, "true"},
		"empty text":          {`""`, `v == ""`, "true"},
		"booleans":            {`{yes = true, no = false}`, `tostring(v.yes) .. tostring(v.no)`, "truefalse"},
		"false":               {`false`, `v == false`, "true"},
		"list":                {`{"a", "b", {"c"}}`, `#v .. v[2] .. v[3][1]`, "3bc"},
		"numbers as keys":     {`{[5] = "five", [-1] = "minus", [1.5] = "half"}`, `v[5] .. v[-1] .. v[1.5]`, "fiveminushalf"},
		"texts as keys":       {`{["5"] = "text", [5] = "number"}`, `v["5"] .. v[5]`, "textnumber"},
		"list with holes":     {`{1, nil, 3}`, `tostring(v[2]) .. v[3]`, "nil3"},
		"empty table":         {`{}`, `type(v) .. tostring(next(v))`, "tablenil"},
		"nil deletes":         {`nil`, `v == nil`, "true"},
		"deep":                {`(function() local t = 1 for i = 1, 30 do t = {t} end return t end)()`, `type(v[1][1][1])`, "table"},
		"the default":         {`nil`, `bot.kv:get("k", "default")`, "default"},
		"a copy is kept":      {`(function() t = {1} return t end)()`, `(function() t[1] = 2 return v[1] end)()`, "1"},
		"a copy is given":     {`{1}`, `(function() v[1] = 2 return bot.kv:get("k")[1] end)()`, "1"},
		"read by a coroutine": {`"x"`, `coroutine.wrap(function() return bot.kv:get("k") end)()`, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, t.TempDir(), `
				bot.on("message", {exact = "set"}, function(msg) assert(bot.kv:set("k", `+tt.set+`)) local v = bot.kv:get("k") msg:reply(tostring(`+tt.get+`)) end)
				bot.on("message", {exact = "get"}, function(msg) local v = bot.kv:get("k") msg:reply(tostring(`+tt.get+`)) end)`)
			for _, say := range []string{"set", "get"} { // as gathered, and as stored
				if got := s.say(s.message(say)); len(got) != 1 || got[0] != "a reply "+tt.want {
					t.Errorf("%s: %q, want %q; notices %q", say, got, tt.want, s.world.notices)
				}
			}
		})
	}
}

func TestKVCountsWalksAndExpires(t *testing.T) {
	s := newShelf(t, t.TempDir(), `
		local kv = bot.kv
		bot.on("message", {exact = "go"}, function(msg)
			local out = {}
			local function say(...) for i = 1, select("#", ...) do out[#out + 1] = tostring((select(i, ...))) end end
			say(kv:incr("n"), kv:incr("n", 2), kv:incr("m", 1, 10), kv:incr("m", -1))
			kv:set("text", "x")
			say(kv:incr("text"))
			for i = 1, 250 do kv:set(("p:%03d"):format(i), i) end
			local n, last = 0, ""
			for k, v in kv:each("p:") do
				assert(k > last and k == ("p:%03d"):format(v), k)
				n, last = n + 1, k
				if v % 2 == 0 then kv:delete(k) end
				if v == 100 then kv:delete("p:101") bot.sleep(0) end
			end
			say(n, kv:count("p:"), kv:count(), kv:count("none"))
			kv:delete("p:001") kv:set("p:002", "again")
			for k, v in kv:each("p:00") do say(k, v) end
			kv:set("ttl", 1, "1h")
			kv:delete("n")
			say(kv:get("n"), kv:incr("n", 5))
			msg:reply(table.concat(out, " "))
		end)`)
	s.host.On(t.Context(), s.message("go"))
	for s.host.Busy() > 0 {
		<-time.After(time.Millisecond)
	}
	want := "a reply 1 3 11 10 nil not a number 249 124 127 0 p:002 again p:003 3 p:005 5 p:007 7 p:009 9 nil 5"
	if got := s.world.take(); !slices.Equal(got, []string{want}) {
		t.Errorf("got  %q\nwant %q\nnotices %q", got, want, s.world.notices)
	}
	for key, want := range map[string]any{"m": 10.0, "n": 5.0, "ttl": 1.0} {
		if e, ok, err := s.store.KVGet(t.Context(), "a", key, time.Now()); !ok || err != nil || e.Value != want {
			t.Errorf("%s on disk: %v, %t, %v, want %v", key, e.Value, ok, err, want)
		}
	}
	if _, ok, _ := s.store.KVGet(t.Context(), "a", "ttl", time.Now().Add(61*time.Minute)); ok {
		t.Error("ttl is there after an hour")
	}
}

func TestKVIsFullAtItsQuotas(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"keys":  {`local ok, why local n = 0 for i = 1, 300 do ok, why = bot.kv:set("new" .. i, 1) if not ok then break end n = n + 1 end msg:reply(n .. " " .. tostring(why))`, "a reply 100 full"},
		"bytes": {`local v = ("x"):rep(100000) local ok, why local n = 0 for i = 1, 100 do ok, why = bot.kv:set("big" .. i, v) if not ok then break end n = n + 1 end msg:reply(n .. " " .. tostring(why))`, "a reply 20 full"},
		"room again": {
			`local v = ("x"):rep(100000) for i = 1, 20 do assert(bot.kv:set("big" .. i, v)) end assert(not bot.kv:set("more", v))
			bot.kv:delete("big1") assert(bot.kv:set("more", v)) assert(bot.kv:set("big2", "short")) msg:reply("ok")`, "a reply ok",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, t.TempDir(), `bot.on("message", {exact = "go"}, function(msg) `+tt.script+` end)`)
			b := event.TableBatch{Plugin: "a", Now: time.Now()}
			for i := range 20_000 - 100 {
				w := event.TableWrite{Key: fmt.Sprintf("old%05d", i), Value: 1.0}
				if i < 300 {
					w.Value = make([]byte, 100_000)
				}
				if i >= 19_000 { // these have expired
					w.Expires = time.Now().Add(-time.Hour)
				}
				b.Writes = append(b.Writes, w)
			}
			for i := 0; name != "keys" && i < 12; i++ {
				b.Writes = append(b.Writes, event.TableWrite{Key: fmt.Sprint("fill", i), Value: make([]byte, 100_000)})
			}
			if name == "keys" {
				for i := range 900 {
					b.Writes = append(b.Writes, event.TableWrite{Key: fmt.Sprint("more", i), Value: 1.0})
				}
			}
			if err := s.store.KVCommit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if got := s.say(s.message("go")); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("got %q, want %q; notices %q", got, tt.want, s.world.notices)
			}
		})
	}
}

// An event whose handlers ran and was not done is handled again after a kill: what
// they had written is not written twice.
func TestKVIsExactOverAKill(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		again  bool // the event is handled again
		want   float64
	}{
		"observer":               {`bot.observe("message", function() bot.kv:incr("n") end)`, true, 1},
		"filter":                 {`bot.filter(function() bot.kv:incr("n") end)`, true, 1},
		"handler that passes on": {`bot.on("message", function() bot.kv:incr("n") end)`, true, 1},
		"two observers":          {`for i = 1, 2 do bot.observe("message", function() bot.kv:incr("n") end) end`, true, 2},
		"observer that fails":    {`bot.observe("message", function() bot.kv:incr("n") error("x") end)`, true, 1},
		"many writes":            {`bot.observe("message", function() for i = 1, 1201 do bot.kv:set("k" .. i, 1) end bot.kv:incr("n") end)`, true, 1},
		"handler that takes it":  {`bot.on("message", function() bot.kv:incr("n") return true end)`, false, 1},
		"command":                {`bot.command("hi", {}, function() bot.kv:incr("n") end)`, false, 1},
		"handler that sleeps":    {`bot.on("message", function() bot.kv:incr("n") bot.sleep("1h") bot.kv:incr("n") end)`, false, 1},
		"exported function":      {`bot.export("f", function() bot.kv:incr("n") end)`, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newShelf(t, dir, tt.script)
			ev := s.message("hi")
			if _, err := s.store.Commit(t.Context(), nil, []event.Event{*ev}); err != nil {
				t.Fatal(err)
			}
			s.say(ev)
			if strings.Contains(tt.script, "sleep") {
				s.awaitKept("n") // written while the handler begins to wait
			}
			if strings.Contains(tt.script, "export") {
				if _, err := s.host.Call(t.Context(), luahost.Calling{Event: ev, Name: "a.f"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.store.Close(); err != nil {
				t.Fatal(err)
			}
			s = newShelf(t, dir, tt.script)
			left, err := s.store.Unfinished(t.Context(), "", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if (len(left) == 1) != tt.again {
				t.Errorf("%d events are handled again, want %t", len(left), tt.again)
			}
			for _, e := range left {
				s.say(&e.Event)
				if strings.Contains(tt.script, "export") {
					_, _ = s.host.Call(t.Context(), luahost.Calling{Event: &e.Event, Name: "a.f"})
				}
			}
			if e, _, err := s.store.KVGet(t.Context(), "a", "n", time.Now()); err != nil || e.Value != tt.want {
				t.Errorf("counted %v, %v, want %v; notices %q", e.Value, err, tt.want, s.world.notices)
			}
		})
	}
}

func TestKVIsKeptAtUnload(t *testing.T) {
	s := newShelf(t, t.TempDir(), `bot.on("load", function() bot.kv:set("loaded", 1) end) bot.on("unload", function() bot.kv:set("left", 1) end)`)
	s.write("a.lua", head)
	s.mustLoad()
	for _, key := range []string{"loaded", "left"} {
		if _, ok, err := s.store.KVGet(t.Context(), "a", key, time.Now()); !ok || err != nil {
			t.Errorf("%s: %t, %v", key, ok, err)
		}
	}
}

func TestKVIsRefusedWhileLoading(t *testing.T) {
	s := newStage(t, map[string]string{"a.lua": head + `bot.kv:set("x", 1)`})
	if ps := s.load(); len(ps) != 1 || !strings.Contains(ps[0].Text.String(), "kv:set: not while the plugin is being loaded") {
		t.Errorf("problems %v", ps)
	}
}

// awaitKept waits until a key has been written.
func (s *shelf) awaitKept(key string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if _, ok, err := s.store.KVGet(ctx, "a", key, time.Now()); err != nil || ok {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.t.Fatalf("%s was never written", key)
		}
	}
}
