package main

import (
	"github.com/spf13/cobra"

	"wxbot/bot/lang"
)

func newRule(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rule",
		Short: "List rules, write a new one to start from",
		RunE: func(*cobra.Command, []string) error {
			return usage(lang.Errorf("rule: which command? there are: list, new"))
		},
	}
	cmd.AddCommand(newRuleList(con), newRuleNew(con))
	return cmd
}
