package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"wxbot/bot/control"
	"wxbot/bot/lang"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitNobody  = 3 // no daemon answers
	exitRefused = 4
)

// failure is an error with an exit code and, if there is one, what to try.
type failure struct {
	err  error
	code int
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errSilent ends a command whose output has said everything.
var errSilent = errors.New("problems found")

func usage(err error) error {
	return &failure{err: err, code: exitUsage}
}

// report prints an error for a person and gives the exit code.
func (c *console) report(command string, err error) int {
	if err == nil {
		return exitOK
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{err: err, code: exitFailure}
	}
	if errors.Is(err, control.ErrNoDaemon) {
		f = &failure{err: err, code: exitNobody, hint: lang.T(`start it with "wxbot run", or name its socket with --socket`).In(c.lang())}
	}
	if refused, ok := errors.AsType[*control.RefusedError](err); ok && f.hint == "" {
		f = &failure{err: err, code: f.code, hint: refused.Hint}
	}
	if errors.Is(err, control.ErrNotAllowed) {
		f = &failure{err: err, code: exitFailure, hint: lang.T("ask as the daemon's user or as root, or join the group that socket_group in wxbot.yaml names").In(c.lang())}
	}
	switch {
	case errors.Is(err, errSilent):
		return f.code
	case errors.Is(err, context.Canceled):
		err = lang.Errorf("interrupted")
	}
	if wrapped, ok := err.(*failure); ok { //nolint:errorlint // the outermost is taken off
		err = wrapped.err
	}
	fmt.Fprintf(c.err, "wxbot: %s\n", strings.TrimSpace(lang.Say(err, c.lang())))
	switch {
	case f.hint != "":
		fmt.Fprintln(c.err, c.say(lang.T("hint: %s", f.hint)))
	case f.code == exitUsage:
		fmt.Fprintln(c.err, c.say(lang.T("hint: %s", lang.T("see \"%s --help\"", strings.TrimSpace("wxbot "+command)))))
	}
	return f.code
}
