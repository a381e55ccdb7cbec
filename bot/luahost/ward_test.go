package luahost_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// The hostile suite: scripts that try to stop, starve or bloat the daemon. Each must
// end by itself with the error named, while another plugin answers as ever.

const (
	// hostileRun is what a script gets that has to be stopped, amply what one gets
	// that ends by itself, on however busy a machine.
	hostileRun = 200 * time.Millisecond
	amply      = time.Minute
	// slack is how much later a thing may end than it would on a machine of its own;
	// what hangs takes longer.
	slack = 30 * time.Second
)

// hostile are bodies of a handler, and what the log must then say (a regular
// expression); "" is that the handler ends without an error.
var hostile = map[string]struct{ body, want string }{
	"loop":                    {`while true do end`, "without waiting"},
	"loop in pcall":           {`while true do pcall(function() while true do end end) end`, "without waiting"},
	"loop in nested pcall":    {`local function f() pcall(f) f() end while true do pcall(f) end`, "without waiting"},
	"loop in xpcall handler":  {`while true do xpcall(error, function() while true do end end) end`, "without waiting"},
	"loop of pcall of error":  {`while true do pcall(error, "x") end`, "without waiting"},
	"repeat with goto":        {`::a:: goto a`, "without waiting"},
	"endless iterator":        {`for _ in function() return 1 end do end`, "without waiting"},
	"metamethod loop":         {`local t = setmetatable({}, {__index = function() while true do end end}) return t.x`, "without waiting"},
	"tostring loop":           {`tostring(setmetatable({}, {__tostring = function() while true do end end}))`, "without waiting"},
	"loop in a coroutine":     {`coroutine.wrap(function() while true do end end)()`, "without waiting"},
	"loop of coroutines":      {`while true do pcall(coroutine.wrap(function() while true do end end)) end`, "without waiting"},
	"loop in a comparison":    {`table.sort({3, 2, 1, 4}, function() while true do end end)`, "without waiting"},
	"loop in gsub":            {`("abc"):gsub(".", function() while true do end end)`, "without waiting"},
	"error while over":        {`pcall(function() while true do end end) msg:reply("still here")`, "without waiting"},
	"sleep while over":        {`while true do xpcall(function() while true do end end, function() bot.sleep(1) end) end`, "without waiting"},
	"sort of many":            {`local t = {} for i = 1, 200000 do t[i] = (i * 7919) % 200003 end while true do table.sort(t) end`, "without waiting"},
	"sort of long texts":      {`local s = ("x"):rep(1000000) local t = {} for i = 1, 1000 do t[i] = s end while true do table.sort(t) end`, "without waiting"},
	"insert at the front":     {`local t = {} while true do table.insert(t, 1, 1) end`, "without waiting"},
	"concat over a far range": {`table.concat({}, "", 1, 1e9)`, "invalid value"},
	"upper of long texts":     {`local s = ("ä"):rep(500000) while true do s:upper() end`, "without waiting"},
	"find in long texts":      {`local s = ("x"):rep(1000000) while true do s:find("y", 1, true) end`, "without waiting"},

	"rep":                       {`("x"):rep(1e9)`, "more than"},
	"rep again and again":       {`local t = {} while true do t[#t + 1] = ("x"):rep(1000000) end`, "memory|without waiting"},
	"doubling":                  {`local s = "x" while true do s = s .. s end`, "longer than 1 MiB"},
	"doubling in pcall":         {`local s, t = "x", {} while true do if not pcall(function() s = s .. s end) then t[#t + 1] = s s = #t .. "x" end end`, "memory|without waiting"},
	"one long concatenation":    {`local s = ("x"):rep(1000000) local t = s` + strings.Repeat(" .. s", 150), "longer than 1 MiB"},
	"table.concat":              {`local s, t = ("x"):rep(1000000), {} for i = 1, 1000 do t[i] = s end table.concat(t)`, "longer than 1 MiB"},
	"gsub that grows":           {`local s = ("x"):rep(60000) s:gsub(".", s)`, "more than"},
	"format with width":         {`string.format("%999999d", 1)`, "width"},
	"format with star":          {`string.format("%*d", 10, 1)`, "invalid option"},
	"format of Go":              {`string.format("%#v", {})`, "invalid option"},
	"far index":                 {`local t = {} t[67108863] = 1 t[2^52] = 1 t[-1] = 1`, ""},
	"far indexes":               {`local k = {} while true do local t = {} t[262143] = 1 k[#k + 1] = t end`, "memory|without waiting"},
	"insert far":                {`table.insert({}, 67108860, 1)`, "out of bounds"},
	"tables in tables":          {`local t = {} while true do t = {t, {}, {}, {}} end`, "memory|without waiting"},
	"closures":                  {`local k = {} while true do local a, b, c = {}, {}, {} k[#k + 1] = function() return a, b, c end end`, "memory|without waiting"},
	"many keys":                 {`local t, i = {}, 0 while true do i = i + 1 t["k" .. i] = i end`, "memory|without waiting"},
	"unpack of a far range":     {`unpack({}, 1, 1e8)`, "overflow"},
	"many results":              {`local t = {} for i = 1, 100000 do t[i] = i end return unpack(t)`, "overflow|without waiting"},
	"recursion":                 {`local function f() return 1 + f() end f()`, "overflow"},
	"recursion of metamethods":  {`local t t = setmetatable({}, {__index = function(_, k) return t[k + 1] end}) return t[1]`, "overflow"},
	"recursion in gsub":         {`local function f() return (("x"):gsub(".", f)) end f()`, "overflow"},
	"recursion in concat":       {`local t t = setmetatable({}, {__concat = function() return t .. t end}) return t .. t`, "overflow"},
	"coroutine in coroutine":    {`local function f() coroutine.wrap(f)() end f()`, "too deep"},
	"coroutine bomb":            {`local k = {} while true do k[#k + 1] = coroutine.create(function() end) end`, "coroutines"},
	"coroutine bomb with pcall": {`local k = {} while true do pcall(function() k[#k + 1] = coroutine.wrap(function() coroutine.yield() end) k[#k]() end) end`, "without waiting"},
	"yield across pcall":        {`local co = coroutine.wrap(function() pcall(coroutine.yield, 1) error("went on") end) co() co()`, "went on"},
	"yield across sort":         {`coroutine.wrap(function() table.sort({3, 2, 1}, coroutine.yield) end)()`, "yield across"},
	"yield across gsub":         {`coroutine.wrap(function() ("abc"):gsub(".", function() coroutine.yield() end) end)()`, "yield across"},
	"yield outside":             {`coroutine.yield()`, "outside"},
	"resume of itself":          {`local co co = coroutine.create(function() assert(coroutine.resume(co)) end) assert(coroutine.resume(co))`, "non-suspended"},
	"resume of the call":        {`local me = coroutine.running() coroutine.wrap(function() assert(coroutine.resume(me)) end)()`, "non-suspended"},

	"catastrophic pattern":    {`local n = 30 (("a"):rep(n)):find(("a?"):rep(n) .. ("a"):rep(n) .. "b")`, "too long|without waiting"},
	"many stars":              {`local s = ("a"):rep(3000) while true do pcall(s.find, s, ".-.-.-.-b") end`, "without waiting"},
	"star on a long text":     {`(("a"):rep(60000)):find("a*b")`, "too long|without waiting"},
	"long text":               {`(("a"):rep(900000)):find(".-b")`, "patterns take at most"},
	"deep pattern":            {`(("x"):rep(400)):find(("(x"):rep(300))`, "too many captures"},
	"long set":                {`local s = ("b"):rep(60000) while true do pcall(s.find, s, "[" .. ("a"):rep(60000) .. "]") end`, "without waiting"},
	"back reference":          {`local s = ("a"):rep(60000) while true do pcall(s.find, s, "(.*)%1b") end`, "without waiting"},
	"quadratic gsub":          {`local s = ("a"):rep(60000) while true do pcall(s.gsub, s, "a-b", "") end`, "without waiting"},
	"gmatch":                  {`for _ in (("a"):rep(60000)):gmatch(".-b") do end`, "too long|without waiting"},
	"number of many digits":   {`local s = ("9"):rep(1000000) while true do tonumber(s) end`, "without waiting"},
	"poisoned text methods":   {`local mt = getmetatable("") if mt then mt.__index = nil end error("mt " .. tostring(mt))`, "mt false"},
	"poisoned event methods":  {`local mt = getmetatable(msg) if mt then mt.__index = nil end error("mt " .. tostring(mt))`, "mt false"},
	"metatable of a text":     {`setmetatable("x", {})`, "protected"},
	"assignment to an event":  {`msg.text = "x"`, "cannot be set"},
	"rawset on an event":      {`rawset(msg, "text", "x")`, "table expected"},
	"method of another type":  {`msg.reply(bot, "x")`, "expected"},
	"error of a table":        {`error({})`, "table"},
	"error of nil":            {`error(nil)`, "nil"},
	"huge error":              {`error(("x"):rep(1000000))`, "xxx"},
	"error that loops":        {`error(setmetatable({}, {__tostring = function() while true do end end}))`, "table"},
	"flood of log lines":      {`while true do print("x") end`, "without waiting"},
	"flood of replies":        {`while true do msg:reply("x") end`, "without waiting"},
	"flood of timers":         {`while true do bot.after(1000, print) end`, "timers"},
	"values that repeat":      {`local t = {} for i = 1, 40 do t = {t, t} end bot.json.encode(t)`, "too deep|too much"},
	"values many times over":  {`local t = {} for i = 1, 5 do t = {t, t, t, t, t, t, t, t, t, t} end bot.json.encode(t)`, "too much"},
	"texts that repeat":       {`local s, t = ("x"):rep(1000000), {} for i = 1, 1000 do t[i] = s end bot.json.encode(t)`, "too much"},
	"conditions that repeat":  {`local t = {} for i = 1, 30 do t = {t, t} end bot.state.x = t`, ""},
	"folding a long text":     {`bot.text.fold(("ﷺ"):rep(300000))`, "at most"},
	"decoding":                {`local s = "[" .. ("[],"):rep(30000) .. "[]]" while true do bot.json.decode(s) end`, "without waiting|memory"},
	"decoding many values":    {`local v, err = bot.json.decode("[" .. ("[],"):rep(300000) .. "[]]") error(err)`, "too much data"},
	"a long text with commas": {`local v = assert(bot.json.decode('["' .. (","):rep(300000) .. '"]')) assert(#v[1] == 300000)`, ""},
	"expansion":               {`bot.text.expand(("${a}"):rep(200000), {a = ("x"):rep(1000000)})`, "longer than"},
	"escapes in an expansion": {`local s = ("$${"):rep(300000) while true do bot.text.expand(s, {}) end`, "without waiting"},
	"many words":              {`local t = {} for i = 1, 100000 do t[i] = "w" .. i end while true do bot.text.contains(("x"):rep(60000), t) end`, "without waiting"},
	"folding":                 {`local s = ("ﷺ"):rep(20000) while true do bot.text.fold(s) end`, "without waiting"},
	"splitting":               {`local s = ("a,"):rep(500000) while true do bot.text.split(s, ",") end`, "without waiting|memory"},
	"characters":              {`local s = ("字"):rep(300000) while true do bot.text.chars(s) end`, "without waiting|memory"},
	"long answer":             {`msg:reply(("x"):rep(1000000))`, "more than"},
	"flood of notices":        {`while true do bot.admin("x") end`, "without waiting"},
	"files":                   {`io.open("/etc/passwd")`, "attempt to index a non-table object\\(nil\\)"},
	"processes":               {`os.execute("true")`, "attempt to call a non-function"},
	"environment":             {`os.getenv("HOME")`, "attempt to call a non-function"},
	"the host's stack":        {`debug.traceback()`, "attempt to index a non-table object\\(nil\\)"},
	"bytecode":                {`loadstring("\27Lua")`, "attempt to call a non-function"},
	"modules of the machine":  {`require("os")`, "has no modules"},
}

// ward is a host with a hostile plugin and one that answers ping.
type ward struct {
	host  *luahost.Host
	world *world
	dir   string
	mu    sync.Mutex
	log   bytes.Buffer
}

func (w *ward) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

func (w *ward) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func newWard(t *testing.T, run time.Duration, script string) *ward {
	t.Helper()
	w := &ward{world: &world{keys: map[string]bool{}, settings: event.Settings{Prefixes: []string{"/"}, Location: time.UTC}}, dir: t.TempDir()}
	for name, text := range map[string]string{
		"bad.lua":  script,
		"good.lua": `bot.plugin { name = "good", version = "1", api = 1 } bot.on("message", {exact = "ping"}, function(msg) msg:reply("pong") end)`,
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, err := luahost.New(luahost.Options{
		Dir: w.dir, DataDir: filepath.Join(w.dir, "data"), World: w.world, Logger: zerolog.New(w), Limits: luahost.Limits{Run: run},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.host = h
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		began := time.Now()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(began); took > slack {
			t.Errorf("the host took %s to stop", took)
		}
	})
	return w
}

func (w *ward) message(id, text string) *event.Event {
	return &event.Event{
		ID: id, Kind: event.KindMessage, Time: time.Now(), Chat: event.Chat{Kind: event.ChatPrivate, Key: "p1"},
		Sender: event.Person{Key: "p1", Nickname: "甲"}, Message: &event.Message{Type: event.TypeText, Raw: text, Text: text, Mentioned: true},
	}
}

func TestHostileHandlersEndAndOthersAnswer(t *testing.T) {
	for name, tt := range hostile {
		t.Run(name, func(t *testing.T) { endures(t, tt.body, tt.want) })
	}
}

// endures offers an event to a handler of this body, while another plugin answers.
func endures(t *testing.T, body, want string) {
	t.Helper()
	run := amply
	if strings.Contains(want, "without waiting") {
		run = hostileRun
	}
	w := newWard(t, run, `bot.plugin { name = "bad", version = "1", api = 1 }
		bot.on("message", {exact = "go"}, function(msg) `+body+` end)`)
	for _, p := range w.host.Reload(t.Context()) {
		t.Fatalf("not loaded: %s", p)
	}
	done := make(chan time.Duration, 1)
	began := time.Now()
	var calls sync.WaitGroup
	calls.Go(func() {
		w.host.On(t.Context(), w.message("bad", "go"))
		done <- time.Since(began)
	})
	defer calls.Wait()
	if w.host.On(t.Context(), w.message("good", "ping")) == event.Unclaimed {
		t.Error("the other plugin did not answer")
	}
	if took := time.Since(began); took > slack {
		t.Errorf("the other plugin answered after %s", took)
	}
	if took := <-done; took > hostileRun+slack {
		t.Errorf("ended after %s", took)
	}
	w.settleBad(t)
	if got := w.logged(); want == "" && strings.Contains(got, "handler failed") || !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("log %.400q, want %q", got, want)
	}
	if got := w.logged(); len(got) > 20_000 {
		t.Errorf("%d bytes of log", len(got))
	}
	if got := w.world.take(); !slices.Contains(got, "good reply pong") || len(got) > 11 {
		t.Errorf("queued %d: %.200q", len(got), got)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 128<<20 {
		t.Errorf("%d MB are held afterwards", m.HeapAlloc>>20)
	}
}

// Nobody waits for a plugin that is at it still.
func TestOthersAnswerWhileOneIsAtIt(t *testing.T) {
	w := newWard(t, amply, `bot.plugin { name = "bad", version = "1", api = 1 }
		bot.on("message", {exact = "go"}, function(msg) bot.admin("at it") end)`)
	for _, p := range w.host.Reload(t.Context()) {
		t.Fatalf("not loaded: %s", p)
	}
	begun, release := make(chan struct{}), make(chan struct{})
	w.world.notified = func() { close(begun); <-release }
	var calls sync.WaitGroup
	defer calls.Wait()
	defer close(release)
	calls.Go(func() { w.host.On(t.Context(), w.message("bad", "go")) })
	answered := make(chan event.Claim, 1)
	calls.Go(func() {
		<-begun
		answered <- w.host.On(t.Context(), w.message("good", "ping"))
	})
	select {
	case claim := <-answered:
		if claim == event.Unclaimed {
			t.Error("the other plugin did not answer")
		}
	case <-time.After(slack):
		t.Error("the other plugin waits")
	}
}

// settleBad waits until a handler that claimed its event has ended: its plugin
// answers again.
func (w *ward) settleBad(t *testing.T) {
	t.Helper()
	began := time.Now()
	w.host.On(t.Context(), w.message("again", "nothing of interest"))
	if _, err := w.host.Call(t.Context(), luahost.Calling{Name: "bad.none"}); err == nil {
		t.Error("a function that is not exported was called")
	}
	for !w.idle() && time.Since(began) < hostileRun+slack {
		<-time.After(time.Millisecond)
	}
}

// idle tells whether an unchanged reload finds the run lock free.
func (w *ward) idle() bool { return w.host.Busy() == 0 }

func TestHostileSourcesAreRefusedInTime(t *testing.T) {
	n := 100_000
	for name, tt := range map[string]struct{ text, want string }{
		"sum":           {"x = a" + strings.Repeat("+a", n), "nested"},
		"concatenation": {"local a = '' local x = a" + strings.Repeat("..a", 20_000), ""},
		"parentheses":   {"x = " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n), ""}, // the parser folds them
		"tables":        {"x = " + strings.Repeat("{", n) + strings.Repeat("}", n), "nested"},
		"not":           {"x = " + strings.Repeat("not ", n/2) + "1", "nested"},
		"minus":         {"x = " + strings.Repeat("- ", n) + "1", "nested"},
		"functions":     {strings.Repeat("function f() ", n/10) + strings.Repeat("end ", n/10), "nested"},
		"blocks":        {strings.Repeat("do ", n/10) + strings.Repeat("end ", n/10), "nested"},
		"ifs":           {"if x then" + strings.Repeat(" elseif x then", n/20) + " end", "nested"},
		"fields":        {"x = a" + strings.Repeat(".b", n), "nested"},
		"calls":         {"a" + strings.Repeat("()", n), "nested"},
		"power":         {"x = 1" + strings.Repeat("^1", n), "nested"},
		"and":           {"x = a" + strings.Repeat(" and a", n/4), "nested"},
		"too big":       {strings.Repeat("-", 300<<10), "bytes"},
		"no text":       {"\x1bLua\x51\x00\x01\x04", "bad.lua:1"},
		"locals":        {strings.Repeat("local a = 1 ", 5000), "bad.lua"},
		"loop":          {"while true do end", "without waiting"},
		"memory":        {"local t = {} while true do t = {t, {}, {}, {}} end", "memory"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t, hostileRun, tt.text)
			began := time.Now()
			problems := w.host.Reload(t.Context())
			if took := time.Since(began); took > slack {
				t.Errorf("took %s", took)
			}
			if tt.want == "" && len(problems) > 0 || tt.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want)) {
				t.Errorf("problems %.300v, want %q", problems, tt.want)
			}
			if w.host.On(t.Context(), w.message("good", "ping")) == event.Unclaimed {
				t.Error("the other plugin did not answer")
			}
		})
	}
}

func TestHostileEndsDoNotHoldUpTheHost(t *testing.T) {
	for name, body := range map[string]string{
		"unload handler that loops":      `bot.on("unload", function() while true do end end)`,
		"unload handler that sleeps":     `bot.on("unload", function() bot.sleep("1h") end)`,
		"timer that loops":               `bot.every(1, function() while true do end end)`,
		"handler that sleeps again":      `bot.on("message", function() while true do pcall(bot.sleep, 3600) end end)`,
		"handler that sleeps in xpcall":  `bot.on("message", function() while true do xpcall(bot.sleep, bot.sleep, 3600) end end)`,
		"handler that sleeps for an eye": `bot.on("message", function() while true do bot.sleep(0) end end)`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t, hostileRun, `bot.plugin { name = "bad", version = "1", api = 1 } `+body)
			for _, p := range w.host.Reload(t.Context()) {
				t.Fatalf("not loaded: %s", p)
			}
			w.host.On(t.Context(), w.message("m", "hi"))
			if w.host.On(t.Context(), w.message("good", "ping")) == event.Unclaimed {
				t.Error("the other plugin did not answer")
			}
		}) // the clean-up tells whether the host stops in time
	}
}

// What a plugin keeps from call to call is bounded too: one that hoards is started
// anew, and answers.
func TestHoardingPluginIsStartedAnew(t *testing.T) {
	w := newWard(t, hostileRun, `bot.plugin { name = "bad", version = "1", api = 1 }
		local kept = {}
		bot.on("message", {exact = "go"}, function(msg) for i = 1, 10 do kept[#kept + 1] = ("x"):rep(1000000) .. #kept end end)
		bot.on("message", {exact = "count"}, function(msg) msg:reply(tostring(#kept)) end)`)
	for _, p := range w.host.Reload(t.Context()) {
		t.Fatalf("not loaded: %s", p)
	}
	began := time.Now()
	for !strings.Contains(w.logged(), "started anew") {
		if time.Since(began) > slack {
			t.Fatalf("not started anew\n%s", w.logged())
		}
		w.host.On(t.Context(), w.message(fmt.Sprint(time.Since(began)), "go"))
		w.world.take()
		<-time.After(10 * time.Millisecond)
	}
	for w.host.Busy() > 0 && time.Since(began) < slack {
		<-time.After(time.Millisecond)
	}
	w.host.Reload(t.Context()) // waits for the new version
	w.host.On(t.Context(), w.message("last", "count"))
	if got := w.world.take(); len(got) != 1 || len(got[0]) > len("bad reply 99") {
		t.Errorf("got %q", got)
	}
}

// A coroutine is one thread: two calls of a plugin that wait must not enter it
// both, since the interpreter's stack would be broken.
func TestCoroutineIsNotEnteredTwice(t *testing.T) {
	w := newWard(t, hostileRun, `bot.plugin { name = "bad", version = "1", api = 1 }
		local co = coroutine.create(function() bot.sleep("100ms") return "done" end)
		bot.on("message", {exact = "one"}, function(msg) msg:reply(tostring(select(2, coroutine.resume(co)))) end)
		bot.on("message", {exact = "two"}, function(msg) msg:reply(coroutine.status(co) .. " " .. tostring(select(2, coroutine.resume(co)))) end)`)
	for _, p := range w.host.Reload(t.Context()) {
		t.Fatalf("not loaded: %s", p)
	}
	w.host.On(t.Context(), w.message("1", "one")) // returns when it sleeps
	w.host.On(t.Context(), w.message("2", "two"))
	w.settleBad(t)
	if got, want := w.world.take(), []string{"bad reply normal cannot resume non-suspended coroutine", "bad reply done"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q\n%s", got, want, w.logged())
	}
}
