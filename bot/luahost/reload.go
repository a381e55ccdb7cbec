package luahost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot/conf"
)

// callGrace is what running calls of a replaced version get to end.
const callGrace = 30 * time.Second

// Reload loads what is new or changed in the directory, and unloads what is gone.
// A new version takes over in one step, after its top level and its configuration
// were found good; with any error the running version stays, and the error is
// among the problems.
func (h *Host) Reload(ctx context.Context) []Problem {
	h.loading.Lock()
	defer h.loading.Unlock()
	if h.opts.Dir == "" {
		return nil
	}
	cfg, bad := readConfig(h.opts.Dir)
	if conf.HasErrors(bad) {
		var out []Problem
		for _, p := range bad {
			out = append(out, Problem{Plugin: "*", File: p.File, Line: p.Line, Text: p.Text + hint(p), Kept: len(h.list()) > 0})
		}
		h.remember(out)
		return out
	}
	sources, problems := scan(h.opts.Dir)
	old := map[string]*plugin{}
	for _, p := range h.list() {
		old[p.name] = p
	}
	var next []*plugin
	var loaded, replaced []*plugin
	for _, s := range sources {
		set := cfg.of(s.name)
		was := old[s.name]
		if !set.enabled {
			continue
		}
		if was != nil && was.source == s.text && was.config.text == set.text {
			was.order = set.order
			next = append(next, was)
			delete(old, s.name)
			continue
		}
		p, err := h.replace(ctx, s, set, was)
		if err != nil {
			problems = append(problems, problemOf(s, err, was != nil))
			if was != nil {
				next = append(next, was)
				delete(old, s.name)
			}
			continue
		}
		if was != nil {
			replaced = append(replaced, was)
		}
		delete(old, s.name)
		next = append(next, p)
		loaded = append(loaded, p)
	}
	slices.SortStableFunc(next, func(a, b *plugin) int {
		if a.order != b.order {
			return a.order - b.order
		}
		return strings.Compare(a.name, b.name)
	})
	h.plugins.Store(&next)
	for _, p := range old {
		replaced = append(replaced, p)
	}
	h.settle(ctx, next, loaded, replaced)
	h.remember(problems)
	return problems
}

func hint(p conf.Problem) string {
	if p.Hint == "" {
		return ""
	}
	return " (" + p.Hint + ")"
}

// replace makes a new version, with the old one's state, and runs its load
// handlers. If these fail, the new version is dropped again.
func (h *Host) replace(ctx context.Context, s source, set settings, was *plugin) (*plugin, error) {
	var state map[string]any
	reason, version := "start", ""
	if was != nil {
		state, version, reason = was.handOver(ctx), was.header.version, "reload"
	}
	p, err := h.load(s.name, s.file, s.text, set, state)
	if err != nil {
		return nil, err
	}
	p.alive, p.stopped = context.WithCancel(context.WithoutCancel(ctx))
	if err := p.lifecycle(ctx, "load", map[string]any{"reason": reason, "old_version": version}); err != nil {
		p.stopped()
		return nil, fmt.Errorf("load: %w", err)
	}
	return p, nil
}

// handOver copies bot.state of a version that is to be replaced.
func (p *plugin) handOver(ctx context.Context) map[string]any {
	if err := p.acquire(ctx); err != nil {
		return nil
	}
	defer p.release()
	v, err := fromLua(p.state)
	if err != nil {
		p.host.opts.Logger.Warn().Err(err).Str("plugin", p.name).Msg("state not handed over")
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	return m
}

// settle starts what is new and ends what is replaced or gone.
func (h *Host) settle(ctx context.Context, all, loaded, gone []*plugin) {
	life := h.life()
	for _, p := range loaded {
		if life != nil {
			p.startTimers(life, h)
		}
		h.opts.Logger.Info().Str("plugin", p.name).Str("version", p.header.version).Msg("plugin loaded")
	}
	for _, p := range gone {
		p.stopTimers()
		if err := p.lifecycle(ctx, "unload", nil); err != nil {
			h.opts.Logger.Warn().Err(err).Str("plugin", p.name).Msg("unload handler failed")
		}
		stop := p.stopped
		h.calls.Go(func() {
			t := time.NewTimer(callGrace)
			defer t.Stop()
			var done <-chan struct{}
			if life != nil {
				done = life.Done()
			}
			select {
			case <-t.C:
			case <-done:
			}
			stop()
		})
	}
	sum := sha256.New()
	for _, p := range all {
		fmt.Fprintln(sum, p.name, p.config.text, p.source)
	}
	h.mu.Lock()
	h.rev = hex.EncodeToString(sum.Sum(nil))[:8]
	h.mu.Unlock()
}

func (h *Host) remember(problems []Problem) {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.problems)
	for _, p := range problems {
		if _, ok := h.problems[p.Plugin]; !ok {
			h.problems[p.Plugin] = p
		}
	}
}

func problemOf(s source, err error, kept bool) Problem {
	p := Problem{Plugin: s.name, File: s.file, Text: err.Error(), Kept: kept}
	var se *scriptError
	if errors.As(err, &se) {
		p.Line = se.line
		p.Text = strings.Replace(err.Error(), se.Error(), se.text, 1)
	}
	var ce *configError
	if errors.As(err, &ce) {
		p.File, p.Line, p.Text = ce.problem.File, ce.problem.Line, ce.problem.Text
	}
	return p
}

// Check loads every plugin of a directory without running any handler, for
// `wxbot check`.
func Check(ctx context.Context, o Options) ([]Info, []Problem) {
	if o.World == nil {
		o.World = nowhere{}
	}
	h, err := New(o)
	if err != nil {
		return nil, []Problem{{Plugin: "*", File: o.Dir, Text: err.Error()}}
	}
	cfg, bad := readConfig(o.Dir)
	var problems []Problem
	for _, p := range bad {
		if p.Severity == conf.Error {
			problems = append(problems, Problem{Plugin: "*", File: p.File, Line: p.Line, Text: p.Text + hint(p)})
		}
	}
	sources, more := scan(o.Dir)
	problems = append(problems, more...)
	var infos []Info
	for _, s := range sources {
		set := cfg.of(s.name)
		if !set.enabled {
			infos = append(infos, Info{Name: s.name})
			continue
		}
		p, err := h.load(s.name, s.file, s.text, set, nil)
		if err != nil {
			problems = append(problems, problemOf(s, err, false))
			infos = append(infos, Info{Name: s.name, Problem: err.Error()})
			continue
		}
		i := p.info()
		i.Running = true
		infos = append(infos, i)
		p.l.Close()
	}
	return infos, problems
}
