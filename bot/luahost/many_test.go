package luahost_test

import (
	"fmt"
	"runtime"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// BenchmarkTwoHundredPlugins offers a message that concerns none of them, and
// reports what holding them takes.
func BenchmarkTwoHundredPlugins(b *testing.B) {
	dir := b.TempDir()
	for i := range 200 {
		name := fmt.Sprintf("p%03d", i)
		writeFile(b, dir, name+".lua", `bot.plugin { name = "`+name+`", version = "1", api = 1 }
			local function help(n) local t = {} for i = 1, n do t[i] = "行" .. i end return table.concat(t, "\n") end
			bot.command("指令`+name+`", {args = "[n:int]"}, function(msg, args) msg:reply(help(args.n or 3)) end)
			bot.on("message", {contains = "词`+name+`"}, function(msg) msg:reply("x") end)`)
	}
	w := &sink{world{settings: event.Settings{Prefixes: []string{"/"}}}}
	h, err := luahost.New(luahost.Options{Dir: dir, World: w})
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if ps := h.Reload(b.Context()); len(ps) != 0 {
		b.Fatal(ps)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	ev := (&stage{}).message("这个多少钱")
	b.ReportAllocs()
	for b.Loop() {
		h.On(b.Context(), ev)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
}
