package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot"
	"wxbot/bot"
	"wxbot/bot/clock"
	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// demoRate is how many times as fast as real time the demo's clock goes.
const demoRate = 20

// demoStart is the moment at which every demo begins: a Monday morning in China,
// so that nothing in it depends on the day it is run.
func demoStart() time.Time {
	return time.Date(2026, 1, 5, 10, 0, 0, 0, time.FixedZone("CST", 8*60*60))
}

func newDemo(con *console) *cobra.Command {
	var script, verbose bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the bot at work on a simulated WeChat, without an account",
		Long: "demo runs a simulated WeChat and the daemon in one process, on temporary copies\n" +
			"of the shipped rules and plugins. It needs no account, network or settings, and\n" +
			"looks at none. A conversation is played; then, on a terminal, you type as a\n" +
			"friend of the bot's. With --script it plays only, and exits 0 only if every\n" +
			"expected answer came.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{con: con, verbose: verbose, scenes: scenes()}
			return d.run(cmd.Context(), con.inTerm && !script)
		},
	}
	cmd.Flags().BoolVar(&script, "script", false, "play the conversation and end")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "write the daemon's log to standard error")
	return cmd
}

// demo is one run of the demo.
type demo struct {
	con     *console
	verbose bool
	scenes  []scene
}

// run plays the conversation, then lets a person take part if talk is set.
func (d *demo) run(ctx context.Context, talk bool) (err error) {
	dir, err := os.MkdirTemp("", "wxbot-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.CopyFS(dir, wxbot.Shipped()); err != nil {
		return lang.Errorf("demo: copy rules and plugins: %s", err)
	}
	clk := clock.Fast(demoStart(), demoRate)
	srv, err := wxtest.Start(wxtest.Config{
		Now:  func() time.Time { return clk.Now().In(demoStart().Location()) },
		Self: wxtest.Person{NickName: botName},
		// Cookies end by the simulator's clock but are judged by the client's,
		// which is the real one.
		SessionLife: max(time.Since(demoStart()), 0) + 24*time.Hour,
	})
	if err != nil {
		return lang.Errorf("demo: simulator: %s", err)
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	return d.withDaemon(ctx, dir, clk, srv, talk)
}

// withDaemon runs the daemon beside the play and stops it afterwards.
func (d *demo) withDaemon(ctx context.Context, dir string, clk clock.Clock, srv *wxtest.Server, talk bool) error {
	notices := make(chan bot.Notice, noticeBound)
	last := &lastLines{}
	daemon, err := bot.New(bot.Options{
		Config: bot.Config{
			Rules: filepath.Join(dir, "rules.yaml"), Plugins: filepath.Join(dir, "plugins"),
			State: filepath.Join(dir, "state"), Mode: bot.ModeWeb,
		},
		Clock: clk, Logger: d.logger(last), Transport: srv.Transport(), ForceLive: true, Version: readBuild().Version,
		Observe: func(n bot.Notice) { notices <- n }, // read until the daemon has ended
	})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- daemon.Run(running) }() // waited for below

	st := newStage(d.con, srv, clk, filepath.Join(dir, "rules.yaml"))
	st.notices, st.ended = notices, ended
	defer st.close()
	err = st.play(ctx, d.scenes)
	if err == nil && talk {
		err = st.talk(ctx, d.con.in)
	}
	stop()
	if !st.over {
		err = errors.Join(err, drain(notices, ended))
	}
	for _, p := range srv.Problems() {
		err = errors.Join(err, lang.Errorf("demo: the simulator saw a wrong request: %s", p))
	}
	if err != nil && !d.verbose {
		last.print(d.con.err)
	}
	return err
}

// drain waits for the daemon's end and takes its notices meanwhile, so that it
// never waits for a reader who has gone.
func drain(notices <-chan bot.Notice, ended <-chan error) error {
	for {
		select {
		case err := <-ended:
			return err
		case <-notices:
		}
	}
}

func (d *demo) logger(last *lastLines) zerolog.Logger {
	var w io.Writer = last
	level := zerolog.WarnLevel
	if d.verbose {
		w, level = d.con.err, zerolog.DebugLevel
	}
	return zerolog.New(zerolog.ConsoleWriter{Out: w, NoColor: true, TimeFormat: "15:04:05.000"}).
		Level(level).With().Timestamp().Logger()
}
