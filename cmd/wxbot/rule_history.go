package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aymanbagabas/go-udiff"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

func newRuleHistory(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the versions of rules and plugins that the daemon has kept",
		Long: "history lists the last 20 versions of rules and plugins that were in force and\n" +
			"had no mistake, the newest first, with what changed in each. It reads the state\n" +
			"directory; no daemon needs to run.",
		Args: noArgs,
	}
	flags := configFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		versions, err := bot.Versions(cfg.State)
		if err != nil {
			return err
		}
		list := make([]listedVersion, 0, len(versions))
		for i, v := range slices.Backward(versions) {
			was := bot.Version{}
			if i > 0 {
				was = versions[i-1]
			}
			list = append(list, listedVersion{N: v.N, At: v.At, Hash: v.Hash, Changed: changes(was, v)})
		}
		if *asJSON {
			return writeJSON(con, list)
		}
		for _, v := range list {
			fmt.Fprintf(con.out, "%4d  %s  %s  %s\n", v.N, clockTime(v.At), v.Hash, strings.Join(v.Changed, ", "))
		}
		if len(list) == 0 {
			fmt.Fprintln(con.out, con.say(lang.T("no versions are kept yet: the daemon keeps one at its start and at every change")))
		}
		return nil
	}
	return cmd
}

// listedVersion is a version as rule history prints it.
type listedVersion struct {
	N       int       `json:"n"`
	At      time.Time `json:"at"`
	Hash    string    `json:"hash"`
	Changed []string  `json:"changed"` // a file each, with the lines that came and went
}

// changes tells, a file each, what is different in a version.
func changes(was, is bot.Version) []string {
	out := []string{}
	for _, name := range filesOf(was, is) {
		old, had := was.Files[name]
		now, has := is.Files[name]
		switch {
		case old == now && had == has:
		case !had:
			out = append(out, name+" new")
		case !has:
			out = append(out, name+" gone")
		default:
			came, went := 0, 0
			for line := range strings.Lines(udiff.Unified("", "", old, now)) {
				switch {
				case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
				case line[0] == '+':
					came++
				case line[0] == '-':
					went++
				}
			}
			out = append(out, fmt.Sprintf("%s +%d -%d", name, came, went))
		}
	}
	return out
}

func filesOf(some ...bot.Version) []string {
	names := map[string]bool{}
	for _, v := range some {
		for name := range v.Files {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func newRuleDiff(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff [N [M]]",
		Short: "Show what changed between versions, or since one",
		Long: "diff compares version N with version M, or with the files as they are now. N is\n" +
			"the newest version unless it is given. Numbers are those of rule history.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return usage(lang.Errorf("unexpected argument %q", args[2]))
			}
			return nil
		},
	}
	flags := configFlags(cmd)
	cmd.ValidArgsFunction = versionNumbers(con, flags, 2)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		was, err := version(cfg, args, 0)
		if err != nil {
			return err
		}
		var is bot.Version
		if len(args) > 1 {
			is, err = version(cfg, args, 1)
		} else {
			is, err = bot.Present(cfg, was)
		}
		if err != nil {
			return err
		}
		printDiff(con, was, is)
		return nil
	}
	return cmd
}

func printDiff(con *console, was, is bot.Version) {
	label := func(v bot.Version, name string) string {
		if _, has := v.Files[name]; !has {
			return "/dev/null"
		}
		if v.N == 0 {
			return name
		}
		return name + "@" + strconv.Itoa(v.N)
	}
	for _, name := range filesOf(was, is) {
		fmt.Fprint(con.out, udiff.Unified(label(was, name), label(is, name), was.Files[name], is.Files[name]))
	}
}

// version finds the version that an argument names; without one, the newest.
func version(cfg bot.Config, args []string, i int) (bot.Version, error) {
	versions, err := bot.Versions(cfg.State)
	if err != nil {
		return bot.Version{}, err
	}
	if len(versions) == 0 {
		return bot.Version{}, lang.Errorf("no versions are kept in %s", cfg.State)
	}
	if i >= len(args) {
		return versions[len(versions)-1], nil
	}
	n, err := strconv.Atoi(args[i])
	if err != nil {
		return bot.Version{}, usage(lang.Errorf("%q is no number of a version", args[i]))
	}
	for _, v := range versions {
		if v.N == n {
			return v, nil
		}
	}
	return bot.Version{}, lang.Errorf("version %d is not kept: there are %d to %d", n, versions[0].N, versions[len(versions)-1].N)
}

func newRuleRestore(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore N",
		Short: "Put the files of an earlier version back",
		Long: "restore checks version N of rule history and puts its files in place. What is\n" +
			"there now and differs is kept beside it as FILE.bak; so are plugins that the\n" +
			"version does not have. A running daemon loads them by itself.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(lang.Errorf("want the number of one version; rule history lists them"))
			}
			return nil
		},
	}
	flags := configFlags(cmd)
	cmd.ValidArgsFunction = versionNumbers(con, flags, 1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		v, err := version(cfg, args, 0)
		if err != nil {
			return err
		}
		problems, err := bot.CheckVersion(cmd.Context(), bot.Options{Config: cfg, Logger: zerolog.Nop()}, v)
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			printProblems(con, problems)
			return &failure{err: lang.Errorf("version %d has mistakes here, and nothing was changed", v.N), code: exitFailure}
		}
		changed, err := bot.RestoreVersion(cfg, v)
		for _, name := range changed {
			fmt.Fprintln(con.out, name)
		}
		if err == nil && len(changed) == 0 {
			fmt.Fprintln(con.out, con.say(lang.T("nothing differs")))
		}
		return err
	}
	return cmd
}

func printProblems(con *console, problems []conf.Problem) {
	for _, p := range problems {
		fmt.Fprintln(con.out, p.In(con.lang()))
	}
}
