package main

import (
	"fmt"
	"strings"

	"wxbot/bot"
	"wxbot/bot/lang"
)

// fix mends what there is no doubt about in the rules, and shows it.
func fix(con *console, cfg bot.Config) error {
	fixed, _, err := bot.Fix(cfg)
	if err != nil {
		return err
	}
	l := con.lang()
	if len(fixed) == 0 {
		fmt.Fprintln(con.out, lang.T("nothing to mend").In(l))
	}
	for _, f := range fixed {
		old, err := f.Write()
		if err != nil {
			return err
		}
		fmt.Fprintln(con.out, lang.T("%s: %d lines mended, the old file is %s", f.Path, f.Lines, old).In(l))
		before, after := strings.Split(f.Before, "\n"), strings.Split(f.After, "\n")
		for i := range before {
			if before[i] != after[i] {
				fmt.Fprintf(con.out, "  %d\n  - %s\n  + %s\n", i+1, strings.TrimRight(before[i], "\r"), strings.TrimRight(after[i], "\r"))
			}
		}
	}
	fmt.Fprintln(con.out)
	return nil
}
