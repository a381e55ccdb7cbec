package main

import (
	"fmt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

func newExplain(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain TEXT",
		Short: "Tell of every rule whether it fires on a message, or why not",
		Long: "explain asks the rules about a message, as run would, and does nothing. Of every\n" +
			"rule it tells that it fires, or the first condition that does not hold. Cooldowns,\n" +
			"limits and plugins do not count.",
		Example: `  wxbot explain "多少钱" --in 客户一群 --from 小明
  wxbot explain "我想加入读书会" --event friend_request
  wxbot explain "在吗" --at "2026-01-05 20:00"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(lang.Errorf("explain takes one text, here are %d", len(args)))
			}
			return nil
		},
	}
	flags := configFlags(cmd)
	var q bot.Question
	kind := ""
	f := cmd.Flags()
	f.StringVar(&q.Group, "in", "", "group that it is written in (default: a private chat)")
	f.StringVar(&q.From, "from", "", "who writes it, by remark")
	f.BoolVar(&q.Mentioned, "mentioned", false, "the bot is mentioned")
	f.StringVar(&q.At, "at", "", `when, as "2026-01-05 20:00" (default: now)`)
	f.StringVar(&kind, "event", "", "what happens: message, friend_request, recalled, member_joined, tickled (default message)")
	asJSON := f.Bool("json", false, "print JSON")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		q.Text, q.Event = args[0], event.Kind(kind)
		x, err := bot.Explain(bot.Options{Config: cfg, Logger: zerolog.Nop()}, q)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, asExplained(con, x))
		}
		printExplanation(con, q, x)
		return nil
	}
	return cmd
}

// explainedRule is what explain --json prints of a rule.
type explainedRule struct {
	Rule  string `json:"rule"`
	Fires bool   `json:"fires"`
	Why   string `json:"why,omitempty"`
	Steps string `json:"steps,omitempty"`
	Ends  bool   `json:"ends,omitempty"`
}

func asExplained(con *console, x *bot.Explanation) []explainedRule {
	var out []explainedRule
	for _, r := range x.Rules {
		out = append(out, explainedRule{Rule: r.Rule, Fires: r.Fires, Why: r.Why.In(con.lang()), Steps: r.Steps, Ends: r.Ends})
	}
	return out
}

func printExplanation(con *console, q bot.Question, x *bot.Explanation) {
	l := con.lang()
	where := q.From
	if q.Group != "" {
		where = q.Group + "/" + q.From
	}
	mentioned := ""
	if q.Group != "" {
		mentioned = lang.T(" @no").In(l)
		if q.Mentioned {
			mentioned = " @"
		}
	}
	fmt.Fprintf(con.out, "%s %s %q%s\n", x.Time.Format("Mon 2006-01-02 15:04"), where, q.Text, mentioned)
	if x.Silent != "" {
		fmt.Fprintln(con.out, lang.T("nothing answers: %s", x.Silent).In(l))
	}
	width := 0
	for _, r := range x.Rules {
		width = max(width, conf.DisplayWidth(r.Rule))
	}
	for _, r := range x.Rules {
		said := lang.T("no: %s", r.Why).In(l)
		if r.Fires {
			said = lang.T("fires → ").In(l) + r.Steps
			if r.Ends {
				said += lang.T("   stops here").In(l)
			}
		}
		fmt.Fprintf(con.out, "  %s  %s\n", pad(r.Rule, width), said)
	}
}
