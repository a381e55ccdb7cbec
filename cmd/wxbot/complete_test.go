//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// completed gives what a shell would offer for the last word of a command line.
func completed(t *testing.T, words ...string) []string {
	t.Helper()
	con, out, errOut := testConsole(nil)
	if code := execute(t.Context(), con, append([]string{"__complete"}, words...)); code != exitOK {
		t.Fatalf("%q: exit code %d: %s", words, code, errOut)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		if name, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); name != "" && name[0] != ':' {
			got = append(got, name)
		}
	}
	return got
}

func TestCommandsAndFlagsAreCompleted(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"sta"}, "status"},
		{[]string{"plugin", "re"}, "resume"},
		{[]string{"run", "--mode", "d"}, "desktop"},
		{[]string{"status", "--js"}, "--json"},
		{[]string{"completion", "z"}, "zsh"},
	} {
		if got := completed(t, c.words...); !slices.Contains(got, c.want) {
			t.Errorf("%q: offered %q, want %q among it", c.words, got, c.want)
		}
	}
}

func TestNamesOfPluginsInADirectoryAreCompleted(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"dice.lua", "dice_test.lua", "plugins.yaml", "draw.lua", "other.lua"} {
		writeIn(t, dir, name, "")
	}
	if got, want := completed(t, "test", "--plugins", dir, "d"), []string{"dice", "draw"}; !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
}

func TestContactsAreCompletedByTheDaemon(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	srv.AddFriend(wxtest.Person{NickName: "明明", RemarkName: "小明"})
	srv.AddFriend(wxtest.Person{NickName: "小红"})
	srv.AddFriend(wxtest.Person{NickName: "老小"})
	_, socket := daemonAt(t, ctx, srv)
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"小明", "小红"}
	var got []string
	eventually(t, ctx, "names", func() bool {
		got = completed(t, "send", "--socket", socket, "小")
		slices.Sort(got)
		return slices.Equal(got, slices.Sorted(slices.Values(want)))
	})
	// A second argument is a text.
	if got := completed(t, "send", "--socket", socket, "小明", ""); len(got) != 0 {
		t.Errorf("as a text were offered %q", got)
	}
	if got := completed(t, "send", "--socket", filepath.Join(t.TempDir(), "none"), "小"); len(got) != 0 {
		t.Errorf("without a daemon were offered %q", got)
	}
}

// Each shell takes its script, where the shell is there.
func TestScriptsOfCompletionAreValid(t *testing.T) {
	for shell, check := range map[string][]string{"bash": {"-n"}, "zsh": {"-n"}, "fish": {"--no-execute"}} {
		con, out, errOut := testConsole(nil)
		if code := execute(t.Context(), con, []string{"completion", shell}); code != exitOK {
			t.Errorf("%s: exit code %d: %s", shell, code, errOut)
			continue
		}
		if !strings.Contains(out.String(), "wxbot") {
			t.Errorf("%s: %q", shell, out)
		}
		program, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		file := filepath.Join(t.TempDir(), "completion")
		if err := os.WriteFile(file, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := exec.CommandContext(t.Context(), program, append(check, file)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, b)
		}
	}
}
