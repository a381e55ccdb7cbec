package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

func newHistory(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history [NAME]",
		Short: "Show what came and what was answered, of one chat or of all",
		Long: "history shows the newest lines that the running daemon keeps: of a person by\n" +
			"remark or nickname, of a group by its name, or of everybody. How much is kept\n" +
			"says \"history\" in wxbot.yaml; texts are not, unless it says full.",
		Args: argsUpTo(0, 1),
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, contactNames)
	n := cmd.Flags().IntP("lines", "n", 0, "how many lines (default 50, at most 500)")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		lines, err := c.History(cmd.Context(), strings.Join(args, ""), *n)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, control.History{Lines: lines})
		}
		for _, l := range lines {
			printLine(con, l)
		}
		return nil
	}
	return cmd
}

// argsUpTo takes so many arguments at least and at most.
func argsUpTo(least, most int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usage(lang.Errorf("a name is required"))
		case len(args) > most:
			return usage(lang.Errorf("unexpected argument %q", args[most]))
		}
		return nil
	}
}

// printLine writes a line of the history: time, chat, who, what, and what became
// of it.
func printLine(con *console, l event.Line) {
	chat := l.Chat.Name
	if chat == "" {
		chat = l.Chat.Key
	}
	arrow, what := "<", event.Kind(l.Kind).Text()
	if l.Out {
		arrow, what = ">", event.ActionKind(l.Kind).Text()
	}
	kind := con.say(what)
	if l.Type != "" && l.Type != string(event.TypeText) {
		kind += " " + l.Type
	}
	said := ""
	if l.Text != "" {
		said = "  " + l.Text
	}
	outcome := con.say(outcomeText(l))
	if l.Reason != "" {
		outcome += ": " + l.Reason
	}
	if outcome == "" {
		outcome = con.say(lang.T("waiting"))
	}
	fmt.Fprintf(con.out, "%s  %s %s %s  %s%s  (%s)\n", l.Time.Local().Format(time.DateTime),
		pad(plain(chat), chatColumns), arrow, pad(plain(l.By), nameColumns), kind, plain(said), plain(outcome))
}

// outcomeText says what became of a line of the history.
func outcomeText(l event.Line) lang.Text {
	if l.Out {
		switch event.Status(l.Outcome) {
		case event.StatusPending:
			return lang.T("waiting")
		case event.StatusSent:
			return lang.T("done")
		case event.StatusFailed:
			return lang.T("failed")
		case event.StatusUnknown:
			return lang.T("unknown whether it was done")
		case event.StatusExpired:
			return lang.T("expired")
		case event.StatusTrial:
			return lang.T("trial mode")
		}
		return lang.Raw(l.Outcome)
	}
	if rule, ok := strings.CutPrefix(l.Outcome, event.OutcomeRule); ok {
		return lang.T("rule %s", rule)
	}
	switch l.Outcome {
	case event.OutcomeNothing:
		return lang.T("nothing answered")
	case event.OutcomeAdmin:
		return lang.T("an admin's command")
	case event.OutcomePlugin, event.OutcomeCommand:
		return lang.T("a plugin")
	case event.OutcomeAnswer:
		return lang.T("the answer to a plugin's question")
	case event.OutcomePaused:
		return lang.T("paused")
	case event.OutcomeFiltered:
		return lang.T("dropped by a filter")
	case event.OutcomeGathered:
		return lang.T("waits for others like it")
	}
	return lang.Raw(l.Outcome)
}

// plain takes out what a terminal would act on: people write what they like.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return '⏎'
		case r == '\u200d': // joins emoji
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

func newForget(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "forget NAME",
		Short: "Take out everything about one person or group",
		Long: "forget makes the running daemon take out what it keeps about a person (by\n" +
			"remark or nickname) or a group (by its name): messages, answers, names, and\n" +
			"what waits to be sent there. It cannot be undone. Where several bear the\n" +
			"name, it takes out nothing and tells how to name one of them.",
		Args: argsUpTo(1, 1),
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, contactNames)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if args[0] == "" {
			return usage(lang.Errorf("a name is required"))
		}
		c, err := client()
		if err != nil {
			return err
		}
		f, err := c.Forget(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, f)
		}
		printForgotten(con, f)
		return nil
	}
	return cmd
}

func printForgotten(con *console, f control.Forgotten) {
	l := con.lang()
	fmt.Fprintln(con.out, lang.T("forgotten: %d messages, %d answers, %d of which waited", f.Messages, f.Deliveries, f.Ended).In(l))
	if f.Contact {
		fmt.Fprintln(con.out, lang.T("It is among the contacts of the account: WeChat names it again at the next login.").In(l))
	}
	if len(f.Files) > 0 {
		fmt.Fprintln(con.out, lang.T("These damaged databases may still hold it; delete them:").In(l))
		for _, file := range f.Files {
			fmt.Fprintf(con.out, "  %s\n", file)
		}
	}
	fmt.Fprintln(con.out, lang.T("Not looked at: data of plugins, logs, backups, and what others wrote or quoted.").In(l))
}
