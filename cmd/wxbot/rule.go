package main

import (
	"github.com/spf13/cobra"

	"wxbot/bot/lang"
)

func newRule(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rule",
		Short: "List rules, write a new one, look at earlier versions and take them back",
		RunE: func(*cobra.Command, []string) error {
			return usage(lang.Errorf("rule: which command? there are: list, new, history, diff, restore"))
		},
	}
	cmd.AddCommand(newRuleList(con), newRuleNew(con), newRuleHistory(con), newRuleDiff(con), newRuleRestore(con))
	return cmd
}
