package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot/luahost"
)

const optionsPlugin = `bot.plugin { name = "w", version = "1", api = 1, config = {
  key = { type = "string", required = true, secret = true, about = "从哪里来\n第二行" },
  city = { type = "string", default = "北京", about = "默认城市" },
  n = { type = "integer", default = 2, min = 1, max = 6 },
  wait = { type = "duration", default = "10m" },
  groups = { type = "list", required = true },
  unit = { type = "enum", values = {"c", "f"}, default = "c" },
} }
bot.command("w", function(msg) msg:reply(bot.config.city .. bot.config.wait) end)
`

func TestPluginConfigPrintsOptionsAsPluginsYAML(t *testing.T) {
	dir := filepath.Dir(write(t, "w.lua", optionsPlugin))
	r := runBinary(t, nil, "plugin", "config", "w", "--plugins", dir)
	const want = `plugins:
  w:
    # config:
      # 默认城市
      # string, default 北京
      # city: 北京
      # list, required, not set
      # groups:
      # 从哪里来
      # 第二行
      # string, required, not set, secret
      # key:
      # integer, from 1 to 6, default 2
      # n: 2
      # enum, one of c f, default c
      # unit: c
      # duration, default 10m
      # wait: 10m
`
	if r.code != exitOK || r.out != want {
		t.Errorf("exit code %d, got\n%s%swant\n%s", r.code, r.out, r.errOut, want)
	}
	writeIn(t, dir, "plugins.yaml", "plugins:\n  w: {config: {key: sesame99, city: \"a: b\", groups: [甲, \"#乙\"]}}\n")
	r = runBinary(t, nil, "plugin", "config", "w", "--plugins", dir)
	for _, want := range []string{"    config:\n", "      city: \"a: b\"\n", "      groups: [甲, \"#乙\"]\n", "required, secret\n", "# key: it is set, and not shown\n"} {
		if r.code != exitOK || !strings.Contains(r.out, want) || strings.Contains(r.out, "sesame") {
			t.Errorf("exit code %d, output lacks %q, or shows the secret:\n%s%s", r.code, want, r.out, r.errOut)
		}
	}
	// What it prints is a plugins.yaml, once the secret is in it again.
	writeIn(t, dir, "plugins.yaml", r.out+"      key: sesame99\n")
	if r := runBinary(t, nil, "check", "--strict", "--plugins", dir); r.code != exitOK {
		t.Errorf("check: exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	r = runBinary(t, nil, "plugin", "config", "w", "--json", "--plugins", dir)
	var got []luahost.Option
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != 6 || got[2].Name != "key" || !got[2].Set || got[2].Value != nil || *got[3].Max != 6 {
		t.Errorf("%v in\n%s", err, r.out)
	}
}

func TestPluginConfigTellsWhatIsWrong(t *testing.T) {
	dir := filepath.Dir(write(t, "w.lua", optionsPlugin))
	writeIn(t, dir, "bad.lua", "bot.plugin { name = \"bad\", api = 1,\n config = { x = { type = \"text\" } } }\n")
	for _, c := range []struct{ name, want string }{
		{"v", `there is no plugin "v"`},
		{"bad", `config.x: unknown type "text", want one of string`},
		{"", "which plugin?"},
	} {
		r := runBinary(t, nil, "plugin", "config", c.name, "--plugins", dir)
		if r.code == exitOK || !strings.Contains(r.errOut, c.want) {
			t.Errorf("%s: exit code %d, %q, want %q", c.name, r.code, r.errOut, c.want)
		}
	}
}
