package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

func newPluginConfig(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config NAME",
		Short: "Print the options of a plugin, as plugins.yaml has them",
		Long: "config prints every option that a plugin declares, with its type, its default and\n" +
			"what it is for, in the form that plugins.yaml takes. Those that plugins.yaml sets\n" +
			"have their value, except secrets; the others are comments with the default.",
		Args: onePlugin,
	}
	flags := configFlags(cmd)
	cmd.ValidArgsFunction = pluginFiles(con, flags)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		options, err := pluginOptions(con, cfg, args[0])
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, options)
		}
		writeOptions(con.out, args[0], options)
		return nil
	}
	return cmd
}

func pluginOptions(con *console, cfg bot.Config, name string) ([]luahost.Option, error) {
	if cfg.Plugins == "" {
		return nil, noPlugins(con, "plugin config")
	}
	options, err := luahost.DeclaredOptions(luahost.Options{Dir: cfg.Plugins, Logger: zerolog.Nop()}, name)
	if err != nil {
		return nil, fmt.Errorf("plugin config: %w", err)
	}
	if options == nil {
		options = []luahost.Option{} // for JSON
	}
	return options, nil
}

// noPlugins is the error of a command that needs a plugin directory.
func noPlugins(con *console, what string) error {
	return &failure{
		err: errors.New(what + ": there is no plugin directory"), code: exitFailure,
		hint: con.say(lang.T(`make one with "mkdir plugins", or name it with --plugins`)),
	}
}

// writeOptions writes options as a piece of plugins.yaml.
func writeOptions(w io.Writer, name string, options []luahost.Option) {
	fmt.Fprintf(w, "plugins:\n  %s:\n", conf.Written(name))
	if len(options) == 0 {
		fmt.Fprintln(w, "    # no options")
		return
	}
	head := "    # config:" // a map of comments alone would be none
	if slices.ContainsFunc(options, func(o luahost.Option) bool { return o.Set && !o.Secret }) {
		head = "    config:"
	}
	fmt.Fprintln(w, head)
	for _, o := range options {
		for line := range strings.Lines(o.About) {
			fmt.Fprintf(w, "      # %s\n", strings.TrimRight(line, "\n"))
		}
		fmt.Fprintf(w, "      # %s\n", traits(o))
		switch {
		case o.Secret && o.Set:
			fmt.Fprintf(w, "      # %s: it is set, and not shown\n", conf.Written(o.Name))
		case o.Set:
			fmt.Fprintf(w, "      %s: %s\n", conf.Written(o.Name), yamlValue(o.Value))
		default:
			fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("      # %s: %s", conf.Written(o.Name), yamlValue(o.Default)), " "))
		}
	}
}

// traits tells what an option takes: "integer, from 1 to 6, default 2".
func traits(o luahost.Option) string {
	parts := []string{o.Type}
	if len(o.Values) > 0 {
		parts = append(parts, "one of "+strings.Join(o.Values, " "))
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case o.Min != nil && o.Max != nil:
		parts = append(parts, "from "+number(*o.Min)+" to "+number(*o.Max))
	case o.Min != nil:
		parts = append(parts, "at least "+number(*o.Min))
	case o.Max != nil:
		parts = append(parts, "at most "+number(*o.Max))
	}
	switch {
	case o.Required && o.Default == nil && o.Set:
		parts = append(parts, "required")
	case o.Required && o.Default == nil:
		parts = append(parts, "required, not set")
	case o.Default != nil:
		parts = append(parts, "default "+yamlValue(o.Default))
	}
	if o.Secret {
		parts = append(parts, "secret")
	}
	return strings.Join(parts, ", ")
}

// yamlValue writes a text or a list of texts on one line.
func yamlValue(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = yamlValue(v[i])
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any: // what is not right is not there
		return "[]"
	}
	return conf.Written(fmt.Sprint(v))
}
