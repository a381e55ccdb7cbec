package bot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/rules"
	"wxbot/bot/store"
)

// live is the set of rules in force. A good file replaces it in one step; a bad
// one changes nothing. It implements dispatch.Rules.
type live struct {
	language  lang.Language // of the words in WeChat; "" is Chinese
	file      string        // rules.yaml; "" for none
	lastGood  string        // where a copy of the last good bundle is kept
	forceLive bool
	unpaced   bool
	clock     clock.Clock
	log       zerolog.Logger
	memory    *rules.Memory
	calls     func(name string) bool
	names     func() []string // of the bot
	// off tells of rules that an admin switched off in a chat; nil if there are none.
	off func(chat string) func(rule string) bool
	// mode gives the mode in force for that of the file.
	mode func(file event.Mode) event.Mode

	mu   sync.Mutex // one load at a time
	hash [sha256.Size]byte
	set  atomic.Pointer[rules.Set]

	pastMu sync.Mutex
	past   []*rules.Set // that were in force before, the newest last
	// sought are revisions that were looked for among the versions on the disk, with
	// what was found.
	sought map[string]*rules.Set
}

// rulesError tells that a rules file has errors; the text lists them.
type rulesError struct{ problems []conf.Problem }

func (e *rulesError) Error() string { return e.In(lang.English) }

// In gives the problems in a language.
func (e *rulesError) In(l lang.Language) string {
	lines := make([]string, len(e.problems))
	for i, p := range e.problems {
		lines[i] = p.In(l)
	}
	return strings.Join(lines, "\n")
}

// start loads the rules for the first time. A broken file falls back to the last
// good bundle, loudly; without one it is an error.
func (l *live) start() error {
	if l.file == "" {
		l.log.Warn().Msg("no rules.yaml: running without rules")
		set, problems := rules.Parse("rules.yaml", []byte("[]"), rules.Options{})
		if set == nil {
			return &rulesError{problems}
		}
		l.set.Store(set.Speaking(l.language))
		return nil
	}
	_, err := l.reload()
	if err == nil {
		return nil
	}
	old, oldErr := l.readLastGood()
	if oldErr != nil {
		if !errors.Is(oldErr, fs.ErrNotExist) {
			l.log.Error().Err(oldErr).Msg("last good rules unreadable")
		}
		return err
	}
	l.set.Store(old.Speaking(l.language))
	l.log.Error().Err(err).Str("file", l.file).Msg("rules invalid: running with the last good ones")
	return nil
}

// remember takes up the cooldowns and limits that the last run left.
func (l *live) remember(ctx context.Context, s *store.Store) error {
	notes, err := s.Notes(ctx, rules.NotePrefix)
	if err != nil {
		return err
	}
	return s.DropNotes(ctx, l.memory.Restore(notes, l.clock.Now()))
}

// forget drops what is over of cooldowns and limits.
func (l *live) forget(ctx context.Context, s *store.Store) error {
	return s.DropNotes(ctx, l.memory.Forget(l.clock.Now()))
}

// reload loads the rules anew. changed is false if the content is the same as
// before.
func (l *live) reload() (changed bool, err error) {
	if l.file == "" {
		return false, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	set, files, problems, err := readBundle(l.file, l.calls)
	if err != nil {
		return false, err
	}
	if bad := onlyErrors(problems); len(bad) > 0 || set == nil {
		return false, &rulesError{bad}
	}
	sum := files.sum()
	if sum == l.hash {
		return false, nil
	}
	l.hash = sum
	for _, p := range problems {
		l.log.Warn().Str("problem", p.String()).Msg("rules warning")
	}
	if old := l.set.Swap(set.Speaking(l.language)); old != nil {
		l.passed(old)
	}
	if err := l.keepLastGood(files); err != nil {
		l.log.Error().Err(err).Msg("last good rules not kept")
	}
	return true, nil
}

// pastMost is how many earlier versions of the rules are kept, to tell of what they
// decided.
const pastMost = 3

// passed keeps a version that is no longer in force.
func (l *live) passed(set *rules.Set) {
	l.pastMu.Lock()
	defer l.pastMu.Unlock()
	l.past = append(l.past, set)
	if len(l.past) > pastMost {
		l.past = slices.Delete(l.past, 0, 1)
	}
}

// version gives the rules of a version, nil if they are not known any more.
func (l *live) version(rev string) *rules.Set {
	if set := l.set.Load(); set.Rev() == rev {
		return set
	}
	l.pastMu.Lock()
	defer l.pastMu.Unlock()
	for _, set := range slices.Backward(l.past) {
		if set.Rev() == rev {
			return set
		}
	}
	return l.keptLocked(rev)
}

// keptLocked looks for a version among those of earlier runs. What is on the disk is
// read once for each revision: there are as many as the traces name.
func (l *live) keptLocked(rev string) *rules.Set {
	if set, sought := l.sought[rev]; sought {
		return set
	}
	if l.sought == nil || len(l.sought) >= versionsMost {
		l.sought = map[string]*rules.Set{}
	}
	l.sought[rev] = nil
	if l.file == "" {
		return nil
	}
	state := filepath.Dir(l.lastGood)
	numbers, err := versionNumbers(state)
	c := Config{Rules: l.file}
	for _, n := range slices.Backward(numbers) {
		var v Version
		var ok bool
		if v, ok, err = readVersion(state, n); err != nil {
			break
		}
		files, unfit := c.ruleFiles(v)
		if !ok || unfit != nil {
			continue
		}
		set, _ := rules.Parse(l.file, []byte(files[l.file]), files.options(l.file, nil))
		if set != nil && set.Rev() == rev {
			l.sought[rev] = set.Speaking(l.language)
			break
		}
	}
	if err != nil {
		l.log.Warn().Err(err).Msg("earlier rules not read: traces tell less")
	}
	return l.sought[rev]
}

func onlyErrors(problems []conf.Problem) []conf.Problem {
	var out []conf.Problem
	for _, p := range problems {
		if p.Severity == conf.Error {
			out = append(out, p)
		}
	}
	return out
}

// keepLastGood writes the bundle where the next start finds it.
func (l *live) keepLastGood(files bundle) error {
	text, err := json.Marshal(files)
	if err != nil {
		return fmt.Errorf("encode rules: %w", err)
	}
	return writeFile(l.lastGood, text)
}

// writeFile replaces a private file in one step.
func writeFile(path string, text []byte) error { return writeLike(path, text, nil) }

// writeLike writes a file whole, with the mode and owner of the one that it replaces;
// nil is none, and the file is private.
func writeLike(path string, text []byte, like fs.FileInfo) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if like != nil {
		giveTo(f, like)
		err = errors.Join(err, f.Chmod(like.Mode().Perm()))
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (l *live) readLastGood() (*rules.Set, error) {
	text, err := os.ReadFile(l.lastGood)
	if err != nil {
		return nil, err
	}
	files := bundle{}
	if err := json.Unmarshal(text, &files); err != nil {
		return nil, fmt.Errorf("%s: %w", l.lastGood, err)
	}
	src, ok := files[l.file]
	if !ok {
		return nil, fmt.Errorf("%s: %w", l.lastGood, fs.ErrNotExist)
	}
	set, problems := rules.Parse(l.file, []byte(src), files.options(l.file, nil))
	if bad := onlyErrors(problems); len(bad) > 0 || set == nil {
		return nil, &rulesError{bad}
	}
	return set, nil
}

// Settings are those of the rules in force.
func (l *live) Settings() event.Settings {
	s := l.set.Load().Settings()
	s.Mode = l.mode(s.Mode)
	if l.forceLive {
		s.Mode = event.ModeLive
		if s.Trace.Max == 0 {
			s.Trace = event.TraceLimits{Keep: time.Hour, Max: 1000} // nobody's privacy is at stake
		}
	}
	if l.unpaced {
		s.Pace.Off = true
	}
	return s
}

// fileMode is the mode that the file says.
func (l *live) fileMode() event.Mode { return l.set.Load().Settings().Mode }

// Decide asks the rules in force.
func (l *live) Decide(ev *event.Event, command, gathered string) event.Decision {
	return l.set.Load().Decide(rules.Input{
		Event:    ev,
		Now:      l.clock.Now(),
		Memory:   l.memory,
		BotNames: l.names(),
		Command:  command,
		Off:      l.off(ev.Chat.Key),
		Gathered: gathered,
		Rand:     rand.Float64,
	})
}

// CommandName asks the rules in force whose command a message calls.
func (l *live) CommandName(ev *event.Event) (rule, name string, ok bool) {
	return l.set.Load().CommandOf(rules.Input{Event: ev, Off: l.off(ev.Chat.Key)})
}

// inbox adapts the store to what the dispatcher needs: what the rules decided is
// planned into deliveries, committed together with "event done", and handed to
// the outbox.
type inbox struct {
	bot *Bot
}

func (i *inbox) Unfinished(ctx context.Context, chat string, after int64, limit int) ([]event.Entry, error) {
	return i.bot.store.Unfinished(ctx, chat, after, limit)
}

func (i *inbox) Finish(ctx context.Context, seqs []int64, outcome string, ev *event.Event, firings []event.Firing) error {
	return i.bot.finish(ctx, seqs, outcome, ev, firings)
}

func (i *inbox) Running(seq int64) func() { return i.bot.store.Running(seq) }
