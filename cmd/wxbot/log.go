package main

import (
	"github.com/rs/zerolog"

	"wxbot/bot"
	"wxbot/bot/lang"
)

// newLogger makes the daemon's logger, on standard error: for eyes if a terminal
// is there, for the journal if that is, else JSON.
func newLogger(con *console, cfg bot.Config) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		return zerolog.Nop(), lang.Errorf("log-level %q: %s", cfg.LogLevel, err)
	}
	w := con.err
	if cfg.LogFormat == "auto" && con.errJournal {
		return zerolog.New(journal{con.err}).Level(level), nil
	}
	if cfg.LogFormat == "console" || cfg.LogFormat == "auto" && con.errTerm {
		w = zerolog.ConsoleWriter{Out: con.err, TimeFormat: "15:04:05.000", NoColor: !con.colours(con.errTerm)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}
