package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/rs/zerolog"
)

// journal writes the log for systemd's journal, which knows the time and takes the
// priority from the front of a line (see sd-daemon). The logger calls it with one
// line at a time.
type journal struct{ w io.Writer }

func (j journal) Write(line []byte) (int, error) { return j.WriteLevel(zerolog.NoLevel, line) }

// WriteLevel writes a line with the priority of its level.
func (j journal) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "<%d>", priority(level))
	words := zerolog.ConsoleWriter{
		Out: &text, NoColor: true,
		PartsExclude: []string{zerolog.TimestampFieldName, zerolog.LevelFieldName},
	}
	if _, err := words.Write(line); err != nil {
		return 0, err
	}
	if _, err := j.w.Write(text.Bytes()); err != nil {
		return 0, err
	}
	return len(line), nil
}

// priority is the syslog priority of a level.
func priority(level zerolog.Level) int {
	switch level { //nolint:exhaustive // the others are not used
	case zerolog.ErrorLevel:
		return 3
	case zerolog.WarnLevel:
		return 4
	case zerolog.DebugLevel, zerolog.TraceLevel:
		return 7
	}
	return 6
}
