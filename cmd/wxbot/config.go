package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wxbot/bot/conf"
	"wxbot/bot/control"
	"wxbot/bot/lang"
)

func newConfig(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print the settings in force and where each came from",
		Long: "config prints every key of wxbot.yaml with the value that is in force and where it\n" +
			"came from: a flag, a variable, a line of the file, or the default. It asks the\n" +
			"running daemon. If none answers, or with any flag besides --socket, --state,\n" +
			"--config and --json, it tells what run would do with these flags. Secrets are\n" +
			"left out.",
	}
	flags := configFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		out := configPrinted{Config: control.Config{Settings: cfg.Settings()}}
		if !changesConfig(cmd.Flags()) {
			running, err := con.client(cfg).Config(cmd.Context())
			switch {
			case err == nil:
				out = configPrinted{Config: running, Running: true}
			case !errors.Is(err, control.ErrNoDaemon):
				return err
			}
		}
		if *asJSON {
			return writeJSON(con, out)
		}
		printConfig(con, out)
		return nil
	}
	return cmd
}

// configPrinted is what config --json prints. Running tells that a daemon said so.
type configPrinted struct {
	Running bool `json:"running"`
	control.Config
}

// changesConfig tells whether flags say more than where to find a daemon.
func changesConfig(flags *pflag.FlagSet) bool {
	changes := false
	flags.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "socket", "state", "config", "json":
		default:
			changes = true
		}
	})
	return changes
}

// valueColumns is the longest value that others are aligned with.
const valueColumns = 40

func printConfig(con *console, c configPrinted) {
	if c.Running {
		fmt.Fprintln(con.out, con.say(lang.T("# of the running daemon")))
	} else {
		fmt.Fprintln(con.out, con.say(lang.T("# as wxbot run would start")))
	}
	keys, values := 0, 0
	for _, s := range c.Settings {
		keys = max(keys, len(s.Key))
		if w := conf.DisplayWidth(settingText(s.Value)); w <= valueColumns {
			values = max(values, w)
		}
	}
	for _, s := range c.Settings {
		where := s.Source
		if s.Where != "" {
			where = s.Where
		}
		fmt.Fprintf(con.out, "%s  %s  # %s\n", pad(s.Key+":", keys+1), pad(settingText(s.Value), values), where)
	}
}

// settingText writes a value in a line. What a daemon says has been through JSON.
func settingText(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "-"
		}
		return v
	case []string:
		return listText(v)
	case []any:
		texts := make([]string, len(v))
		for i, x := range v {
			texts[i] = fmt.Sprint(x)
		}
		return listText(texts)
	case control.HistorySetting:
		return fmt.Sprintf("{keep: %s, days: %s, max: %s}", v.Keep, v.Days, v.Max)
	case map[string]any:
		return fmt.Sprintf("{keep: %v, days: %v, max: %v}", v["keep"], v["days"], v["max"])
	}
	return fmt.Sprint(v)
}

func listText(texts []string) string {
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, ", ")
}
