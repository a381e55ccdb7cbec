package main

import (
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// console is what a command reads from and writes to, and what is known of it.
type console struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) string
	// inTerm, outTerm and errTerm tell whether a person sits there.
	inTerm, outTerm, errTerm bool
	// errJournal tells that standard error is systemd's journal.
	errJournal bool
	// columns is the width of the terminal, 0 if unknown.
	columns int
	// language is what the configuration says; "" is to follow the locale.
	language lang.Language
}

// processConsole is this process's own.
func processConsole() *console {
	isTerm := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	c := &console{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv,
		inTerm: isTerm(os.Stdin), outTerm: isTerm(os.Stdout), errTerm: isTerm(os.Stderr),
		errJournal: isJournal(os.Stderr, os.Getenv("JOURNAL_STREAM")),
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && c.columns == 0 {
			c.columns = w
		}
	}
	return c
}

// colours tells whether escape sequences may be written to a terminal.
func (c *console) colours(isTerm bool) bool {
	return isTerm && c.env("NO_COLOR") == "" && c.env("TERM") != "dumb" && runtime.GOOS != "windows"
}

// lang is the language of what wxbot itself says in a terminal: that of the
// configuration, else the locale's, which is Chinese for zh and its kin, else
// English.
func (c *console) lang() lang.Language {
	if c.language != "" {
		return c.language
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := c.env(name); v != "" {
			return lang.FromLocale(v)
		}
	}
	return lang.English
}

// say puts a text into the language of the person at the terminal.
func (c *console) say(t lang.Text) string { return t.In(c.lang()) }

// pad fills a text with blanks to a number of columns.
func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-conf.DisplayWidth(s), 0))
}
