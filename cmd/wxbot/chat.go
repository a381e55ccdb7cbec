package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/clock"
	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/bot/trace"
	"wxbot/wx/wxtest"
)

func newChat(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "chat",
		Short: "Talk to the rules and plugins in the terminal, as several people",
		Long: "chat runs the daemon on a simulated WeChat, with your rules and plugins and a state\n" +
			"of its own that is thrown away. What you type is written by one of the people:\n" +
			"\"小明: 多少钱\" in private, \"小明@客户一群: 多少钱\" in a group, \"我: /状态\" from the\n" +
			"account's own phone; without a name it is the same person as before. Answers come\n" +
			"without pauses, and in trial mode as well. Edit the rules meanwhile: they are loaded\n" +
			"when they change. Nothing leaves this machine but what plugins and webhooks ask for.\n\n" +
			"With --plugin it is a talk with that plugin alone, without daemon and rules, in the\n" +
			"world that its tests have: time can be let pass, and nothing leaves the machine\n" +
			"unless --http says so. Its configuration and grants are those of plugins.yaml.",
	}
	flags := configFlags(cmd)
	c := &chat{con: con}
	f := cmd.Flags()
	f.StringVar(&c.as, "as", "小明", "who writes")
	f.StringVar(&c.in, "in", "", "group that it is written in (default: a private chat)")
	f.StringVar(&c.at, "at", "", `time at which it begins, as "2026-01-05 20:00" (default: now)`)
	f.StringVar(&c.plugin, "plugin", "", "talk to this plugin alone")
	f.StringArrayVar(&c.set, "set", nil, "with --plugin: an option of the plugin's, as key=value; repeat a key for a list")
	f.BoolVar(&c.http, "http", false, "with --plugin: let it reach the network, where header and plugins.yaml let it")
	f.BoolVar(&c.verbose, "verbose", false, "write the daemon's log to standard error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		if c.plugin == "" && (c.http || len(c.set) > 0) {
			return usage(lang.Errorf("chat: --set and --http are for --plugin"))
		}
		return c.run(cmd.Context(), cfg)
	}
	return cmd
}

// chat is one run of the command.
type chat struct {
	con        *console
	as, in, at string
	verbose    bool

	plugin string // the only one
	set    []string
	http   bool
}

// run makes the simulated WeChat and a state directory, and undoes both at the end.
func (c *chat) run(ctx context.Context, cfg bot.Config) (err error) {
	zone, err := bot.RulesZone(cfg)
	if err != nil {
		return err
	}
	clk, begin := clock.Clock{}, time.Now()
	if c.at != "" {
		if begin, err = time.ParseInLocation("2006-01-02 15:04", c.at, zone); err != nil {
			return usage(lang.Errorf("time %q is not like 2026-01-05 20:00", c.at))
		}
		clk = clock.Fast(begin, 1)
	}
	if c.plugin != "" {
		return c.withPlugin(ctx, cfg, begin.In(zone))
	}
	dir, err := os.MkdirTemp("", "wxbot-chat-")
	if err != nil {
		return fmt.Errorf("chat: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	srv, err := wxtest.Start(wxtest.Config{
		Now: func() time.Time { return clk.Now().In(zone) }, Self: wxtest.Person{NickName: botName},
		// Cookies end by the simulator's clock but are judged by the client's, which
		// is the real one.
		SessionLife: max(time.Since(begin), 0) + 30*24*time.Hour,
	})
	if err != nil {
		return lang.Errorf("chat: simulator: %s", err)
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	st := newStage(c.con, srv, clk, cfg.Rules)
	st.paper.zone = zone
	defer st.close()
	return c.withDaemon(ctx, st, bot.Config{
		Rules: cfg.Rules, Plugins: cfg.Plugins, State: filepath.Join(dir, "state"), Mode: bot.ModeWeb,
	})
}

// withDaemon runs the daemon beside the talk and stops it afterwards.
func (c *chat) withDaemon(ctx context.Context, st *stage, cfg bot.Config) error {
	notices := make(chan bot.Notice, noticeBound)
	last := &lastLines{}
	logger := (&demo{con: c.con, verbose: c.verbose}).logger(last)
	if !c.verbose {
		logger = logger.Level(zerolog.ErrorLevel)
	}
	daemon, err := bot.New(bot.Options{
		Config: cfg, Clock: st.clock, Logger: logger, Transport: st.srv.Transport(), ForceLive: true, Unpaced: true,
		Version: readBuild().Version,
		Observe: func(n bot.Notice) { notices <- n }, // read until the daemon has ended
	})
	if err != nil {
		return fmt.Errorf("chat: %w", err)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(running) }() // waited for below
	st.notices, st.ended = notices, ended
	talk := &chatTalk{stage: st, why: func(ctx context.Context, id string) (trace.View, bool, error) {
		views, err := daemon.Traces(ctx, control.TraceQuery{ID: id, N: 1, Language: c.con.lang()})
		if err != nil || len(views) == 0 {
			return trace.View{}, false, err
		}
		return views[0], true, nil
	}}
	err = talk.begin(ctx, c.as, c.in)
	if err == nil {
		err = talk.run(ctx, c.con)
	}
	stop()
	if !st.over {
		err = errors.Join(err, drain(notices, ended))
	}
	if err != nil && !c.verbose {
		last.print(c.con.err)
	}
	return err
}
