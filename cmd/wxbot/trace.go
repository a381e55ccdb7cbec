package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/bot/trace"
)

func newTrace(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trace [N]",
		Short: "Tell why the newest messages were answered, or not",
		Long: "trace tells of the newest N messages (default 10) what became of each: the rules\n" +
			"that fired and what they did, of other rules the first condition that does not\n" +
			"hold, the plugins that were asked, and what held an answer back. With --follow it\n" +
			"goes on with what comes, and says when an action has ended. How long traces are\n" +
			"kept says \"trace\" in the settings of rules.yaml; texts are kept for a day.",
		Example: `  wxbot trace
  wxbot trace 3 --chat 客户一群
  wxbot trace -f`,
		Args: argsUpTo(0, 1),
	}
	client := socketFlags(con, cmd)
	var q control.TraceQuery
	f := cmd.Flags()
	follow := f.BoolP("follow", "f", false, "go on with what comes; without N, with that alone")
	f.StringVar(&q.Chat, "chat", "", "one chat: a friend by remark or nickname, or a group's name")
	completeFlag(cmd, "chat", fromDaemon(client, contactNames))
	asJSON := f.Bool("json", false, "print JSON; with --follow a line for each message and action")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := count(args, &q.N); err != nil {
			return err
		}
		c, err := client()
		if err != nil {
			return err
		}
		if *follow {
			return c.FollowTraces(cmd.Context(), q, func(r trace.Record) { printRecord(con, r, *asJSON) })
		}
		views, err := c.Traces(cmd.Context(), q)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, control.Traces{Traces: views})
		}
		if len(views) == 0 {
			fmt.Fprintln(con.out, lang.T("no message is traced yet").In(con.lang()))
		}
		for _, v := range views {
			printWhy(con, v)
		}
		return nil
	}
	return cmd
}

// count reads an argument that says how many.
func count(args []string, n *int) error {
	if len(args) == 0 {
		return nil
	}
	v, err := strconv.Atoi(args[0])
	if err != nil || v < 1 || v > control.TracesMost {
		return usage(fmt.Errorf("%q: want a number from 1 to %d", args[0], control.TracesMost))
	}
	*n = v
	return nil
}

// printRecord writes what has just happened.
func printRecord(con *console, r trace.Record, asJSON bool) {
	switch {
	case asJSON && (r.Trace != nil || r.Action != nil):
		if b, err := json.Marshal(r); err == nil {
			fmt.Fprintf(con.out, "%s\n", b)
		}
	case r.Trace != nil:
		printWhy(con, *r.Trace)
	case r.Action != nil:
		fmt.Fprintln(con.out, plain(r.Action.Title))
	}
}

func newTail(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Follow what is said, a line for each message",
		Long: "tail shows the newest messages and goes on with what comes: a line for each message\n" +
			"with what answered it, and a line for each answer with its words. \"wxbot trace -f\"\n" +
			"tells instead why each was (not) answered, and leaves the words of answers out.",
		Args: noArgs,
	}
	client := socketFlags(con, cmd)
	var q control.TraceQuery
	f := cmd.Flags()
	f.IntVarP(&q.N, "lines", "n", 10, "how many messages of before to show first")
	f.StringVar(&q.Chat, "chat", "", "one chat: a friend by remark or nickname, or a group's name")
	completeFlag(cmd, "chat", fromDaemon(client, contactNames))
	asJSON := f.Bool("json", false, "print a line of JSON for each message and answer")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.N < 0 || q.N > control.TracesMost {
			return usage(errors.New("--lines: want a number from 0 to " + strconv.Itoa(control.TracesMost)))
		}
		c, err := client()
		if err != nil {
			return err
		}
		return c.FollowTraces(cmd.Context(), q, func(r trace.Record) {
			switch {
			case *asJSON:
				printRecord(con, r, true)
			case r.Trace != nil:
				fmt.Fprintf(con.out, "%s → %s\n", plain(r.Trace.Title), plain(r.Trace.Outcome))
			case r.Action != nil:
				said := ""
				if r.Action.Said != "" {
					said = " " + strconv.Quote(plain(r.Action.Said))
				}
				fmt.Fprintln(con.out, plain(r.Action.Title)+said)
			}
		})
	}
	return cmd
}
