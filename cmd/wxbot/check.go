package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/event"
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
		cfg, err := loadConfig(flags)
		if err != nil {
			return err
		}
		if *mend && *asJSON {
			return usage(errors.New("--fix prints what it does, and no JSON"))
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
	file := func(name, path string) {
		if path == "" {
			path = "none"
		}
		fmt.Fprintf(con.out, "%-9s%s\n", name, path)
	}
	file("config", cfg.File)
	file("rules", cfg.Rules)
	file("plugins", cfg.Plugins)
	file("state", cfg.State)
	file("login", loginText(r.Capabilities))
	if r.Mode != "" {
		mode := r.Mode
		if mode == "trial" {
			mode += of(con.lang(), " (everything is decided and logged, nothing is sent)", "（只判断和记录，不发送）")
		}
		file("mode", mode)
	}
	printAnswers(con, r)
	errs := r.Errors()
	fmt.Fprintf(con.out, "\n%d rules, %d plugins: %d errors, %d warnings\n",
		len(r.Rules), len(r.Plugins), errs, len(r.Problems)-errs)
}

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
	for _, a := range r.Rules {
		off := ""
		if !a.Enabled {
			off = "  (off)"
		}
		fmt.Fprintf(con.out, "rule    %s  %s: %s%s\n", pad(a.Name, width), a.Scope, a.Steps, off)
	}
	for _, p := range r.Plugins {
		fmt.Fprintf(con.out, "plugin  %s  %s\n", pad(p.Name, width), pluginSays(p))
	}
}

func pluginSays(p luahost.Info) string {
	says := whatPluginDoes(p)
	if len(p.Reaches) > 0 {
		says += "  reaches " + strings.Join(p.Reaches, ", ")
	}
	return says
}

func whatPluginDoes(p luahost.Info) string {
	switch {
	case p.Problem != "":
		return "off: " + p.Problem
	case !p.Running:
		return "(off)"
	case len(p.Commands) > 0:
		return fmt.Sprintf("%s  command %s: %s", p.Version, strings.Join(p.Commands, ", "), p.About)
	}
	return p.Version + "  " + p.About
}
