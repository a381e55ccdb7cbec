package main

import (
	"path/filepath"
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
		leaves(sub, append(words[:len(words):len(words)], sub.Name()), f)
	}
}

func everyCommand(t *testing.T, f func(t *testing.T, cmd *cobra.Command, words []string)) {
	t.Helper()
	con, _, _ := testConsole(nil)
	n := 0
	leaves(newRoot(con), nil, func(cmd *cobra.Command, words []string) {
		n++
		t.Run(strings.Join(words, " "), func(t *testing.T) { f(t, cmd, words) })
	})
	if n < 20 {
		t.Errorf("%d commands: the test does not see them all", n)
	}
}

func TestUnknownFlagIsWrongUsage(t *testing.T) {
	everyCommand(t, func(t *testing.T, _ *cobra.Command, words []string) {
		con, out, errOut := testConsole(nil)
		code := execute(t.Context(), con, append(words, "--no-such-flag"))
		if code != exitUsage || out.Len() > 0 || !strings.Contains(errOut.String(), "hint: see \"wxbot "+strings.Join(words, " ")) {
			t.Errorf("exit code %d, output %q, errors %q", code, out, errOut)
		}
	})
}

// Commands that ask the daemon say so when there is none; those that have a socket
// flag for another reason are named with what they do then.
func TestCommandsThatAskTheDaemonTellThatThereIsNone(t *testing.T) {
	arguments := map[string][]string{
		"send": {"小明", "你好"}, "forget": {"小明"}, "plugin resume": {"dice"},
	}
	// What these do without a daemon has tests of its own.
	others := map[string]bool{
		"run": true, "check": true, "test": true, "explain": true, "chat": true, "config": true, "backup": true,
		"plugin list": true, "plugin config": true, "plugin new": true, "restore": true,
	}
	everyCommand(t, func(t *testing.T, cmd *cobra.Command, words []string) {
		name := strings.Join(words, " ")
		if cmd.Flags().Lookup("socket") == nil || others[name] || words[0] == "rule" {
			return
		}
		socket := filepath.Join(t.TempDir(), "none.sock")
		con, out, errOut := testConsole(nil)
		con.outTerm = true // qr draws on nothing else
		code := execute(t.Context(), con, append(append(words, arguments[name]...), "--socket", socket))
		if code != exitNobody || out.Len() > 0 {
			t.Errorf("exit code %d, output %q, errors %q", code, out, errOut)
		}
		for _, part := range []string{"no daemon answers on " + socket, "hint: start it with \"wxbot run\""} {
			if !strings.Contains(errOut.String(), part) {
				t.Errorf("errors %q do not say %q", errOut, part)
			}
		}
	})
}
