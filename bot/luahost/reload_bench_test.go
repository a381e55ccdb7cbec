package luahost_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// BenchmarkReloadOne reloads one changed plugin of twenty, from the look at the
// directory to the new version in force.
func BenchmarkReloadOne(b *testing.B) {
	dir := b.TempDir()
	for i := range 19 {
		name := fmt.Sprintf("p%02d", i)
		writeFile(b, dir, name+".lua", `bot.plugin { name = "`+name+`", version = "1", api = 1 }
			bot.on("message", {contains = "词`+name+`"}, function(msg) msg:reply("x") end)`)
	}
	h, err := luahost.New(luahost.Options{Dir: dir, World: &sink{world{settings: event.Settings{Prefixes: []string{"/"}}}}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	b.Cleanup(func() { cancel(); <-done })
	n := 0
	for b.Loop() {
		n++
		b.StopTimer()
		writeFile(b, dir, "a.lua", fmt.Sprintf("%sbot.state.n = %d\nbot.on('message', function(msg) msg:reply('x') end)", head, n))
		b.StartTimer()
		if ps := h.Reload(ctx); len(ps) != 0 {
			b.Fatal(ps)
		}
	}
}

// BenchmarkFiveHundredDialogues reports what 500 people who were asked something take.
func BenchmarkFiveHundredDialogues(b *testing.B) {
	for b.Loop() {
		h, _ := benchHost(b, `bot.on("message", function(msg) msg:ask("怎么称呼你？", {timeout = "1h"}) end)`)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := &stage{}
		for i := range 500 {
			ev := s.message("你好")
			ev.Sender.Key = fmt.Sprintf("p%d", i)
			ev.Chat.Key = ev.Sender.Key
			h.On(b.Context(), ev)
		}
		for h.Waiting() < 500 {
			<-time.After(time.Millisecond)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse)/1e6, "MB")
	}
}

// counter is a world that counts what is queued.
type counter struct {
	world
	n atomic.Int64
}

func (c *counter) Queue(context.Context, *event.Event, string, int, event.Action) (int64, error) {
	return c.n.Add(1), nil
}

// Messages that come while the plugin is loaded anew, a thousand times, are answered
// all, and none twice.
func TestNoMessageIsLostOverAThousandReloads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := &counter{world: world{settings: event.Settings{Prefixes: []string{"/"}}}}
	h, err := luahost.New(luahost.Options{Dir: dir, World: w, Limits: luahost.Limits{Minute: 1 << 30}})
	if err != nil {
		t.Fatal(err)
	}
	version := func(n int) {
		writeFile(t, dir, "a.lua", fmt.Sprintf(`%sbot.on("load", function() bot.state.n = (bot.state.n or 0) + 1 end)
bot.on("message", function(msg) if %d > 0 then msg:reply("x") end end)`, head, n))
	}
	version(1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	if ps := h.Reload(ctx); len(ps) != 0 {
		t.Fatal(ps)
	}
	const talkers, each = 4, 8
	messages := make(chan struct{}, each) // to be said, some for each reload
	ended := make(chan int64, talkers)
	for i := range talkers {
		go func() {
			s := &stage{n: i * 1_000_000}
			offered := int64(0)
			for range messages {
				if h.On(ctx, s.message("hi")) == event.Unclaimed {
					t.Error("a message was not taken")
				}
				offered++
			}
			ended <- offered
		}()
	}
	for n := range 1000 {
		for range each {
			messages <- struct{}{}
		}
		version(n + 2)
		if ps := h.Reload(ctx); len(ps) != 0 {
			t.Fatal(ps)
		}
	}
	close(messages)
	offered := int64(0)
	for range talkers {
		offered += <-ended
	}
	if got := w.n.Load(); got != offered || offered != 1000*each {
		t.Errorf("%d answers to %d messages", got, offered)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
