package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every Lua block of the plugin guides runs: a plugin is checked, the block of tests
// after it is run with it, and what is less than a plugin is loaded as the body of one.
func TestPluginsOfTheGuidesRun(t *testing.T) {
	name := regexp.MustCompile(`bot\.plugin \{\s*name = "(\w+)"`)
	for _, p := range pages(t) {
		if !strings.HasPrefix(filepath.Base(p.path), "plugins.") {
			continue
		}
		dir := t.TempDir()
		last, fragments, tests := "", 0, 0
		for _, b := range p.blocks("lua") {
			switch m := name.FindStringSubmatch(b); {
			case m != nil:
				last = m[1]
				writeIn(t, dir, last+".lua", b)
			case strings.HasPrefix(b, "describe("):
				tests++
				writeIn(t, dir, last+"_test.lua", b)
			default:
				fragments++
				n := fmt.Sprintf("fragment%d", fragments)
				writeIn(t, dir, n+".lua", `bot.plugin { name = "`+n+`", version = "1", api = 1, about = "a part" }`+"\n"+b)
			}
		}
		if tests < 2 || fragments < 3 {
			t.Fatalf("%s: only %d tests and %d fragments", p.path, tests, fragments)
		}
		if r := runBinary(t, nil, "check", "--strict", "--plugins", dir); r.code != exitOK {
			t.Errorf("%s: check: code %d\n%s%s", p.path, r.code, r.out, r.errOut)
		}
		if r := runBinary(t, nil, "test", "--plugins", dir); r.code != exitOK || !strings.Contains(r.out, "1..3\n") {
			t.Errorf("%s: test: code %d\n%s%s", p.path, r.code, r.out, r.errOut)
		}
	}
}

// The guides name every function that there is, and no other.
func TestPluginGuidesNameEveryFunction(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "wxbot.lua"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^function (bot[.:\w]+)\(`).FindAllStringSubmatch(string(b), -1) {
		there[strings.ReplaceAll(m[1], ":", ".")] = true
	}
	guides := 0
	for _, p := range pages(t) {
		if !strings.HasPrefix(filepath.Base(p.path), "plugins.") {
			continue
		}
		guides++
		for name := range there {
			short := strings.TrimPrefix(name, "bot.kv.")
			if !regexp.MustCompile(regexp.QuoteMeta(name)+`\b`).MatchString(p.text) && (short == name || !strings.Contains(p.text, "`"+short+"`")) {
				t.Errorf("%s does not name %s", p.path, name)
			}
		}
		for _, m := range regexp.MustCompile("`(bot(?:\\.\\w+)+)[(`]").FindAllStringSubmatch(p.text, -1) {
			table := regexp.MustCompile(`(?m)^(?:---@field )?` + regexp.QuoteMeta(strings.TrimPrefix(m[1], "bot.")) + `\b|` + regexp.QuoteMeta(m[1]) + `\b`)
			if !there[m[1]] && !table.Match(b) && m[1] != "bot.state" && m[1] != "bot.config" {
				t.Errorf("%s names %s, which is not there", p.path, m[1])
			}
		}
	}
	if guides != 2 {
		t.Errorf("%d guides found", guides)
	}
}
