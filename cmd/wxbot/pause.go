package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

func newPause(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pause [NAME]",
		Short: "Make the running daemon answer nobody, or not in one chat",
		Long: "pause holds back everything that rules and plugins would do, over restarts, until\n" +
			"resume or the end of --for. With NAME, a friend's remark or nickname or a group's\n" +
			"name, only in that chat. Messages that come meanwhile are not answered later; what\n" +
			"waited to be sent is sent afterwards, unless it is too old by then.",
		Args: oneName,
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, contactNames)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	length := cmd.Flags().String("for", "", "how long, such as 30m or 2h; without it until resume")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		d, ok := conf.ParseDuration(*length)
		if *length != "" && (!ok || d <= 0) {
			return usage(lang.Errorf("--for %q: want a duration such as 30m", *length))
		}
		c, err := client()
		if err != nil {
			return err
		}
		p, err := c.Pause(cmd.Context(), d, first(args))
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, p)
		}
		what := con.say(lang.T("everything"))
		if p.Name != "" {
			what = p.Name
		}
		if p.Until.IsZero() {
			fmt.Fprintln(con.out, con.say(lang.T("paused %s until wxbot resume", what)))
			return nil
		}
		fmt.Fprintln(con.out, con.say(lang.T("paused %s until %s", what, clockTime(p.Until))))
		return nil
	}
	return cmd
}

func newResume(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume [NAME]",
		Short: "End a pause of the running daemon",
		Long: "resume ends all pauses, and what a warning of WeChat's held back. With NAME it\n" +
			"ends the pause of one chat, and lets the bot answer there although the account's\n" +
			"owner has just written in it.",
		Args: oneName,
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, contactNames)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		if err := c.Resume(cmd.Context(), first(args)); err != nil {
			return err
		}
		return toldDone(con, *asJSON, lang.T("resumed"))
	}
	return cmd
}

// oneName allows one argument, which is not empty: nobody is to stop or start
// everything because a variable of a script was not set.
func oneName(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage(lang.Errorf("unexpected argument %q", args[1]))
	}
	if len(args) == 1 && args[0] == "" {
		return usage(lang.Errorf("the name is empty"))
	}
	return nil
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
