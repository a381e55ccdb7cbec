package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/bot/store"
)

// stateFlags are the flags that lead to the state directory and to the daemon on it.
func stateFlags(cmd *cobra.Command) *bot.Config {
	c := &bot.Config{}
	f := cmd.Flags()
	f.StringVar(&c.Socket, "socket", "", "the daemon's control socket")
	f.StringVar(&c.State, "state", "", "the daemon's state directory")
	f.StringVar(&c.File, "config", "", "the daemon's wxbot.yaml")
	return c
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return usage(lang.Errorf("want the name of one file"))
	}
	return nil
}

func newBackup(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the state, while the daemon runs or not",
		Long: "backup writes messages, answers, names, kept versions of the rules, and what\n" +
			"plugins keep into a new file, for its owner only. It asks the running daemon;\n" +
			"if none answers, it reads the state directory. What logs the account in is left\n" +
			"out unless --with-session is given: whoever has that can act as the account.\n" +
			"wxbot.yaml, rules.yaml and plugins are no state: copy them as you like.",
		Args: oneFile,
	}
	flags := stateFlags(cmd)
	withSession := cmd.Flags().Bool("with-session", false, "include what logs the account in, so that no scan is needed")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		size, err := writeBackup(cmd.Context(), con, cfg, args[0], *withSession)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, madeBackup{Path: args[0], Bytes: size, Session: *withSession})
		}
		l := con.lang()
		session := lang.T("without the session").In(l)
		if *withSession {
			session = lang.T("with the session: keep it as you keep a password").In(l)
		}
		fmt.Fprintf(con.out, "%s: %.1f MB, %s\n", args[0], float64(size)/(1<<20), session)
		return nil
	}
	return cmd
}

// madeBackup is a backup as backup prints it.
type madeBackup struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Session bool   `json:"session"`
}

// writeBackup writes a backup beside the file and gives it its name when it is whole.
func writeBackup(ctx context.Context, con *console, cfg bot.Config, path string, withSession bool) (size int64, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return 0, lang.Errorf("backup: %s is there already", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = con.client(cfg).Backup(ctx, withSession, f)
	if errors.Is(err, control.ErrNoDaemon) {
		err = bot.BackupState(ctx, stateOptions(cfg), withSession, f)
		if locked, ok := errors.AsType[*store.LockedError](err); ok {
			err = &failure{err: locked, code: exitNobody, hint: con.say(lang.T("name the daemon's socket with --socket"))}
		}
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = bot.CheckBackup(ctx, f)
	}
	if err == nil {
		size, err = f.Seek(0, io.SeekEnd)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), path)
}

func stateOptions(cfg bot.Config) bot.Options {
	return bot.Options{Config: cfg, Logger: zerolog.Nop(), Version: readBuild().Version}
}

func newRestore(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make the state directory of a backup",
		Long: "restore makes the state of a file that backup wrote, or of standard input if\n" +
			"FILE is -. It refuses while a daemon runs, and over a state that is there; with\n" +
			"--force that is moved into old-DATE in the state directory. What waited to be\n" +
			"answered or sent when the backup was made is not done: it may have been since.",
		Args: oneFile,
	}
	flags := stateFlags(cmd)
	force := cmd.Flags().Bool("force", false, "move the state that is there aside")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		in := con.in
		if args[0] != "-" {
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			in = f
		}
		l := con.lang()
		got, err := bot.RestoreState(cmd.Context(), stateOptions(cfg), in, *force)
		switch {
		case errors.Is(err, store.ErrInUse):
			return &failure{err: err, code: exitFailure, hint: lang.T("--force moves it aside").In(l)}
		case err != nil:
			return err
		}
		session := lang.T("a scan is needed").In(l)
		if got.Session {
			session = lang.T("with its session").In(l)
		}
		fmt.Fprintln(con.out, lang.T("%s: state of %s, %s", cfg.State, got.Made.Local().Format(time.DateTime), session).In(l))
		return nil
	}
	return cmd
}
