package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/control"
)

// socketFlags finds the daemon's socket the way run places it.
func socketFlags(cmd *cobra.Command) func() (*control.Client, error) {
	flags := &bot.Config{}
	f := cmd.Flags()
	f.StringVar(&flags.Socket, "socket", "", "the daemon's control socket")
	f.StringVar(&flags.State, "state", "", "the daemon's state directory")
	f.StringVar(&flags.File, "config", "", "the daemon's wxbot.yaml")
	return func() (*control.Client, error) {
		cfg, err := loadConfig(flags)
		if err != nil {
			return nil, err
		}
		return control.NewClient(cfg.Socket), nil
	}
}

func newStatus(con *console) *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Tell how the running daemon is doing"}
	client := socketFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		st, err := c.Status(cmd.Context())
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, st)
		}
		printStatus(con, st)
		return nil
	}
	return cmd
}

func printStatus(con *console, st control.Status) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(con.out, "%-11s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("state", "%s", st.Headline().In(con.lang()))
	if st.Account != "" {
		line("account", "%s", st.Account)
	}
	if st.Refusal != "" {
		line("refused", "%s", st.Refusal)
	}
	if !st.Heard.IsZero() {
		text := "heard " + clockTime(st.Heard)
		if !st.Delivered.IsZero() {
			text += ", last message " + clockTime(st.Delivered)
		}
		line("wechat", "%s", text)
	}
	if !st.Stalled.IsZero() {
		line("stalled", "since %s: WeChat announces messages and hands out none; open WeChat on the phone", clockTime(st.Stalled))
	}
	if st.Capabilities.Mode != "" { // a daemon of an earlier version tells none
		line("login", "%s", loginText(st.Capabilities))
	}
	line("rules", "%d, rev %s, mode %s", st.Rules, st.Rev, st.Mode)
	for _, p := range st.Plugins {
		line("plugin", "%s", pluginLine(p))
	}
	if len(st.Ambiguous) > 0 {
		line("ambiguous", "several accounts bear these names, set remarks on the phone: %s", strings.Join(st.Ambiguous, ", "))
	}
	for _, m := range st.Missing {
		where, hint := "settings", "check the name"
		if m.Rule != "" {
			where = "rule " + m.Rule
		}
		if m.Group {
			hint = "check the name, and save the group to the contacts on the phone"
		}
		line("missing", "%s (%s): %s", m.Name, where, hint)
	}
	if t := st.Store; t != nil {
		line("disk", "the state cannot be written since %s: %s", clockTime(t.Since), t.Error)
	}
	if st.Broken != "" {
		line("broken", "%s", st.Broken)
	}
	printBrakes(line, st.Brakes)
	o := st.Outbox
	if st.Inbox.Waiting > 0 {
		line("inbox", "%d waiting", st.Inbox.Waiting)
	}
	line("outbox", "%d waiting, %d sent, %d failed, %d unknown, %d expired, %d not sent in mode trial", o.Waiting, o.Sent, o.Failed, o.Unknown, o.Expired, o.Trial)
	if o.Poisoned > 0 {
		line("poisoned", "%d events skipped: the daemon died each time they were handled", o.Poisoned)
	}
	if a := st.Alerts; a.Targets > 0 {
		line("alerts", "%d targets, %d sent, %d failed", a.Targets, a.Sent, a.Failed)
		if f := a.LastFailure; f != nil {
			line("", "last failure %s: %s: %s: %s", f.At.Local().Format(time.DateTime), f.Event, f.Target, f.Error)
		}
	}
	line("version", "%s, up since %s", st.Version, st.Started.Local().Format(time.DateTime))
}

// printBrakes tells what holds answers back.
func printBrakes(line func(name, format string, args ...any), b control.Brakes) {
	pause := func(p control.Pause) string {
		text := "since " + clockTime(p.Since)
		if !p.Until.IsZero() {
			text += ", until " + clockTime(p.Until)
		}
		return text
	}
	if b.Paused != nil {
		line("paused", "everything, %s", pause(*b.Paused))
	}
	for _, p := range b.Chats {
		line("paused", "%s, %s", p.Name, pause(p))
	}
	if b.Owner > 0 {
		line("handover", "%d chats are left to the account's owner", b.Owner)
	}
	if b.Warning != "" {
		line("warning", "%s: nothing unsolicited is sent until wxbot resume: %s", clockTime(b.WarningAt), b.Warning)
	}
	for _, r := range b.Rules {
		where := "everywhere"
		if len(r.Groups) > 0 {
			where = "in " + strings.Join(r.Groups, ", ")
		}
		line("rule off", "%s, %s, since %s", r.Rule, where, clockTime(r.Since))
	}
	for _, t := range b.Throttled {
		line("too often", "%s stopped by WeChat until %s", t.Action, clockTime(t.Until))
	}
}

func clockTime(t time.Time) string { return t.Local().Format(time.DateTime) }

func newReload(con *console) *cobra.Command {
	cmd := &cobra.Command{Use: "reload", Short: "Make the running daemon load rules and plugins anew"}
	client := socketFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		if err := c.Reload(cmd.Context()); err != nil {
			return err
		}
		fmt.Fprintln(con.out, of(con.lang(), "loaded", "已重载"))
		return nil
	}
	return cmd
}
