package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
)

func newRun(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Log in and answer until stopped",
		Long: "run logs in to WeChat and answers by rules and plugins until SIGTERM or\n" +
			"SIGINT, which end it with exit code 0. SIGHUP loads rules and plugins anew;\n" +
			"so does a change of their files.",
	}
	flags := configFlags(cmd)
	anew := cmd.Flags().Bool("new-account", false, "move the state of the account that logged in before aside, for another one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		log, err := newLogger(con, cfg)
		if err != nil {
			return err
		}
		return runDaemon(cmd.Context(), con, cfg, log, *anew)
	}
	return cmd
}

func runDaemon(ctx context.Context, con *console, cfg bot.Config, log zerolog.Logger, anew bool) error {
	b := readBuild()
	s := newScreen(con, cfg.State, log)
	d, err := bot.New(bot.Options{Config: cfg, Logger: log, Version: b.Version, Observe: s.observe, NewAccount: anew})
	if err != nil {
		return err
	}
	log.Info().Str("version", b.Version).Str("revision", b.Revision).Str("state_dir", cfg.State).Msg("starting")
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() { s.run(ctx) })
	wg.Go(func() { reloadOnHangup(ctx, d, log) })
	return d.Run(ctx)
}

// reloadOnHangup loads rules and plugins anew at every SIGHUP until ctx ends.
func reloadOnHangup(ctx context.Context, d *bot.Bot, log zerolog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			// Reload has logged what is wrong with the new files.
			log.Info().Bool("good", d.Reload(ctx) == nil).Msg("reload asked for")
		}
	}
}
