package luahost_test

import (
	"context"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// sink takes actions and does nothing.
type sink struct{ world }

func (s *sink) Queue(context.Context, *event.Event, string, int, event.Action) (int64, error) {
	return 1, nil
}

func benchHost(b *testing.B, script string) (*luahost.Host, *event.Event) {
	b.Helper()
	s := &stage{}
	dir := b.TempDir()
	s.dir = dir
	w := &sink{world{settings: event.Settings{Prefixes: []string{"/"}, Location: time.UTC}}}
	h, err := luahost.New(luahost.Options{Dir: dir, World: w, Limits: luahost.Limits{Minute: 1 << 30}})
	if err != nil {
		b.Fatal(err)
	}
	writeFile(b, dir, "a.lua", head+script)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	b.Cleanup(func() { cancel(); <-done })
	if ps := h.Reload(ctx); len(ps) != 0 {
		b.Fatal(ps)
	}
	return h, (&stage{}).message("这个多少钱")
}

func BenchmarkNotConcerned(b *testing.B) {
	h, ev := benchHost(b, `bot.on("message", {contains = "价格"}, function(msg) msg:reply("x") end)`)
	b.ReportAllocs()
	for b.Loop() {
		h.On(b.Context(), ev)
	}
}

func BenchmarkReply(b *testing.B) {
	h, ev := benchHost(b, `bot.on("message", {contains = "多少钱"}, function(msg) msg:reply("你问" .. msg.text) end)`)
	b.ReportAllocs()
	for b.Loop() {
		h.On(b.Context(), ev)
	}
}
