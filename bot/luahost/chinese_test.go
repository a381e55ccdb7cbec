package luahost_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

// Mistakes in plugins.yaml, and what ends a plugin, are told in Chinese as well; what
// Lua says of a script stays as it is.
func TestProblemsOfPluginsInChinese(t *testing.T) {
	t.Parallel()
	const weather = `bot.plugin{name = "weather", config = {
	key = {type = "string", secret = true, required = true},
	every = {type = "integer", default = 5, min = 1},
}}`
	for name, tt := range map[string]struct{ lua, yaml, want string }{
		"unknown key":     {weather, "plugin:\n  weather: {}\n", "plugins.yaml:1：没有“plugin”这个键（是不是想写“plugins”？）"},
		"unknown setting": {weather, "plugins:\n  weather: {enable: true}\n", "没有“enable”这个键（是不是想写“enabled”？）"},
		"limit":           {weather, "limits: {run: 1h}\n", "run 要写不超过 10s 的时长"},
		"grant":           {weather, "plugins:\n  weather: {grant: {http: [api.lan]}, config: {key: secretkey}}\n", "插件 weather：插件 weather 没有申请访问主机 api.lan"},
		"needs config":    {weather, "", "weather.lua：插件 weather：未启用（还没有填写必填的配置：key）"},
		"no such option":  {weather, "plugins:\n  weather: {config: {keys: x}}\n", "插件 weather 没有“keys”这个选项，是不是想写“key”？"},
		"wrong type":      {weather, "plugins:\n  weather: {config: {key: secretkey, every: often}}\n", "插件 weather 的选项 every：“often”不是整数"},
		"too small":       {weather, "plugins:\n  weather: {config: {key: secretkey, every: 0}}\n", "插件 weather 的选项 every：0 小于最小值 1"},
		"no variable":     {weather, "plugins:\n  weather: {config: {key: \"${env:KEY}\"}}\n", "选项 key：${env:KEY}：没有设置这个环境变量"},
		"runs on":         {`while true do end`, "limits: {run: 50ms}\n", "weather.lua:1：插件 weather：连续运行超过"},
		"of Lua":          {`nothing()`, "", "weather.lua:1：插件 weather：attempt to call a non-function object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range map[string]string{"weather.lua": tt.lua, "plugins.yaml": tt.yaml} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := luahost.Options{Dir: dir, Logger: zerolog.Nop(), Getenv: func(string) string { return "" }}
			_, problems := luahost.Check(t.Context(), o)
			var all []string
			for _, p := range problems {
				all = append(all, p.All().In(lang.Chinese))
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A secret that an option cannot take is told in no language.
func TestSecretsAreMaskedInEveryLanguage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"weather.lua":  `bot.plugin{name = "weather", config = {every = {type = "integer", secret = true}}}`,
		"plugins.yaml": "plugins:\n  weather: {config: {every: \"${env:KEY}\"}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := luahost.Options{Dir: dir, Logger: zerolog.Nop(), Getenv: func(string) string { return "topsecret" }}
	_, problems := luahost.Check(t.Context(), o)
	if len(problems) != 1 {
		t.Fatalf("problems: %v", problems)
	}
	for l, want := range map[lang.Language]string{lang.English: `"[redacted]" is no integer`, lang.Chinese: "“[redacted]”不是整数"} {
		got := problems[0].All().In(l)
		if !strings.Contains(got, want) || strings.Contains(got, "topsecret") {
			t.Errorf("%s: %s, want %s", l, got, want)
		}
	}
}
