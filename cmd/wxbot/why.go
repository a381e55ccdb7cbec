package main

import (
	"fmt"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/trace"
)

// whyLines lays out what became of a message, the first line being its title.
func whyLines(v trace.View) []string {
	width := 0
	for _, l := range v.Lines {
		width = max(width, conf.DisplayWidth(l.Name))
	}
	lines := []string{v.Title}
	for _, l := range v.Lines {
		text := l.Text
		if l.Name != "" {
			text = pad(l.Name, width) + "  " + text
		}
		lines = append(lines, "  "+text)
	}
	if v.Note != "" {
		lines = append(lines, "  "+v.Note)
	}
	for i := range lines { // names and texts are other people's
		lines[i] = plain(lines[i])
	}
	return lines
}

func printWhy(con *console, v trace.View) {
	fmt.Fprintln(con.out, strings.Join(whyLines(v), "\n"))
}
