package luahost

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// A plugin that goes wrong again and again is paused, so that it does nobody any
// more harm; resume or an edit starts it anew.
const (
	faultsWithin = 5 * time.Minute
	// errorsMost errors, or limitsMost of them by a limit, pause a plugin.
	errorsMost = 10
	limitsMost = 3
)

// faults are the latest errors of a plugin, over its versions that were renewed. Its
// methods may be called concurrently.
type faults struct {
	mu     sync.Mutex
	errors []time.Time
	limits []time.Time
	paused lang.Text // why it is; none if it is not
}

// note counts an error and gives the reason if it pauses the plugin.
func (f *faults) note(now time.Time, limit bool) (reason lang.Text) {
	f.mu.Lock()
	defer f.mu.Unlock()
	recent := func(list []time.Time) []time.Time {
		return slices.DeleteFunc(list, func(t time.Time) bool { return now.Sub(t) >= faultsWithin })
	}
	f.errors = append(recent(f.errors), now)
	if limit {
		f.limits = append(recent(f.limits), now)
	}
	switch {
	case !f.paused.IsZero():
		return lang.Text{}
	case len(f.limits) >= limitsMost:
		f.paused = lang.T("%d times over a limit in %d minutes", len(f.limits), int(faultsWithin.Minutes()))
	case len(f.errors) >= errorsMost:
		f.paused = lang.T("%d errors in %d minutes", len(f.errors), int(faultsWithin.Minutes()))
	}
	return f.paused
}

// why tells why the plugin is paused; none if it is not.
func (f *faults) why() lang.Text {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paused
}

// report logs an error of a handler, tells the operator, and counts it.
func (c *call) report(ctx context.Context) {
	p := c.plugin
	if ctx.Err() != nil || p.alive.Err() != nil {
		return
	}
	log := p.host.opts.Logger.Error().Str("plugin", p.name).Str("call", c.name).Str("problem", c.err.Error()).
		Str("fingerprint", fingerprint(c.err))
	if se, ok := errors.AsType[*scriptError](c.err); ok {
		log = log.Str("traceback", se.trace)
	}
	if c.ev != nil {
		log = log.Str("msg", c.ev.ID)
	}
	if pe, ok := errors.AsType[*panicError](c.err); ok {
		log = log.Bytes("stack", pe.stack)
	}
	log.Msg("plugin handler failed")
	p.host.opts.Failed(p.name, p.gas.stopped)
	p.fault(ctx, c.err)
	p.count(ctx, p.gas.stopped)
	c.apologize(ctx)
}

// fingerprint is what errors of one cause have in common: their place, whatever they
// say.
func fingerprint(err error) string {
	if se, ok := errors.AsType[*scriptError](err); ok {
		return se.place()
	}
	return err.Error()
}

// fault tells the operator of an error, not more often than every ten minutes for
// one place.
func (p *plugin) fault(ctx context.Context, err error) {
	if !p.host.seen(p.name+"/"+fingerprint(err), p.host.opts.Clock.Now()) {
		p.tell(ctx, event.SayPluginFailed, lang.Say(err, p.host.opts.Language))
	}
}

func (p *plugin) tell(ctx context.Context, what event.Phrase, why string) {
	text := p.host.opts.World.Settings().Words.Say(what, "plugin", p.name, "why", why)
	if text == "" {
		return
	}
	if err := p.host.opts.World.Notify(ctx, text); err != nil {
		p.host.opts.Logger.Warn().Err(err).Msg("operator not told")
	}
}

// count counts an error, and pauses the plugin where that is one too many: its
// handlers are passed over, its timers and questions end.
func (p *plugin) count(ctx context.Context, limit bool) {
	reason := p.faults.note(time.Now(), limit)
	if reason.IsZero() {
		return
	}
	p.paused.Store(true)
	p.stopTimers()
	p.host.questions.leave(p)
	p.host.opts.Logger.Error().Str("plugin", p.name).Str("problem", reason.String()).Msg("plugin paused")
	p.tell(ctx, event.SayPluginPaused, reason.In(p.host.opts.Language))
}

// apologize says what plugins.yaml has for the case to whoever waits for an answer.
// Nothing else of an error is ever shown in a chat.
func (c *call) apologize(ctx context.Context) {
	text := c.plugin.config.onError
	if text == "" || !c.answers || c.n >= c.plugin.limits.Sends || c.ev.Message == nil {
		return
	}
	if c.handler.kind != handleCommand && !c.ev.Message.Mentioned {
		return // nobody waits: the handler listens to a whole group
	}
	a := event.Action{Kind: event.ActReply, Message: event.Outgoing{Text: text}}
	if _, err := c.host.opts.World.Queue(ctx, c.ev, c.plugin.name+c.suffix, c.n, a); err != nil {
		c.host.opts.Logger.Warn().Err(err).Str("plugin", c.plugin.name).Msg("apology not queued")
		return
	}
	c.n++
	c.answer()
}

// errNotPaused tells that there is nothing to resume.
var errNotPaused = lang.T("it is not paused").Err()

// Resume starts a paused plugin anew, with what its bot.state held. Its load
// handlers get the reason "resume".
func (h *Host) Resume(ctx context.Context, name string) error {
	h.loading.Lock()
	defer h.loading.Unlock()
	i := slices.IndexFunc(h.list(), func(p *plugin) bool { return p.name == name })
	if i < 0 {
		return lang.Errorf("resume plugin %q: no such plugin is loaded", name)
	}
	was := h.list()[i]
	if !was.paused.Load() {
		return lang.Errorf("resume plugin %q: %s", name, errNotPaused)
	}
	p, err := h.again(ctx, was)
	if err != nil {
		return lang.Errorf("resume plugin %q: %s", name, err)
	}
	h.swap(was, p, true)
	was.stopped()
	if life := h.life(); life != nil {
		p.startTimers(life)
	}
	h.opts.Logger.Info().Str("plugin", name).Msg("plugin resumed")
	return nil
}

// again loads the source of a version that is in force anew, with a copy of its
// state.
func (h *Host) again(ctx context.Context, was *plugin) (*plugin, error) {
	if err := was.acquire(ctx); err != nil {
		return nil, err
	}
	p, err := h.load(was.src, was.config, was.state)
	was.release()
	if err != nil {
		return nil, err
	}
	return p, p.begin(ctx, "resume", was.header.version)
}
