package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// leaves calls f for every command that does something, with its words.
func leaves(cmd *cobra.Command, words []string, f func(cmd *cobra.Command, words []string)) {
	if !cmd.HasSubCommands() && cmd.HasParent() {
		f(cmd, words)
	}
	for _, sub := range cmd.Commands() {
		leaves(sub, append(slices.Clip(words), sub.Name()), f)
	}
}

// line is a command with its words.
type line struct {
	cmd   *cobra.Command
	words []string
}

func (l line) name() string { return strings.Join(l.words, " ") }

func everyCommand(t *testing.T) []line {
	t.Helper()
	con, _, _ := testConsole(nil)
	var out []line
	leaves(newRoot(con), nil, func(cmd *cobra.Command, words []string) { out = append(out, line{cmd, words}) })
	if len(out) < 20 {
		t.Errorf("%d commands: the test does not see them all", len(out))
	}
	return out
}

func TestUnknownFlagIsWrongUsage(t *testing.T) {
	for _, l := range everyCommand(t) {
		con, out, errOut := testConsole(nil)
		code := execute(t.Context(), con, append(l.words, "--no-such-flag"))
		if code != exitUsage || out.Len() > 0 || !strings.Contains(errOut.String(), "hint: see \"wxbot "+l.name()) {
			t.Errorf("%s: exit code %d, output %q, errors %q", l.name(), code, out, errOut)
		}
	}
}

// Commands that ask the daemon say so when there is none; those that have a socket
// flag for another reason are named here.
func TestCommandsThatAskTheDaemonTellThatThereIsNone(t *testing.T) {
	arguments := map[string][]string{
		"send": {"小明", "你好"}, "forget": {"小明"}, "plugin resume": {"dice"},
	}
	// What these do without a daemon has tests of its own.
	others := map[string]bool{
		"run": true, "check": true, "test": true, "explain": true, "chat": true, "config": true, "backup": true,
		"plugin list": true, "plugin config": true, "plugin new": true, "restore": true,
	}
	for _, l := range everyCommand(t) {
		if l.cmd.Flags().Lookup("socket") == nil || others[l.name()] || l.words[0] == "rule" {
			continue
		}
		socket := filepath.Join(t.TempDir(), "none.sock")
		con, out, errOut := testConsole(nil)
		con.outTerm = true // qr draws on nothing else
		code := execute(t.Context(), con, append(append(l.words, arguments[l.name()]...), "--socket", socket))
		if code != exitNobody || out.Len() > 0 {
			t.Errorf("%s: exit code %d, output %q, errors %q", l.name(), code, out, errOut)
		}
		for _, part := range []string{"no daemon answers on " + socket, "hint: start it with \"wxbot run\""} {
			if !strings.Contains(errOut.String(), part) {
				t.Errorf("%s: errors %q do not say %q", l.name(), errOut, part)
			}
		}
	}
}
