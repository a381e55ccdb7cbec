package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

func newCheck(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, rules and plugins as run would load them",
		Long: "check loads everything as run does with the same flags, and runs nothing. It\n" +
			"prints each problem with its place, then what would answer whom. Exit code 1:\n" +
			"errors, or warnings with --strict.",
	}
	flags := configFlags(cmd)
	strict := cmd.Flags().Bool("strict", false, "treat warnings as errors")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	mend := cmd.Flags().Bool("fix", false, "first mend slips in the rules of which there is no doubt, and keep the old file")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		if *mend && *asJSON {
			return usage(lang.Errorf("--fix prints what it does, and no JSON"))
		}
		if *mend {
			if err := fix(con, cfg); err != nil {
				return err
			}
		}
		return check(cmd.Context(), con, cfg, *strict, *asJSON)
	}
	return cmd
}

// checked is what check --json prints.
type checked struct {
	Config   string             `json:"config,omitempty"`
	Rules    string             `json:"rules_file,omitempty"`
	Plugins  string             `json:"plugins_dir,omitempty"`
	State    string             `json:"state_dir"`
	Mode     string             `json:"mode,omitempty"` // of the rules
	Login    event.Capabilities `json:"login"`
	Errors   int                `json:"errors"`
	Warnings int                `json:"warnings"`
	Problems []checkedProblem   `json:"problems"`
	Answers  []bot.RuleReport   `json:"answers"`
}

type checkedProblem struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	Text     string `json:"text"`
	Hint     string `json:"hint,omitempty"`
}

func check(ctx context.Context, con *console, cfg bot.Config, strict, asJSON bool) error {
	r, err := bot.Check(ctx, bot.Options{Config: cfg, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	errs := r.Errors()
	warnings := len(r.Problems) - errs
	if asJSON {
		err = writeJSON(con, asChecked(con, cfg, r))
	} else {
		printReport(con, cfg, r)
	}
	if err == nil && (errs > 0 || strict && warnings > 0) {
		err = &failure{err: errSilent, code: exitFailure}
	}
	return err
}

func asChecked(con *console, cfg bot.Config, r *bot.Report) checked {
	c := checked{
		Config: cfg.File, Rules: cfg.Rules, Plugins: cfg.Plugins, State: cfg.State, Mode: r.Mode, Login: r.Capabilities,
		Errors: r.Errors(), Problems: []checkedProblem{}, Answers: r.Rules,
	}
	c.Warnings = len(r.Problems) - c.Errors
	for _, p := range r.Problems {
		severity := "warning"
		if p.Severity == conf.Error {
			severity = "error"
		}
		c.Problems = append(c.Problems, checkedProblem{
			File: p.File, Line: p.Line, Column: p.Col, Severity: severity, Text: p.Text.In(con.lang()), Hint: p.Hint.In(con.lang()),
		})
	}
	return c
}

func printReport(con *console, cfg bot.Config, r *bot.Report) {
	for _, p := range r.Problems {
		fmt.Fprintln(con.out, p.In(con.lang()))
	}
	if len(r.Problems) > 0 {
		fmt.Fprintln(con.out)
	}
	line := func(name, what lang.Text) {
		fmt.Fprintf(con.out, "%s%s\n", pad(con.say(name), checkColumns), con.say(what))
	}
	file := func(name lang.Text, path string) {
		if path == "" {
			line(name, lang.T("none"))
			return
		}
		line(name, lang.Raw(path))
	}
	file(lang.T("config"), cfg.File)
	file(lang.T("rules"), cfg.Rules)
	file(lang.T("plugins"), cfg.Plugins)
	file(lang.T("state"), cfg.State)
	line(lang.T("login"), loginText(r.Capabilities))
	if r.Mode != "" {
		mode := lang.Raw(r.Mode)
		if r.Mode == "trial" {
			mode = lang.T("trial (everything is decided and logged, nothing is sent)")
		}
		line(lang.T("mode"), mode)
	}
	printAnswers(con, r)
	errs := r.Errors()
	fmt.Fprintln(con.out)
	fmt.Fprintln(con.out, con.say(lang.T("%d rules, %d plugins: %d errors, %d warnings",
		len(r.Rules), len(r.Plugins), errs, len(r.Problems)-errs)))
}

// checkColumns is how wide the names of what check lists are.
const checkColumns = 9

// printAnswers lists what would answer whom.
func printAnswers(con *console, r *bot.Report) {
	width := 0
	for _, a := range r.Rules {
		width = max(width, conf.DisplayWidth(a.Name))
	}
	for _, p := range r.Plugins {
		width = max(width, conf.DisplayWidth(p.Name))
	}
	if len(r.Rules) > 0 {
		fmt.Fprintln(con.out)
	}
	const kindColumns = 8
	rule, plugin := pad(con.say(lang.T("rule")), kindColumns), pad(con.say(lang.T("plugin")), kindColumns)
	for _, a := range r.Rules {
		off := ""
		if !a.Enabled {
			off = "  " + con.say(lang.T("(off)"))
		}
		fmt.Fprintf(con.out, "%s%s  %s: %s%s\n", rule, pad(a.Name, width), a.Scope, a.Steps, off)
	}
	for _, p := range r.Plugins {
		fmt.Fprintf(con.out, "%s%s  %s\n", plugin, pad(p.Name, width), con.say(pluginSays(p)))
	}
}

func pluginSays(p luahost.Info) lang.Text {
	says := whatPluginDoes(p)
	if len(p.Reaches) > 0 {
		says = lang.T("%s  reaches %s", says, strings.Join(p.Reaches, ", "))
	}
	return says
}

func whatPluginDoes(p luahost.Info) lang.Text {
	switch {
	case !p.Problem.IsZero():
		return lang.T("off: %s", p.Problem)
	case !p.Running:
		return lang.T("(off)")
	case len(p.Commands) > 0:
		return lang.T("%s  command %s: %s", p.Version, strings.Join(p.Commands, ", "), p.About)
	}
	return lang.Raw(p.Version + "  " + p.About)
}
