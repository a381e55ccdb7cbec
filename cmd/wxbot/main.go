// Command wxbot is a rule-based WeChat chatbot with Lua plugins. Each subcommand
// has a file of its own, which reads flags, calls package bot and prints what it
// says; nothing here decides what a chat is answered.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones of rules.yaml, on machines that have none

	"github.com/rs/zerolog"
)

func main() {
	zerolog.ErrorFieldName = "err"
	zerolog.TimeFieldFormat = "2006-01-02T15:04:05.000Z07:00"
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the system's own handling is back, so that a second
	// one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx, processConsole(), os.Args[1:]))
}
