package main

import (
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/control"
)

// configFlags are the flags of run and of every command that must find the same
// files.
func configFlags(cmd *cobra.Command) *bot.Config {
	c := &bot.Config{}
	f := cmd.Flags()
	f.StringVar(&c.Rules, "rules", "", "rules file (default: rules.yaml in the working or configuration directory)")
	f.StringVar(&c.Plugins, "plugins", "", "plugin directory (default: plugins, likewise)")
	f.StringVar(&c.State, "state", "", "state directory (default: $XDG_STATE_HOME/wxbot)")
	f.StringVar(&c.File, "config", "", "wxbot.yaml (default: searched like the rules)")
	choiceFlag(cmd, &c.Mode, "mode", []string{"web", "desktop", "filehelper"}, "how to log in: web; desktop, for which accounts get restricted; or filehelper, in which only 文件传输助手 is answered")
	f.StringVar(&c.Server, "server", "", "URL that every connection goes to instead of WeChat, such as a simulator's")
	f.StringVar(&c.Socket, "socket", "", "control socket (default: wxbot.sock in $RUNTIME_DIRECTORY or the state directory)")
	f.StringVar(&c.SocketGroup, "socket-group", "", "group whose members may use the control socket too (default: none)")
	f.StringVar(&c.Listen, "listen", "", "address of health and metrics over HTTP, such as 127.0.0.1:9273 (default: none)")
	choiceFlag(cmd, &c.Speaks, "language", []string{"en", "zh"}, "language of what is said to people: en or zh (default: by the locale; in WeChat zh)")
	choiceFlag(cmd, &c.LogLevel, "log-level", []string{"debug", "info", "warn", "error"}, "what is logged (default info)")
	choiceFlag(cmd, &c.LogFormat, "log-format", []string{"auto", "json", "console"}, "how it is logged (default auto: console on a terminal, else json)")
	return c
}

// loadConfig settles the configuration of this process, and the language in which
// it speaks.
func loadConfig(con *console, flags *bot.Config) (bot.Config, error) {
	env, err := bot.ProcessEnvironment()
	if err != nil {
		return bot.Config{}, err
	}
	cfg, err := bot.LoadConfig(*flags, env)
	con.language = cfg.Language()
	return cfg, err
}

// client makes a client of the daemon of a configuration, which answers in the
// language of the person who asks.
func (c *console) client(cfg bot.Config) *control.Client {
	client := control.NewClient(cfg.Socket)
	client.Language = c.lang()
	return client
}
