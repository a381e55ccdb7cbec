package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/rs/zerolog"
)

const (
	// settle is how long files must be left alone before they are read: editors
	// write in several steps.
	settle = 300 * time.Millisecond
	// lookAnyway is how often files are looked at without a notice, for network
	// and bind mounts.
	lookAnyway = 10 * time.Second
	// settleMost ends the waiting for quiet where files change all the time.
	settleMost = 2 * time.Second
)

// watcher calls changed when something below its directories may have changed.
// Directories are watched, not files: a watch on a file dies at the first atomic
// save.
type watcher struct {
	dirs    func() []string
	changed func(context.Context)
	log     zerolog.Logger
}

// run watches until ctx ends. Without notices from the system it goes on by
// looking every ten seconds.
func (w *watcher) run(ctx context.Context) error {
	notify, err := fsnotify.NewWatcher()
	var events chan fsnotify.Event
	var faults chan error
	if err != nil {
		w.log.Warn().Err(err).Msg("no file notices: looking every ten seconds")
	} else {
		defer func() { _ = notify.Close() }() // nothing is left to be told
		events, faults = notify.Events, notify.Errors
		w.add(notify)
	}
	timer := time.NewTimer(lookAnyway)
	defer timer.Stop()
	var restless time.Time // since when files have been changing
	soon := func() {
		if restless.IsZero() {
			restless = time.Now()
		}
		if time.Since(restless) < settleMost {
			timer.Reset(settle)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			soon()
		case err, ok := <-faults:
			if !ok {
				faults = nil
				continue
			}
			w.log.Warn().Err(err).Msg("file notice lost")
			soon()
		case <-timer.C:
			restless = time.Time{}
			if notify != nil {
				w.add(notify)
			}
			w.changed(ctx)
			timer.Reset(lookAnyway)
		}
	}
}

// add watches every directory that is not watched yet.
func (w *watcher) add(notify *fsnotify.Watcher) {
	for _, d := range w.dirs() {
		if err := notify.Add(d); err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.log.Warn().Err(err).Str("file", d).Msg("directory not watched")
		}
	}
}

// watchDirs are the directories that hold rules and plugins.
func watchDirs(c Config) []string {
	var dirs []string
	if c.Rules != "" {
		dirs = append(dirs, filepath.Dir(c.Rules))
	}
	if c.Plugins == "" {
		return dirs
	}
	err := filepath.WalkDir(c.Plugins, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("walk: %w", err)
		}
		if e.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return append(dirs, c.Plugins)
	}
	return dirs
}
