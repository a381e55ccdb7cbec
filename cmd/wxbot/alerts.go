package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"wxbot/bot/control"
	"wxbot/bot/lang"
)

func newAlerts(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "Try the alerts of the running daemon",
		RunE: func(*cobra.Command, []string) error {
			return usage(lang.Errorf("alerts: which command? there is: test"))
		},
	}
	cmd.AddCommand(newAlertsTest(con))
	return cmd
}

func newAlertsTest(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test",
		Short: "Send a test to every alert target of the running daemon",
		Long: "test makes the running daemon send a test to every target of alerts: in its\n" +
			"wxbot.yaml, once, and tells for each whether it went well. The exit code is 1\n" +
			"if one did not, or if there is none.",
		Args: noArgs,
	}
	client := socketFlags(con, cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		results, err := c.TestAlerts(cmd.Context())
		if err != nil {
			return err
		}
		if !*asJSON {
			return printAlertResults(con, results)
		}
		if err := writeJSON(con, results); err != nil {
			return err
		}
		return alertVerdict(results)
	}
	return cmd
}

// printAlertResults writes one line for each target and gives the verdict.
func printAlertResults(con *console, results []control.AlertResult) error {
	if len(results) == 0 {
		return &failure{
			err: lang.Errorf("alerts: the daemon has no targets"), code: exitFailure,
			hint: con.say(lang.T(`see docs/operate.md, "Alerts"; the daemon reads wxbot.yaml at its start`)),
		}
	}
	for _, r := range results {
		how := con.say(lang.T("ok"))
		if r.Error != "" {
			how = r.Error
		}
		fmt.Fprintf(con.out, "%s: %s\n", r.Target, how)
	}
	return alertVerdict(results)
}

// alertVerdict is nil if there are targets and all went well.
func alertVerdict(results []control.AlertResult) error {
	bad := func(r control.AlertResult) bool { return r.Error != "" }
	if len(results) == 0 || slices.ContainsFunc(results, bad) {
		return &failure{err: errSilent, code: exitFailure}
	}
	return nil
}
