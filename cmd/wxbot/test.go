package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

func newTest(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [PLUGIN]",
		Short: "Run the tests of rules and plugins",
		Long: "test runs the tests: of the rules, and those beside the plugins: NAME_test.lua, or\n" +
			"NAME/tests/*_test.lua for a folder. With PLUGIN, only those of one plugin. Each runs\n" +
			"with the plugin in a world of its own, without network, on a clock of its own. The\n" +
			"output is TAP; the exit code is 1 if a test fails. With --watch they run again at\n" +
			"every change of a file.",
		Args: onePluginAtMost,
	}
	flags := configFlags(cmd)
	cmd.ValidArgsFunction = pluginFiles(con, flags)
	watch := cmd.Flags().Bool("watch", false, "run the tests again whenever a file changes, until Ctrl-C")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		if *watch {
			return watchTests(cmd.Context(), con, cfg, first(args))
		}
		return runTests(cmd.Context(), con, cfg, first(args))
	}
	return cmd
}

// runTests runs the tests of the rules and all plugins, or those of one.
func runTests(ctx context.Context, con *console, cfg bot.Config, plugin string) error {
	r := &tap{con: con}
	if plugin == "" {
		if err := testRules(ctx, r, cfg); err != nil {
			return err
		}
	}
	if err := testPlugins(ctx, r, cfg, plugin); err != nil {
		return err
	}
	return r.end()
}

// clearScreen empties a terminal, what was scrolled away too.
const clearScreen = "\x1b[H\x1b[2J\x1b[3J"

// watchTests runs the tests at every change until ctx ends, which is no failure.
func watchTests(ctx context.Context, con *console, cfg bot.Config, plugin string) error {
	return bot.Watch(ctx, cfg, zerolog.New(con.err).Level(zerolog.WarnLevel), func(ctx context.Context) {
		if con.colours(con.outTerm) {
			fmt.Fprint(con.out, clearScreen)
		}
		if err := runTests(ctx, con, cfg, plugin); ctx.Err() == nil {
			con.report("test", err)
			fmt.Fprintln(con.err, con.say(lang.T("waiting for changes; Ctrl-C ends")))
		}
	})
}

func onePluginAtMost(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage(lang.Errorf("unexpected argument %q", args[1]))
	}
	return nil
}

// tap writes outcomes as the Test Anything Protocol.
type tap struct {
	con    *console
	n, bad int
}

func (t *tap) outcome(ok bool, name string, details ...string) {
	if t.n == 0 {
		fmt.Fprintln(t.con.out, "TAP version 13")
	}
	t.n++
	word := "ok"
	if !ok {
		word = "not ok"
		t.bad++
	}
	fmt.Fprintf(t.con.out, "%s %d - %s\n", word, t.n, strings.ReplaceAll(name, "#", `\#`))
	for _, d := range details {
		t.note(d)
	}
}

func (t *tap) note(text string) {
	fmt.Fprintln(t.con.out, "# "+strings.ReplaceAll(text, "\n", "\n# "))
}

func (t *tap) end() error {
	fmt.Fprintf(t.con.out, "1..%d\n", t.n)
	if t.bad > 0 {
		fmt.Fprintln(t.con.err, "wxbot: "+t.con.say(lang.T("%d of %d tests failed", t.bad, t.n)))
		return &failure{err: errSilent, code: exitFailure}
	}
	return nil
}

// testRules checks the rules, which runs their tests.
func testRules(ctx context.Context, t *tap, cfg bot.Config) error {
	if cfg.Rules == "" {
		return nil
	}
	cfg.Plugins = "" // what rules call is none of their tests' business
	r, err := bot.Check(ctx, bot.Options{Config: cfg, Logger: zerolog.Nop()})
	if err != nil {
		return err
	}
	var problems []string
	for _, p := range r.Problems {
		if p.Severity == conf.Error {
			problems = append(problems, p.In(t.con.lang()))
		}
	}
	t.outcome(len(problems) == 0, "rules: "+cfg.Rules, problems...)
	return nil
}

func testPlugins(ctx context.Context, t *tap, cfg bot.Config, only string) error {
	if cfg.Plugins == "" {
		if only != "" {
			return lang.Errorf("test: there is no plugin directory; name it with --plugins")
		}
		return nil
	}
	return luahost.Test(ctx, luahost.TestOptions{Dir: cfg.Plugins, Plugin: only, Print: t.note, Language: t.con.lang(), Report: func(r luahost.Trial) {
		name := r.Name
		if !strings.HasPrefix(name, r.Plugin) {
			name = strings.TrimSpace(r.Plugin + ": " + name)
		}
		switch {
		case r.Missing && only != "":
			t.outcome(false, r.Plugin, r.File+": "+t.con.say(lang.T("the plugin has no tests")))
		case r.Missing:
			t.note(t.con.say(lang.T("%s has no tests", r.Plugin)))
		case r.Problem == "":
			t.outcome(true, name)
		case r.Line > 0:
			t.outcome(false, name, fmt.Sprintf("%s:%d: %s", r.File, r.Line, r.Problem))
		default:
			t.outcome(false, name, r.File+": "+r.Problem)
		}
	}})
}
