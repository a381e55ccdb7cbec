package main

import (
	"fmt"
	"io"
	"sync"
)

// lastLinesKept is how many warnings are shown when a demo fails.
const lastLinesKept = 20

// lastLines keeps the end of a log, to be shown if something goes wrong. Each
// Write is one line. It is safe for concurrent use.
type lastLines struct {
	mu    sync.Mutex
	lines []string // guarded by mu
}

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == lastLinesKept {
		l.lines = l.lines[1:]
	}
	l.lines = append(l.lines, string(p))
	return len(p), nil
}

func (l *lastLines) print(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.lines {
		fmt.Fprint(w, "log: ", s)
	}
}
