package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wxbot/bot/control"
	"wxbot/bot/lang"
)

// socketFlags finds the daemon's socket the way run places it.
func socketFlags(con *console, cmd *cobra.Command) func() (*control.Client, error) {
	flags := stateFlags(cmd)
	return func() (*control.Client, error) {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return nil, err
		}
		return con.client(cfg), nil
	}
}

func newStatus(con *console) *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Tell how the running daemon is doing"}
	client := socketFlags(con, cmd)
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

// statusColumns is how wide the names of status are.
const statusColumns = 11

func printStatus(con *console, st control.Status) {
	line := func(name, text lang.Text) {
		fmt.Fprintf(con.out, "%s%s\n", pad(con.say(name), statusColumns), con.say(text))
	}
	line(lang.T("state"), st.Headline())
	if st.Account != "" {
		line(lang.T("account"), lang.Raw(st.Account))
	}
	if st.Refusal != "" {
		line(lang.T("refused"), lang.Raw(st.Refusal))
	}
	if !st.Heard.IsZero() {
		text := lang.T("heard %s", clockTime(st.Heard))
		if !st.Delivered.IsZero() {
			text = lang.List(text, lang.T("last message %s", clockTime(st.Delivered)))
		}
		line(lang.T("wechat"), text)
	}
	if !st.Stalled.IsZero() {
		line(lang.T("stalled"), lang.T("since %s: WeChat announces messages and hands out none; open WeChat on the phone", clockTime(st.Stalled)))
	}
	if st.Capabilities.Mode != "" { // a daemon of an earlier version tells none
		line(lang.T("login"), loginText(st.Capabilities))
	}
	line(lang.T("rules"), lang.T("%d, rev %s, mode %s", st.Rules, st.Rev, st.Mode))
	for _, p := range st.Plugins {
		line(lang.T("plugin"), pluginLine(p))
	}
	printDoubts(line, st)
	printBrakes(line, st.Brakes)
	o := st.Outbox
	if st.Inbox.Waiting > 0 {
		line(lang.T("inbox"), lang.T("%d waiting", st.Inbox.Waiting))
	}
	line(lang.T("outbox"), lang.T("%d waiting, %d sent, %d failed, %d unknown, %d expired, %d not sent in mode trial",
		o.Waiting, o.Sent, o.Failed, o.Unknown, o.Expired, o.Trial))
	if o.Poisoned > 0 {
		line(lang.T("poisoned"), lang.T("%d events skipped: the daemon died each time they were handled", o.Poisoned))
	}
	if a := st.Alerts; a.Targets > 0 {
		line(lang.T("alerts"), lang.T("%d targets, %d sent, %d failed", a.Targets, a.Sent, a.Failed))
		if f := a.LastFailure; f != nil {
			line(lang.Text{}, lang.T("last failure %s: %s: %s: %s", f.At.Local().Format(time.DateTime), f.Event, f.Target, f.Error))
		}
	}
	line(lang.T("version"), lang.T("%s, up since %s", st.Version, st.Started.Local().Format(time.DateTime)))
}

// printDoubts tells what of the rules a person has to look after.
func printDoubts(line func(name, text lang.Text), st control.Status) {
	if len(st.Ambiguous) > 0 {
		line(lang.T("ambiguous"), lang.T("several accounts bear these names, set remarks on the phone: %s", strings.Join(st.Ambiguous, ", ")))
	}
	for _, m := range st.Missing {
		where, hint := lang.T("settings"), lang.T("check the name")
		if m.Rule != "" {
			where = lang.T("rule %s", m.Rule)
		}
		if m.Group {
			hint = lang.T("check the name, and save the group to the contacts on the phone")
		}
		line(lang.T("missing"), lang.T("%s (%s): %s", m.Name, where, hint))
	}
	if t := st.Store; t != nil {
		line(lang.T("disk"), lang.T("the state cannot be written since %s: %s", clockTime(t.Since), t.Error))
	}
	if st.Broken != "" {
		line(lang.T("broken"), lang.Raw(st.Broken))
	}
}

// printBrakes tells what holds answers back.
func printBrakes(line func(name, text lang.Text), b control.Brakes) {
	pause := func(p control.Pause) lang.Text {
		text := lang.T("since %s", clockTime(p.Since))
		if !p.Until.IsZero() {
			text = lang.List(text, lang.T("until %s", clockTime(p.Until)))
		}
		return text
	}
	if b.Paused != nil {
		line(lang.T("paused"), lang.List(lang.T("everything"), pause(*b.Paused)))
	}
	for _, p := range b.Chats {
		line(lang.T("paused"), lang.List(lang.Raw(p.Name), pause(p)))
	}
	if b.Owner > 0 {
		line(lang.T("handover"), lang.T("%d chats are left to the account's owner", b.Owner))
	}
	if b.Warning != "" {
		line(lang.T("warning"), lang.T("%s: nothing unsolicited is sent until wxbot resume: %s", clockTime(b.WarningAt), b.Warning))
	}
	for _, r := range b.Rules {
		where := lang.T("everywhere")
		if len(r.Groups) > 0 {
			where = lang.T("in %s", strings.Join(r.Groups, ", "))
		}
		line(lang.T("rule off"), lang.List(lang.Raw(r.Rule), where, lang.T("since %s", clockTime(r.Since))))
	}
	for _, t := range b.Throttled {
		line(lang.T("too often"), lang.T("%s stopped by WeChat until %s", t.Action, clockTime(t.Until)))
	}
}

func clockTime(t time.Time) string { return t.Local().Format(time.DateTime) }

func newReload(con *console) *cobra.Command {
	cmd := &cobra.Command{Use: "reload", Short: "Make the running daemon load rules and plugins anew"}
	client := socketFlags(con, cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		if err := c.Reload(cmd.Context()); err != nil {
			return err
		}
		return toldDone(con, *asJSON, lang.T("loaded"))
	}
	return cmd
}
