package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

func newPlugin(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "List plugins, start a new one, show options, resume a paused one",
		RunE: func(*cobra.Command, []string) error {
			return usage(lang.Errorf("plugin: which command? there are: list, new, config, resume"))
		},
	}
	cmd.AddCommand(newPluginList(con), newPluginNew(con), newPluginConfig(con), newPluginResume(con))
	return cmd
}

func newPluginList(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the plugins of the running daemon, or of a directory",
		Long: "list asks the running daemon. If none answers, or with --plugins, it loads the\n" +
			"directory as check does and tells what would run.",
		Args: noArgs,
	}
	flags := configFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		named := flags.Plugins != ""
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		list, err := listPlugins(cmd.Context(), con, cfg, named)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, list)
		}
		for _, p := range list {
			fmt.Fprintln(con.out, con.say(pluginLine(p)))
			if p.About != "" {
				fmt.Fprintf(con.out, "    %s\n", strings.ReplaceAll(p.About, "\n", "\n    "))
			}
			if len(p.Reaches) > 0 {
				fmt.Fprintf(con.out, "    %s\n", con.say(lang.T("reaches %s", strings.Join(p.Reaches, ", "))))
			}
		}
		if len(list) == 0 {
			fmt.Fprintln(con.out, con.say(lang.T("no plugins")))
		}
		return nil
	}
	return cmd
}

// listPlugins asks the daemon, or loads the files where there is none or files says
// so.
func listPlugins(ctx context.Context, con *console, cfg bot.Config, files bool) ([]control.Plugin, error) {
	if !files {
		st, err := con.client(cfg).Status(ctx)
		if err == nil || !errors.Is(err, control.ErrNoDaemon) {
			return st.Plugins, err
		}
	}
	if cfg.Plugins == "" {
		return nil, nil
	}
	infos, problems := luahost.Check(ctx, luahost.Options{Dir: cfg.Plugins, Logger: zerolog.Nop()})
	var out []control.Plugin
	for _, i := range infos {
		out = append(out, control.Plugin{
			Name: i.Name, Version: i.Version, About: i.About, Running: i.Running, Problem: con.say(i.Problem), Commands: i.Commands, Reaches: i.Reaches,
		})
	}
	for _, p := range problems {
		if p.Plugin == luahost.EveryPlugin {
			return out, p.All().Err()
		}
	}
	return out, nil
}

// pluginLine is one plugin in one line: "weather 1.0.0 (running; newer file fails: …)".
func pluginLine(p control.Plugin) lang.Text {
	state := lang.T("running")
	switch {
	case p.Paused != "":
		state = lang.T("paused: %s", p.Paused)
	case !p.Running:
		state = lang.T("off")
	}
	switch {
	case p.Problem != "" && p.Running:
		state = lang.T("%s; newer file fails: %s", state, p.Problem)
	case p.Problem != "":
		state = lang.T("%s: %s", state, p.Problem)
	}
	name := p.Name
	if p.Version != "" {
		name += " " + p.Version
	}
	return lang.T("%s (%s)", name, state)
}

func newPluginResume(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resume NAME",
		Short: "Start a plugin of the running daemon anew that was paused after errors",
		Long: "resume starts a plugin anew that the daemon paused because it failed again and\n" +
			"again. What it kept in bot.state is kept. Editing its file does the same.",
		Args: onePlugin,
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, pausedPlugins)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		if err := c.ResumePlugin(cmd.Context(), args[0]); err != nil {
			return err
		}
		return toldDone(con, *asJSON, lang.T("resumed"))
	}
	return cmd
}

// onePlugin requires the name of a plugin.
func onePlugin(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return usage(lang.Errorf("which plugin? one name is needed"))
	}
	return nil
}
