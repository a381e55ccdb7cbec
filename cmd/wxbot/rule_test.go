package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// Each template is switched off, passes the check once it is switched on, and its
// tests look at it.
func TestEveryNewRuleIsSwitchedOffAndSound(t *testing.T) {
	for _, kind := range templateNames() {
		path := write(t, "rules.yaml", "settings: {timezone: Asia/Shanghai, mode: trial}\nrules: []\n")
		r := runBinary(t, nil, "rule", "new", kind, "--rules", path)
		if r.code != exitOK || !strings.HasPrefix(r.out, path+":5: ") || strings.Contains(r.out, "mended") {
			t.Fatalf("%s: exit code %d\n%s%s", kind, r.code, r.out, r.errOut)
		}
		if r := runBinary(t, nil, "check", "--strict", "--rules", path); r.code != exitOK || !strings.Contains(r.out, "(off)\n\n1 rules") {
			t.Errorf("%s: switched off: exit code %d\n%s", kind, r.code, r.out)
		}
		text := readText(t, path)
		on := regexp.MustCompile(`(?m)^  启用: 否 .*\n`).ReplaceAllString(text, "")
		writeIn(t, filepath.Dir(path), "rules.yaml", on)
		if r := runBinary(t, nil, "check", "--strict", "--rules", path); on == text || r.code != exitOK || strings.Contains(r.out, "(off)") {
			t.Errorf("%s: switched on: exit code %d\n%s", kind, r.code, r.out)
		}
		wrong := regexp.MustCompile(`期望: [^}]*`).ReplaceAllString(on, "期望: 没有人这样说")
		writeIn(t, filepath.Dir(path), "rules.yaml", wrong)
		if r := runBinary(t, nil, "check", "--rules", path); r.code != exitFailure || !strings.Contains(r.out, "test of rule") {
			t.Errorf("%s: its tests look at nothing: exit code %d\n%s", kind, r.code, r.out)
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNewRuleGoesBehindTheOthers(t *testing.T) {
	old := "# 开头\r\nrules:\r\n  - name: 常见问题   # 注\r\n    contains: 开门\r\n    reply: 九点\r\n\r\n# 设置\r\nsettings: {mode: trial}"
	path := write(t, "rules.yaml", old)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.Symlink(path, link); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	r := runBinary(t, nil, "rule", "new", "faq", "--rules", link)
	text := readText(t, path)
	if r.code != exitOK || !strings.Contains(text, "    reply: 九点\r\n\r\n  # 关键词回答") || !strings.Contains(text, "  - 名称: \"常见问题2\"\r\n    启用: 否") {
		t.Errorf("exit code %d, %s%s\n%s", r.code, r.out, r.errOut, text)
	}
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") || !strings.HasPrefix(text, "# 开头\r\nrules:\r\n") || !strings.HasSuffix(text, "\r\n\r\n# 设置\r\nsettings: {mode: trial}") {
		t.Errorf("the file lost its own\n%q", text)
	}
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became a file: %v", err)
	}
	if st, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
}

// What would be wrong with the rule once it is on is told at once.
func TestNewRuleTellsWhatTakesItsMessages(t *testing.T) {
	path := write(t, "rules.yaml", "- name: 兜底\n  chat: private\n  reply: 稍等\n")
	r := runBinary(t, nil, "rule", "new", "friend", "--rules", path)
	if r.code != exitOK || strings.Contains(r.out, "mended") {
		t.Errorf("a rule that nothing stands in the way of: exit code %d\n%s", r.code, r.out)
	}
	r = runBinary(t, nil, "rule", "new", "faq", "--rules", path)
	if r.code != exitOK || !strings.Contains(r.out, "to be mended before it is switched on:") || !strings.Contains(r.out, "test of rule 常见问题") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
}

func TestNewRuleLeavesBrokenFilesAlone(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"broken":   {"rules:\n- name: 甲\n  contain: x\n  reply: y\n", "the file is left as it is, it has errors:"},
		"no YAML":  {"- name：甲\n  contains: x\n", "full-width colon"},
		"brackets": {"[{contains: x, reply: y}]\n", "the rules stand in brackets"},
		"empty":    {"", "the file is empty"},
	} {
		path := write(t, "rules.yaml", c.text)
		r := runBinary(t, nil, "rule", "new", "faq", "--rules", path)
		if r.code != exitFailure || !strings.Contains(r.errOut, c.want) || readText(t, path) != c.text {
			t.Errorf("%s: exit code %d\n%s%s\n%s", name, r.code, r.out, r.errOut, readText(t, path))
		}
	}
	for name, args := range map[string][]string{"no kind": {}, "unknown kind": {"fqa"}, "no name": {"faq", ""}, "two names": {"faq", "甲", "乙"}} {
		if r := runBinary(t, nil, append([]string{"rule", "new"}, args...)...); r.code != exitUsage {
			t.Errorf("%s: exit code %d\n%s", name, r.code, r.errOut)
		}
	}
}

func TestRuleListTellsOfEachRule(t *testing.T) {
	path := write(t, "rules.yaml", "- name: 问价格\n  contains: [价格, 多少钱]\n  reply: 十元\n- name: 欢迎\n  enabled: false\n  event: member_joined\n  group: 客户*\n  reply: 你好\n")
	r := runBinary(t, nil, "rule", "list", "--rules", path)
	for _, want := range []string{"1. 问价格\n     contains [价格, 多少钱]  [private] -> reply\n     rules.yaml:1\n", "2. 欢迎  (off in the file)\n"} {
		if r.code != exitOK || !strings.Contains(r.out, want) {
			t.Errorf("exit code %d, output lacks %q:\n%s%s", r.code, want, r.out, r.errOut)
		}
	}
	r = runBinary(t, nil, "rule", "list", "--json", "--rules", path)
	var got []listedRule
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != 2 || !got[0].Enabled || got[1].Enabled || got[1].Line != 4 || got[0].Hits != nil {
		t.Errorf("%v, %+v in\n%s", err, got, r.out)
	}
	broken := write(t, "rules.yaml", "- contain: x\n  reply: y\n")
	if r := runBinary(t, nil, "rule", "list", "--rules", broken); r.code != exitFailure || !strings.Contains(r.errOut, broken+":1:3: unknown key") {
		t.Errorf("a broken file: exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	if r := runBinary(t, nil, "rule", "list"); r.code != exitFailure || !strings.Contains(r.errOut, "there is no rules.yaml") {
		t.Errorf("no file: exit code %d\n%s", r.code, r.errOut)
	}
}
