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

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
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
			out = append(out, Problem{Plugin: EveryPlugin, File: p.File, Line: p.Line, Text: withHint(p), Kept: len(h.list()) > 0})
		}
		h.remember(out)
		return out
	}
	h.questions.limit(cfg.limits.over(h.opts.Limits).Waits)
	sources, problems := scan(h.opts.Dir)
	old := map[string]*plugin{}
	for _, p := range h.list() {
		old[p.name] = p
	}
	var next []*plugin
	for i, p := range problems {
		// What cannot be read is not gone: the running version stays.
		for name, was := range old {
			if p.Plugin == name || p.Plugin == EveryPlugin {
				problems[i].Kept = true
				next = append(next, was)
				delete(old, name)
			}
		}
	}
	problems = append(problems, cfg.strays(sources, problems)...)
	var loaded, replaced []*plugin
	for _, s := range sources {
		set := cfg.of(s.name)
		was := old[s.name]
		if !set.enabled {
			continue
		}
		if was != nil && was.src.same(s) && was.config.text == set.text {
			was.order = set.order
			next = append(next, was)
			delete(old, s.name)
			continue
		}
		if was != nil && was.takesConfig(s, set) {
			if err := h.reconfigure(ctx, was, set); err != nil {
				problems = append(problems, problemOf(s, err, true))
			}
			was.order = set.order
			next = append(next, was)
			delete(old, s.name)
			continue
		}
		var p *plugin
		var err error
		if set.tests {
			err = h.tests(ctx, s)
		}
		if err == nil {
			p, err = h.replace(ctx, s, set, was)
		}
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
	gone := slices.Clone(replaced)
	for _, p := range old {
		gone = append(gone, p)
	}
	h.settle(ctx, next, loaded, replaced, gone)
	h.remember(problems)
	return problems
}

func withHint(p conf.Problem) lang.Text {
	if p.Hint.IsZero() {
		return p.Text
	}
	return lang.T("%s (%s)", p.Text, p.Hint)
}

// replace puts a new version in force. The old one's lock is held from the copy of
// its state to the swap, so that nothing it does in between is lost. An old version
// whose unload handlers ran although the new one then failed is told so by its load
// handlers.
func (h *Host) replace(ctx context.Context, s source, set settings, was *plugin) (*plugin, error) {
	if was == nil {
		p, err := h.load(s, set, nil)
		if err != nil {
			return nil, err
		}
		return p, p.begin(ctx, "start", "")
	}
	if err := was.acquire(ctx); err != nil {
		return nil, err
	}
	defer was.release()
	p, err := h.load(s, set, was.state)
	if err != nil {
		return nil, err
	}
	h.unloading(ctx, was)
	if len(was.life["unload"]) > 0 {
		p.fillState(was.state)
	}
	if err := p.begin(ctx, "reload", was.header.version); err != nil {
		if again := was.lifecycle(ctx, "load", map[string]any{"reason": "resume", "old_version": p.header.version}); again != nil {
			h.opts.Logger.Warn().Err(again).Str("plugin", was.name).Msg("load handler failed")
		}
		return nil, err
	}
	was.stopTimers()
	h.swap(was, p, true)
	return p, nil
}

// begin runs the load handlers of a new version. If they fail, it is dropped again.
func (p *plugin) begin(ctx context.Context, reason, version string) error {
	p.alive, p.stopped = context.WithCancel(context.WithoutCancel(ctx))
	if err := p.acquire(ctx); err != nil {
		return err
	}
	defer p.release()
	if err := p.lifecycle(ctx, "load", map[string]any{"reason": reason, "old_version": version}); err != nil {
		p.stopped()
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

// unloading runs unload handlers under the run lock; a failure is logged only.
func (h *Host) unloading(ctx context.Context, p *plugin) {
	if err := p.lifecycle(ctx, "unload", nil); err != nil {
		h.opts.Logger.Warn().Err(err).Str("plugin", p.name).Msg("unload handler failed")
	}
}

// fillState makes bot.state of a version that is not in force yet a copy of the old
// one's, whose lock the caller holds.
func (p *plugin) fillState(old *lua.LTable) {
	var keys []lua.LValue
	p.state.ForEach(func(k, _ lua.LValue) { keys = append(keys, k) })
	for _, k := range keys {
		p.state.RawSet(k, lua.LNil)
	}
	if err := copyInto(p.state, old); err != nil {
		p.host.opts.Logger.Warn().Err(err).Str("plugin", p.name).Msg("state not handed over whole")
	}
}

// settle starts what is new and ends what is replaced or gone.
func (h *Host) settle(ctx context.Context, all, loaded, replaced, gone []*plugin) {
	life := h.life()
	for _, p := range loaded {
		if life != nil {
			p.startTimers(life)
		}
		h.opts.Logger.Info().Str("plugin", p.name).Str("version", p.header.version).Msg("plugin loaded")
	}
	for _, p := range gone {
		p.stopTimers()
		h.questions.leave(p)
		if !slices.Contains(replaced, p) {
			if err := p.acquire(ctx); err == nil {
				h.unloading(ctx, p)
				p.release()
			}
		}
		stop := p.stopped
		h.begin(func() {
			t := time.NewTimer(callGrace)
			defer t.Stop()
			select {
			case <-t.C:
			case <-h.over:
			}
			stop()
		})
	}
	sum := sha256.New()
	for _, p := range all {
		sum.Write(fmt.Appendln(nil, p.name, p.config.text, p.src.sum()))
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
	p := Problem{Plugin: s.name, File: s.file, Text: lang.Cause(err), Kept: kept}
	if se, ok := errors.AsType[*scriptError](err); ok {
		p.File, p.Line = s.fileOf(se.file), se.line
		p.Text = se.text
		if before, _ := strings.CutSuffix(err.Error(), ": "+se.Error()); before != err.Error() {
			p.Text = lang.T("%s: %s", lang.Raw(before), se.text)
		}
	}
	if _, ok := errors.AsType[*needsError](err); ok {
		p.Off, p.Text = true, lang.T("off (%s)", err)
	}
	if te, ok := errors.AsType[*testError](err); ok {
		p.File, p.Line = te.trial.File, te.trial.Line
	}
	if ce, ok := errors.AsType[*configError](err); ok {
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
		return nil, []Problem{{Plugin: EveryPlugin, File: o.Dir, Text: lang.Cause(err)}}
	}
	cfg, bad := readConfig(o.Dir)
	var problems []Problem
	for _, p := range bad {
		if p.Severity == conf.Error {
			problems = append(problems, Problem{Plugin: EveryPlugin, File: p.File, Line: p.Line, Text: withHint(p)})
		}
	}
	sources, more := scan(o.Dir)
	problems = append(problems, more...)
	problems = append(problems, cfg.strays(sources, more)...)
	var infos []Info
	for _, s := range sources {
		set := cfg.of(s.name)
		if !set.enabled {
			infos = append(infos, Info{Name: s.name})
			continue
		}
		p, err := h.load(s, set, nil)
		if err != nil {
			problems = append(problems, problemOf(s, err, false))
			_, off := errors.AsType[*needsError](err)
			infos = append(infos, Info{Name: s.name, Problem: lang.Cause(err), Off: off})
			continue
		}
		i := p.info()
		i.Running = true
		infos = append(infos, i)
		p.l.Close()
	}
	return infos, problems
}
