package main

import (
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
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
		v := x.In(con.lang())
		if *asJSON {
			return writeJSON(con, v)
		}
		printWhy(con, v)
		return nil
	}
	return cmd
}
