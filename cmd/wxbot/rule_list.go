package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/control"
	"wxbot/bot/lang"
)

func newRuleList(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the rules: what each waits for, where, and how often it fired",
		Long: "list reads the rules file as check does, and asks the running daemon, if one\n" +
			"answers, how often each rule fired since its start and which are switched off\n" +
			"in WeChat.",
		Args: noArgs,
	}
	flags := configFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		if cfg.Rules == "" {
			return &failure{
				err: lang.Errorf("rule list: there is no rules.yaml"), code: exitFailure,
				hint: con.say(lang.T(`begin one with "wxbot rule new faq", or name it with --rules`)),
			}
		}
		list, err := listRules(cmd.Context(), con, cfg)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, list)
		}
		printRules(con, list)
		return nil
	}
	return cmd
}

// listedRule is one rule as rule list prints it.
type listedRule struct {
	Name    string   `json:"name"`
	Enabled bool     `json:"enabled"`           // in the file
	Off     bool     `json:"off,omitempty"`     // switched off in WeChat, everywhere
	OffIn   []string `json:"off_in,omitempty"`  // or in these groups
	Trigger string   `json:"trigger,omitempty"` // what it waits for
	Scope   string   `json:"scope,omitempty"`   // where
	Steps   string   `json:"steps"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Hits    *int     `json:"hits,omitempty"` // since the daemon's start; without a daemon there are none
}

func listRules(ctx context.Context, con *console, cfg bot.Config) ([]listedRule, error) {
	files := cfg
	files.Plugins = "" // what plugins export makes no difference here
	r, err := bot.Check(ctx, bot.Options{Config: files, Logger: zerolog.Nop()})
	if err != nil {
		return nil, err
	}
	if r.Errors() > 0 {
		for _, p := range r.Problems {
			if p.Severity == conf.Error {
				fmt.Fprintln(con.err, p.In(con.lang()))
			}
		}
		return nil, &failure{err: errSilent, code: exitFailure}
	}
	st, err := con.client(cfg).Status(ctx)
	answers := err == nil
	if err != nil && !errors.Is(err, control.ErrNoDaemon) {
		return nil, err
	}
	list := []listedRule{}
	for _, a := range r.Rules {
		l := listedRule{Name: a.Name, Enabled: a.Enabled, Trigger: a.Trigger, Scope: a.Scope, Steps: a.Steps, File: a.File, Line: a.Line}
		if answers {
			hits := st.Hits[a.Name]
			l.Hits = &hits
		}
		if i := slices.IndexFunc(st.Brakes.Rules, func(off control.RuleOff) bool { return off.Rule == a.Name }); i >= 0 {
			l.OffIn = st.Brakes.Rules[i].Groups
			l.Off = len(l.OffIn) == 0
		}
		list = append(list, l)
	}
	return list, nil
}

func printRules(con *console, list []listedRule) {
	l := con.lang()
	for i, r := range list {
		state := ""
		switch {
		case !r.Enabled:
			state = lang.T("  (off in the file)").In(l)
		case r.Off:
			state = lang.T("  (switched off)").In(l)
		case len(r.OffIn) > 0:
			state = lang.T("  (switched off in %s)", strings.Join(r.OffIn, ", ")).In(l)
		}
		hits := ""
		if r.Hits != nil {
			hits = lang.T("  fired %d times", *r.Hits).In(l)
		}
		fmt.Fprintf(con.out, "%3s. %s%s%s\n", strconv.Itoa(i+1), r.Name, state, hits)
		what := r.Trigger
		if r.Scope != "" && r.Scope != r.Trigger {
			what += "  [" + r.Scope + "]"
		}
		fmt.Fprintf(con.out, "     %s -> %s\n     %s:%d\n", what, r.Steps, filepath.Base(r.File), r.Line)
	}
	if len(list) == 0 {
		fmt.Fprintln(con.out, lang.T("no rules").In(l))
	}
}
