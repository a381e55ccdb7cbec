package bot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

// BenchmarkReload measures `wxbot reload` over the socket, of 1,000 rules and 20
// plugins of which a rule and a plugin have changed each time. It is to take less
// than 100 ms.
func BenchmarkReload(b *testing.B) {
	const rules, plugins = 1000, 20
	srv, err := wxtest.Start(wxtest.Config{Lenient: true})
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	dir, err := os.MkdirTemp("", "wxbot-reload-") //nolint:usetesting // a path under b.TempDir is too long for a socket
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	ruleFile := func(n int) {
		var s strings.Builder
		fmt.Fprintf(&s, "settings: {pace: off, timezone: UTC, notify: []}\nrules:\n")
		for i := range rules {
			fmt.Fprintf(&s, "  - name: rule %d\n    contains: [关键词%d, word%d, 价格%d]\n    reply: \"答案 %d，${sender}\"\n", i, i, i, i, i*n)
		}
		write("rules.yaml", s.String())
	}
	plugin := func(i, n int) {
		write(fmt.Sprintf("plugins/p%02d.lua", i), fmt.Sprintf(`
bot.plugin {name = "p%02d", version = "1.0.%d", api = 1}
local words = {}
for i = 1, 100 do words[i] = "word" .. i end
bot.command("命令%d", {}, function(msg) msg:reply(words[%d]) end)
bot.on("message", {contains = "词%d"}, function(msg) msg:reply("好") end)
`, i, n, i, n%100+1, i))
	}
	if err := os.Mkdir(filepath.Join(dir, "plugins"), 0o700); err != nil {
		b.Fatal(err)
	}
	ruleFile(1)
	for i := range plugins {
		plugin(i, 0)
	}
	opts := bot.Options{Config: bot.Config{
		State: filepath.Join(dir, "state"), Server: srv.URL(), Mode: bot.ModeWeb, Socket: filepath.Join(dir, "s"),
		Rules: filepath.Join(dir, "rules.yaml"), Plugins: filepath.Join(dir, "plugins"),
	}}
	stop := runBot(b, opts)
	defer stop()
	c := control.NewClient(opts.Config.Socket)
	for n := 1; ; n++ {
		st, err := c.Status(b.Context())
		if err == nil && st.Rules == rules && len(st.Plugins) == plugins {
			break
		}
		if n > 1_000_000 {
			b.Fatalf("not loaded: %v, %d rules, %d plugins", err, st.Rules, len(st.Plugins))
		}
	}
	n := 1
	for b.Loop() {
		b.StopTimer()
		n++
		ruleFile(n)
		plugin(n%plugins, n)
		b.StartTimer()
		if err := c.Reload(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
