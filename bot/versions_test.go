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

func ruleSaying(text string) string {
	return fmt.Sprintf("settings: {pace: off, timezone: UTC}\nrules: [{name: ping, exact: ping, reply: %s}]\n", text)
}

func (r *rig) reload() error { return control.NewClient(r.config.Socket).Reload(r.t.Context()) }

func (r *rig) versions() []bot.Version {
	r.t.Helper()
	vs, err := bot.Versions(r.config.State)
	if err != nil {
		r.t.Fatal(err)
	}
	return vs
}

const plugin = "bot.plugin { name = \"p\", version = \"%s\", api = 1 }\n"

func TestGoodVersionsAreKept(t *testing.T) {
	r := newRig(t, wxtest.Config{}, ruleSaying("one"), map[string]string{"p.lua": fmt.Sprintf(plugin, "1.0.0")})
	r.start()
	await[bot.QRCode](r)
	for _, step := range []struct {
		name, file, text string
		good             bool
		versions         int
	}{
		{"a rule", "rules.yaml", ruleSaying("two"), true, 2},
		{"a broken rule", "rules.yaml", "rules: [{name: ping, exat: ping}]\n", false, 2},
		{"mended", "rules.yaml", ruleSaying("two"), true, 2},
		{"a plugin", "plugins/p.lua", fmt.Sprintf(plugin, "1.0.1"), true, 3},
		{"a broken plugin", "plugins/p.lua", "bot.plugin {", false, 3},
		{"as it was at first", "plugins/p.lua", fmt.Sprintf(plugin, "1.0.0"), true, 4},
	} {
		r.write(step.file, step.text)
		if err := r.reload(); (err == nil) != step.good {
			t.Fatalf("%s: reload: %v", step.name, err)
		}
		if got := len(r.versions()); got != step.versions {
			t.Fatalf("%s: %d versions, want %d", step.name, got, step.versions)
		}
	}
	v := r.versions()[2]
	if !strings.Contains(v.Files["rules.yaml"], "two") || !strings.Contains(v.Files["plugins/p.lua"], "1.0.1") || len(v.Files) != 2 {
		t.Errorf("the third is %+v", v)
	}
	st, err := os.Stat(filepath.Join(r.config.State, "rule-versions", "3.json"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	for i := range 22 {
		r.write("rules.yaml", ruleSaying(fmt.Sprint("n", i)))
		if err := r.reload(); err != nil {
			t.Fatal(err)
		}
	}
	vs := r.versions()
	if len(vs) != 20 || vs[19].N != 26 || !strings.Contains(vs[19].Files["rules.yaml"], "n21") {
		t.Errorf("%d versions, the newest %+v", len(vs), vs[len(vs)-1])
	}
}

func TestVersionIsRestored(t *testing.T) {
	r := newRig(t, wxtest.Config{}, ruleSaying("one"), map[string]string{"p.lua": fmt.Sprintf(plugin, "1.0.0")})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	r.write("rules.yaml", ruleSaying("two"))
	r.write("plugins/p.lua", fmt.Sprintf(plugin, "1.0.1"))
	r.write("plugins/more.lua", "bot.plugin { name = \"more\", version = \"1.0.0\", api = 1 }\n")
	if err := r.reload(); err != nil {
		t.Fatal(err)
	}
	first := r.versions()[0]
	o := bot.Options{Config: r.config}
	if problems, err := bot.CheckVersion(t.Context(), o, first); err != nil || len(problems) > 0 {
		t.Fatalf("%v, %v", problems, err)
	}
	changed, err := bot.RestoreVersion(r.config, first)
	if err != nil || strings.Join(changed, " ") != "plugins/p.lua rules.yaml plugins/more.lua" {
		t.Errorf("changed %q, %v", changed, err)
	}
	for name, want := range map[string]string{
		"rules.yaml": "one", "rules.yaml.bak": "two", "plugins/p.lua": "1.0.0", "plugins/p.lua.bak": "1.0.1", "plugins/more.lua.bak": "more",
	} {
		if got, err := os.ReadFile(filepath.Join(r.dir, name)); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if err := r.reload(); err != nil {
		t.Fatal(err)
	}
	ming.Say("ping")
	r.wantSent("one")

	bad := bot.Version{N: 9, Files: map[string]string{"rules.yaml": "rules: [{name: a, exat: b}]\n"}}
	if problems, err := bot.CheckVersion(t.Context(), o, bad); err != nil || len(problems) == 0 {
		t.Errorf("a version with mistakes passes: %v", err)
	}
	bad.Files = map[string]string{"../out": "x"}
	if _, err := bot.RestoreVersion(r.config, bad); err == nil {
		t.Error("a version writes outside of its directories")
	}
}

// included is a rules file that takes in whatever lies in rules.d, and a list.
func included(r *rig, words string, more map[string]string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Join(r.dir, "rules.d"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	r.write("words.txt", words)
	for name, text := range more {
		r.write("rules.d/"+name, text)
	}
}

const includingRules = `
settings: {pace: off, timezone: UTC}
include: ["rules.d/*.yaml"]
lists: {words: {file: words.txt}}
rules: [{name: ping, exact: $words, reply: one}]
`

// A broken file that a pattern finds, and one that is gone, do not keep the last good
// rules from coming into force.
func TestLastGoodRulesAreWhatWasIncludedThen(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, includingRules, map[string]string{"p.lua": ""})
	included(r, "ping\n", map[string]string{"a.yaml": "rules: [{name: a, exact: a, reply: from a}]\n"})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.dir, "rules.d", "a.yaml")); err != nil {
		t.Fatal(err)
	}
	r.write("rules.d/b.yaml", "rules: [{name: b, exat: b}]\n")
	r.write("plugins/later.lua", "")
	kept := len(r.versions())
	r.start()
	r.polling()
	ming.Say("ping")
	ming.Say("a")
	r.wantSent("one", "from a")
	// What is on the disk is not in force, and no version.
	if got := len(r.versions()); got != kept {
		t.Errorf("%d versions, %d before the start", got, kept)
	}
}

func TestRestoredVersionIsAllThatIsInForce(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "[]", nil)
	included(r, "ping\n", nil)
	linked := filepath.Join(t.TempDir(), "linked.yaml")
	if err := os.WriteFile(linked, []byte(includingRules), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.config.Rules); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(linked, r.config.Rules); err != nil {
		t.Fatal(err)
	}
	r.start()
	await[bot.QRCode](r)
	r.write("rules.d/new.yaml", "rules: [{name: new, exact: new, reply: new}]\n")
	if err := os.WriteFile(linked, []byte(strings.Replace(includingRules, "reply: one", "reply: two", 1)), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := r.reload(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.dir, "words.txt")); err != nil {
		t.Fatal(err)
	}
	vs := r.versions()
	if len(vs) != 2 {
		t.Fatalf("%d versions", len(vs))
	}
	if problems, err := bot.CheckVersion(t.Context(), bot.Options{Config: r.config}, vs[0]); err != nil || len(problems) > 0 {
		t.Fatalf("%v, %v", problems, err)
	}
	changed, err := bot.RestoreVersion(r.config, vs[0])
	if err != nil || strings.Join(changed, " ") != "words.txt rules.yaml rules.d/new.yaml" {
		t.Errorf("changed %q, %v", changed, err)
	}
	if st, err := os.Lstat(r.config.Rules); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v, %v", st, err)
	}
	if st, err := os.Stat(linked); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("the file that it leads to is %v, %v", st, err)
	}
	if err := r.reload(); err != nil {
		t.Fatal(err)
	}
	if st := r.status(); st.Rules != 1 {
		t.Errorf("%d rules in force, want the one of the version", st.Rules)
	}
}
