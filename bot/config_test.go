package bot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/conf"
	"wxbot/bot/control"
)

// machine is an environment whose working directory holds a wxbot.yaml.
func machine(t *testing.T, yaml string, vars map[string]string) (Environment, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "wxbot.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return Environment{Dir: dir, Home: dir, Getenv: func(name string) string { return vars[name] }}, file
}

func TestSettingsTellTheirOrigin(t *testing.T) {
	env, file := machine(t, `# a comment
log_level: warn
mode: desktop
server: https://me:hunter2@example.com
state: data
listen: ""
alerts:
  - webhook: https://example.com/${env:HOOK}
    headers: {Authorization: "Bearer ${env:HOOK}"}
  - command: [/usr/bin/tell]
history: {keep: full, days: 3d, max: 500MB}
`, map[string]string{"HOOK": "t0ken", "WXBOT_MODE": "filehelper", "WXBOT_LOG_LEVEL": "error"})
	c, err := LoadConfig(Config{LogLevel: "debug"}, env)
	if err != nil {
		t.Fatal(err)
	}
	want := []control.Setting{
		{Key: "rules", Value: "", Source: "default"},
		{Key: "plugins", Value: "", Source: "default"},
		{Key: "state", Value: filepath.Join(env.Dir, "data"), Source: "file", Where: file + ":5"},
		{Key: "mode", Value: "filehelper", Source: "env", Where: "WXBOT_MODE"},
		{Key: "server", Value: "https://me:xxxxx@example.com", Source: "file", Where: file + ":4"},
		{Key: "socket", Value: filepath.Join(env.Dir, "data", "wxbot.sock"), Source: "default"},
		{Key: "socket_group", Value: "", Source: "default"},
		{Key: "listen", Value: "", Source: "default"},
		{Key: "language", Value: "", Source: "default"},
		{Key: "log_level", Value: "debug", Source: "flag", Where: "--log-level"},
		{Key: "log_format", Value: "auto", Source: "default"},
		{Key: "alerts", Value: []string{"webhook example.com", "command tell"}, Source: "file", Where: file + ":7"},
		{Key: "history", Value: control.HistorySetting{Keep: "full", Days: "3d", Max: "500MB"}, Source: "file", Where: file + ":11"},
	}
	if diff := cmp.Diff(want, c.Settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if text := fmt.Sprint(c.Settings()); strings.Contains(text, "t0ken") || strings.Contains(text, "hunter2") {
		t.Errorf("settings hold a secret: %s", text)
	}
}

func TestDefaultHistoryIsTold(t *testing.T) {
	env, _ := machine(t, "", nil)
	c, err := LoadConfig(Config{}, env)
	if err != nil {
		t.Fatal(err)
	}
	all := c.Settings()
	if got, want := all[len(all)-1].Value, (control.HistorySetting{Keep: "metadata", Days: "7d", Max: "1GB"}); got != any(want) {
		t.Errorf("history = %v, want %v", got, want)
	}
}

func TestMistakesInTheFileHaveAPlace(t *testing.T) {
	for _, c := range []struct{ name, yaml, want string }{
		{"word", "log_level: warning", `wxbot.yaml:1:12: log_level is "warning": want one of debug, info, warn, error`},
		{"near word", "mode: webb", `did you mean "web"?`},
		{"server", "server: example.com", `wxbot.yaml:1:9: server is "example.com": want http://HOST:PORT`},
		{"listen without port", "listen: localhost", `wxbot.yaml:1:9: listen is "localhost": want ADDRESS:PORT`},
		{"listen on a name", "listen: example.com:80", `"example.com" is no IP address`},
		{"listen on no port", "listen: 127.0.0.1:http", `"http" is no port`},
		{"list", "listen: [a, b]", `wxbot.yaml:1:9: listen is a text`},
		{"dash", "log-level: info", `did you mean "log_level"?`},
		{"map", "[]", `the configuration is a map of keys`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env, _ := machine(t, c.yaml+"\n", nil)
			_, err := LoadConfig(Config{}, env)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want it to hold %q", err, c.want)
			}
		})
	}
}

func TestMistakesInVariablesNameThem(t *testing.T) {
	env, _ := machine(t, "", map[string]string{"WXBOT_LISTEN": "9273"})
	if _, err := LoadConfig(Config{}, env); err == nil || !strings.Contains(err.Error(), `WXBOT_LISTEN "9273": want ADDRESS:PORT`) {
		t.Errorf("error = %v", err)
	}
}

func TestListenBeyondThisMachineIsWarnedOf(t *testing.T) {
	for addr, want := range map[string]int{
		"": 0, "127.0.0.1:1": 0, "localhost:0": 0, "[::1]:9273": 0, ":9273": 1, "0.0.0.0:9273": 1, "192.168.1.2:9273": 1, "[::]:1": 1,
	} {
		if got := (Config{Listen: addr}).risks(); len(got) != want {
			t.Errorf("%q: warnings %v, want %d", addr, got, want)
		}
	}
}

// The pages have a row for each key that says what configWords says, and the flag
// and variable that configKeys makes of it.
func TestEveryKeyIsDocumented(t *testing.T) {
	pages := map[string]func(conf.Word) string{
		"configuration.md":       func(w conf.Word) string { return w.English },
		"configuration.zh-CN.md": func(w conf.Word) string { return w.Chinese },
	}
	keys := configKeys(&Config{})
	if got, want := len(keys), len(configWords()); got != want {
		t.Errorf("%d keys, %d of them described", got, want)
	}
	for name, told := range pages {
		text, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range configWords() {
			k := keys[i]
			named := fmt.Sprintf("`--%s`, `%s` ", k.name, k.env())
			if k.value == nil {
				named = ""
			}
			if row := fmt.Sprintf("\n| `%s` | %s| %s | ", k.yaml(), named, told(w)); k.yaml() != w.Name() || !strings.Contains(string(text), row) {
				t.Errorf("docs/%s has no row %s", name, row)
			}
			for _, v := range k.words {
				if !strings.Contains(string(text), "`"+v+"`") {
					t.Errorf("docs/%s: no word of %s: %s", name, k.name, v)
				}
			}
		}
	}
}
