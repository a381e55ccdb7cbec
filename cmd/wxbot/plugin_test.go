package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot/control"
)

const dicePlugin = `bot.plugin { name = "dice", version = "1.2.0", api = 1, about = "掷骰子" }
bot.command("骰子", function(msg) msg:reply("6") end)
`

func TestPluginListOfADirectory(t *testing.T) {
	dir := filepath.Dir(write(t, "dice.lua", dicePlugin))
	writeIn(t, dir, "bad.lua", "bot.plugin { name = \"bad\" }\nlocal x = nil\nx.y = 1\n")
	r := runBinary(t, nil, "plugin", "list", "--plugins", dir)
	for _, want := range []string{"dice 1.2.0 (running)\n    掷骰子\n", "bad (off: bad.lua:3: "} {
		if r.code != exitOK || !strings.Contains(r.out, want) {
			t.Errorf("exit code %d, output lacks %q:\n%s%s", r.code, want, r.out, r.errOut)
		}
	}
	r = runBinary(t, nil, "plugin", "list", "--json", "--plugins", dir)
	var got []control.Plugin
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != 2 || got[1].Commands[0] != "骰子" {
		t.Errorf("%v, %+v in\n%s", err, got, r.out)
	}
}

func TestPluginLine(t *testing.T) {
	for want, p := range map[string]control.Plugin{
		"a 1 (running)":       {Name: "a", Version: "1", Running: true},
		"a (off: a.lua:1: x)": {Name: "a", Problem: "a.lua:1: x"},
		"a 1 (running; newer file fails: a.lua:1: x)":        {Name: "a", Version: "1", Running: true, Problem: "a.lua:1: x"},
		"a 1 (paused: 10 errors)":                            {Name: "a", Version: "1", Running: true, Paused: "10 errors"},
		"a 1 (paused: 3 limits; newer file fails: a.lua: x)": {Name: "a", Version: "1", Running: true, Paused: "3 limits", Problem: "a.lua: x"},
	} {
		if got := pluginLine(p).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPluginResumeNeedsADaemonAndAName(t *testing.T) {
	if r := runBinary(t, nil, "plugin", "resume"); r.code != exitUsage {
		t.Errorf("without a name: exit code %d", r.code)
	}
	if r := runBinary(t, nil, "plugin", "resume", "x", "--socket", filepath.Join(t.TempDir(), "s")); r.code != exitNobody {
		t.Errorf("without a daemon: exit code %d", r.code)
	}
}

func TestNewPluginPassesItsTestAndTheCheck(t *testing.T) {
	dir := t.TempDir()
	r := runBinary(t, nil, "plugin", "new", "greet", "--plugins", dir)
	if r.code != exitOK || !strings.Contains(r.out, filepath.Join(dir, "greet.lua")) {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	if r := runBinary(t, nil, "test", "greet", "--plugins", dir); r.code != exitOK || !strings.Contains(r.out, "ok 3 - ") || !strings.Contains(r.out, "1..3\n") {
		t.Errorf("test: exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	if r := runBinary(t, nil, "check", "--strict", "--plugins", dir); r.code != exitOK {
		t.Errorf("check: exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	for name, code := range map[string]int{"greet": exitFailure, "Greet": exitUsage, "../x": exitUsage, "x_test": exitUsage, "": exitUsage} {
		if r := runBinary(t, nil, "plugin", "new", name, "--plugins", dir); r.code != code {
			t.Errorf("new %q: exit code %d, want %d\n%s", name, r.code, code, r.errOut)
		}
	}
}

func TestTestTellsWhatFailsAndWhere(t *testing.T) {
	dir := filepath.Dir(write(t, "dice.lua", dicePlugin))
	writeIn(t, dir, "dice_test.lua", "it(\"rolls\", function(t)\n\tlocal m = t.friend(\"小明\")\n\tm:says(\"骰子\")\n\tm:hears(\"7\")\nend)\n")
	writeIn(t, dir, "plain.lua", "bot.plugin { name = \"plain\", version = \"1\", api = 1 }\n")
	rules := write(t, "rules.yaml", strings.Replace(goodRules, "reply: 十元", "reply: 十元\n    tests: [{say: 价格, expect: 二十元}]", 1))
	r := runBinary(t, nil, "test", "--plugins", dir, "--rules", rules)
	for _, want := range []string{
		"TAP version 13\nnot ok 1 - rules: ", rules + ":6:", "not ok 2 - dice: rolls\n# " + filepath.Join(dir, "dice_test.lua") + ":4: hears: heard \"6\", want \"7\"\n",
		"# plain has no tests\n", "1..2\n",
	} {
		if r.code != exitFailure || !strings.Contains(r.out, want) {
			t.Errorf("exit code %d, output lacks %q:\n%s%s", r.code, want, r.out, r.errOut)
		}
	}
	if r := runBinary(t, nil, "test", "nobody", "--plugins", dir); r.code != exitFailure || !strings.Contains(r.errOut, "no plugin \"nobody\"") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	if r := runBinary(t, nil, "test", "plain", "--plugins", dir); r.code != exitFailure || !strings.Contains(r.out, "not ok 1 - plain") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
}

func writeIn(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
