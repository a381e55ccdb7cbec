package main

import (
	"fmt"
	"strings"

	"wxbot/bot"
)

// fix mends what there is no doubt about in the rules, and shows it.
func fix(con *console, cfg bot.Config) error {
	fixed, _, err := bot.Fix(cfg)
	if err != nil {
		return err
	}
	l := con.lang()
	if len(fixed) == 0 {
		fmt.Fprintln(con.out, of(l, "nothing to mend", "没有可以自动修改的"))
	}
	for _, f := range fixed {
		old, err := f.Write()
		if err != nil {
			return err
		}
		fmt.Fprintf(con.out, of(l, "%s: %d lines mended, the old file is %s\n", "%s：改了 %d 行，旧文件在 %s\n"), f.Path, f.Lines, old)
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
