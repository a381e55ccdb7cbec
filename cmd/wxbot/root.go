package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wxbot/bot/lang"
)

// execute runs one command line and gives the exit code.
func execute(ctx context.Context, con *console, args []string) int {
	root := newRoot(con) //nolint:contextcheck // a command takes ctx from cobra when it runs
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	name := ""
	if cmd != nil && cmd != root {
		name = strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
	}
	return con.report(name, err)
}

func newRoot(con *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "wxbot",
		Short: "A WeChat chatbot that answers by rules and Lua plugins",
		Long: "wxbot logs in to a WeChat account over the web protocol and answers by\n" +
			"rules.yaml and Lua plugins. \"wxbot demo\" shows it on a simulated WeChat,\n" +
			"without an account.",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage(lang.Errorf("unknown command %q", args[0]))
			}
			cmd.SetOut(con.err)
			if err := cmd.Help(); err != nil {
				return err
			}
			return &failure{err: errSilent, code: exitUsage}
		},
	}
	root.SetIn(con.in)
	root.SetOut(con.out)
	root.SetErr(con.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(
		newRun(con),
		newDemo(con),
		newSim(con),
		newCheck(con),
		newExplain(con),
		newTest(con),
		newChat(con),
		newStatus(con),
		newReload(con),
		newPause(con),
		newResume(con),
		newQR(con),
		newAlerts(con),
		newSend(con),
		newContacts(con),
		newLogout(con),
		newTrace(con),
		newTail(con),
		newHistory(con),
		newForget(con),
		newConfig(con),
		newBackup(con),
		newRestore(con),
		newRule(con),
		newPlugin(con),
		newDocs(con),
		newVersion(con),
	)
	for _, cmd := range root.Commands() {
		if cmd.Args == nil {
			cmd.Args = noArgs
		}
	}
	root.Args = cobra.ArbitraryArgs
	root.InitDefaultCompletionCmd() // cobra adds it when it runs, which is too late for who looks for commands
	return root
}

// completeFlag says how the values of a flag are completed.
func completeFlag(cmd *cobra.Command, name string, complete cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(name, complete); err != nil {
		panic(err) // a flag that is not there: found by every test that makes the command
	}
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(lang.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

// choice is a flag that takes one of a few words.
type choice struct {
	value *string
	words []string
}

// choiceFlag adds a flag that takes one of a few words, which shells complete. The
// value is its default.
func choiceFlag(cmd *cobra.Command, value *string, name string, words []string, usage string) {
	cmd.Flags().Var(&choice{value, words}, name, usage)
	completeFlag(cmd, name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func (c *choice) String() string {
	if c.value == nil {
		return ""
	}
	return *c.value
}

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return lang.Errorf("want one of %s", strings.Join(c.words, ", "))
	}
	*c.value = s
	return nil
}

func (c *choice) Type() string { return strings.Join(c.words, "|") }
