package rules_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wxbot/bot/conf"
	"wxbot/bot/rules"
)

const inserted = "# 新的\n- 名称: 新\n  关键词: 新词\n  回复: |\n    一\n\n    二\n"

func names(t *testing.T, src []byte) ([]string, bool) {
	t.Helper()
	set, problems := rules.Parse("rules.yaml", src, rules.Options{})
	if conf.HasErrors(problems) {
		return nil, false
	}
	var out []string
	for _, r := range set.Rules() {
		out = append(out, r.Name)
	}
	return out, true
}

// without takes out what Insert put in: the empty line and the lines of the rule.
func without(t *testing.T, out []byte, line, count int) []byte {
	t.Helper()
	var kept []byte
	n := 1
	for len(out) > 0 {
		i := bytes.IndexAny(out, "\r\n")
		if i < 0 {
			i = len(out) - 1
		} else if bytes.HasPrefix(out[i:], []byte("\r\n")) {
			i++
		}
		if n < line-1 || n >= line+count {
			kept = append(kept, out[:i+1]...)
		}
		out = out[i+1:]
		n++
	}
	return kept
}

func TestInsertKeepsTheFile(t *testing.T) {
	const a = "- name: 甲\n  contains: x\n  reply: y\n"
	for name, src := range map[string]string{
		"a list":             a,
		"a map":              "# 开头\nsettings: {mode: trial}   # 注\nrules:\n" + a,
		"indented":           "rules:\n  - name: 甲\n    contains: x\n    reply: y\n",
		"deeply indented":    "rules:\n      -   name: 甲\n          contains: x\n          reply: y\n# 结尾\n",
		"keys behind":        "rules:\n" + a + "\n# 设置\n\n# 两段\nsettings:\n  mode: trial\n",
		"Chinese":            "规则:\n" + a + "设置: {}\n",
		"Windows":            strings.ReplaceAll("rules:\n"+a, "\n", "\r\n"),
		"old Macintosh":      strings.ReplaceAll("rules:\n"+a, "\n", "\r"),
		"a byte order mark":  "\ufeff" + a,
		"no last line end":   strings.TrimSuffix("rules:\n"+a, "\n"),
		"no rules":           "settings: {mode: trial}\n",
		"nothing below":      "settings: {mode: trial}\nrules:\n",
		"nothing, behind it": "rules:\n\n# 设置\nsettings: {mode: trial}\n",
		"a block at the end": "rules:\n- name: 甲\n  contains: x\n  reply: |\n    a\n    - b\n",
		"a block that keeps": "rules:\n- name: 甲\n  contains: x\n  reply: |+\n    a\n\n\n",
	} {
		before, ok := names(t, []byte(src))
		if !ok {
			t.Fatalf("%s: not a rules file\n%s", name, src)
		}
		out, line, err := rules.Insert("rules.yaml", []byte(src), inserted)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		after, ok := names(t, out)
		if want := append(slices.Clone(before), "新"); !ok || !slices.Equal(after, want) {
			t.Errorf("%s: rules %q, want %q in\n%s", name, after, want, out)
		}
		first, _, _ := strings.Cut(inserted, "\n")
		if all := regexp.MustCompile("\r\n|\n|\r").Split(string(out), -1); !strings.Contains(all[line-1], first) {
			t.Errorf("%s: line %d is %q, want %q", name, line, all[line-1], first)
		}
		count := strings.Count(inserted, "\n")
		if name == "no rules" { // the key before it is of the insertion, too
			line, count = line-1, count+1
		}
		if got := without(t, out, line, count); strings.TrimRight(string(got), "\n") != strings.TrimRight(src, "\n") {
			t.Errorf("%s: the rest became\n%q, was\n%q", name, got, src)
		}
		if strings.Contains(src, "\r") && strings.Count(string(out), "\r") != strings.Count(string(out), "\n") && strings.Contains(src, "\n") {
			t.Errorf("%s: mixed line ends\n%q", name, out)
		}
	}
}

func TestInsertOpensAnEmptyList(t *testing.T) {
	for _, src := range []string{"rules: []\n", "rules: [ ]   # 还没有\nsettings: {mode: trial}\n"} {
		out, _, err := rules.Insert("rules.yaml", []byte(src), inserted)
		if got, ok := names(t, out); err != nil || !ok || !slices.Equal(got, []string{"新"}) {
			t.Errorf("%v, %q\n%s", err, got, out)
		}
		if strings.Contains(src, "# 还没有") && !strings.Contains(string(out), "# 还没有\n") {
			t.Errorf("the comment is gone\n%s", out)
		}
	}
}

func TestInsertRefusesRulesInBrackets(t *testing.T) {
	for _, src := range []string{"[{contains: x, reply: y}]\n", "rules: [{contains: x, reply: y}]\n", "rules: [\n  {contains: x, reply: y}]\n", "[]\n", "rules:\n  []\n", "plain\n", "a: [\n"} {
		if out, _, err := rules.Insert("rules.yaml", []byte(src), inserted); err == nil {
			t.Errorf("taken: %q\n%s", src, out)
		}
	}
}

// Whatever the file, it stays what it was but for the rule.
func FuzzInsert(f *testing.F) {
	f.Add("rules:\n- contains: x\n  reply: y\nsettings: {}\n")
	f.Add("rules: []\r\nlists:\r\n  a: [b]\r\n")
	f.Add("- contains: x\n  reply: |\n    y\n")
	f.Fuzz(func(t *testing.T, src string) {
		before, ok := names(t, []byte(src))
		if !ok || slices.Contains(before, "新") {
			return
		}
		out, _, err := rules.Insert("rules.yaml", []byte(src), inserted)
		if err != nil {
			return
		}
		// A file that would be broken is refused by whoever writes it.
		after, ok := names(t, out)
		if want := append(slices.Clone(before), "新"); ok && !slices.Equal(after, want) {
			t.Errorf("rules %q became %q\n%q", before, after, out)
		}
	})
}
