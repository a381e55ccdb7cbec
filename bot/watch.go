package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
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
	atOnce  bool // changed is called when the watch begins, too
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
	if w.atOnce {
		timer.Reset(0)
	}
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

// Watch calls changed once, and again after files beside the rules or below the
// plugin directory have changed and been left alone, until ctx ends. A change while
// changed runs is seen afterwards.
func Watch(ctx context.Context, c Config, log zerolog.Logger, changed func(context.Context)) error {
	dirs := func() []string { return watchDirs(c) }
	var seen map[string]stamp
	w := &watcher{dirs: dirs, log: log, atOnce: true, changed: func(ctx context.Context) {
		now := fileStamps(dirs())
		if seen != nil && maps.Equal(seen, now) {
			return // it was time to look anyway, or something else was written there
		}
		seen = now
		changed(ctx)
	}}
	return w.run(ctx)
}

// stamp tells the versions of a file apart.
type stamp struct {
	size int64
	at   time.Time
}

// fileStamps looks at the files of directories, by path. Hidden ones are editors'.
func fileStamps(dirs []string) map[string]stamp {
	out := map[string]stamp{}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // it is gone, which is a change
		}
		for _, e := range entries {
			name := e.Name()
			if e.IsDir() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
				continue
			}
			if st, err := os.Stat(filepath.Join(dir, name)); err == nil {
				out[filepath.Join(dir, name)] = stamp{st.Size(), st.ModTime()}
			}
		}
	}
	return out
}
