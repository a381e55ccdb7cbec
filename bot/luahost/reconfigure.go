package luahost

import (
	"cmp"
	"context"
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// takesConfig tells whether new settings are for the running version: they differ in
// its configuration alone, and it has said that it handles that.
func (p *plugin) takesConfig(s source, set settings) bool {
	return p.src.same(s) && len(p.life["config"]) > 0 && p.config.frame == set.frame && !p.header.endpoints && !p.paused.Load()
}

// refusal is a configuration that the running version could not take.
type refusal struct {
	text string
	err  error
}

// reconfigure puts a new configuration into bot.config and runs the config handlers
// with the old one. If a value is wrong or a handler fails, the old one is back.
func (h *Host) reconfigure(ctx context.Context, p *plugin, set settings) (err error) {
	if p.config.text == set.text {
		return nil
	}
	if p.refused.text == set.text { // it would fail again, every time one looks
		return p.refused.err
	}
	if err := p.acquire(ctx); err != nil {
		return err
	}
	defer p.release()
	defer func() {
		if ctx.Err() == nil { // what was cut short says nothing of the configuration
			p.refused = refusal{set.text, err}
		}
	}()
	before := map[string]lua.LValue{}
	old := map[string]any{}
	for _, o := range p.header.options {
		v := p.configTable.RawGetString(o.Name)
		before[o.Name] = v
		if plain, err := fromLua(v); err == nil {
			old[o.Name] = plain
		}
	}
	p.configErr = nil
	err = protect(func() error {
		fill := p.l.NewFunction(func(l *lua.LState) int { p.setOptions(l, set); return 0 })
		return p.l.CallByParam(lua.P{Fn: fill, Protect: true})
	})
	if err != nil {
		return cmp.Or(p.configErr, p.explain(err))
	}
	if err := p.lifecycle(ctx, "config", map[string]any{"old": old}); err != nil {
		for name, v := range before {
			p.configTable.RawSetString(name, v)
		}
		return fmt.Errorf("config: %w", err)
	}
	p.config = set
	h.opts.Logger.Info().Str("plugin", p.name).Msg("plugin configured")
	return nil
}
