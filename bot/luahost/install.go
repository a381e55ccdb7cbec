package luahost

import (
	"context"
	"fmt"
)

// install loads the only plugin of a host.
func (h *Host) install(ctx context.Context, s source, set settings) error {
	h.loading.Lock()
	defer h.loading.Unlock()
	p, err := h.replace(ctx, s, set, nil)
	if err != nil {
		return placed(s, err)
	}
	next := []*plugin{p}
	h.plugins.Store(&next)
	h.settle(ctx, next, next, nil, nil)
	return nil
}

// reinstall puts a new version in the place of the only plugin.
func (h *Host) reinstall(ctx context.Context, s source, set settings) error {
	h.loading.Lock()
	defer h.loading.Unlock()
	old := h.list()
	p, err := h.replace(ctx, s, set, old[0])
	if err != nil {
		return placed(s, err)
	}
	next := []*plugin{p}
	h.plugins.Store(&next)
	h.settle(ctx, next, next, old, old)
	return nil
}

// placed gives an error of a load its place.
func placed(s source, err error) error {
	p := problemOf(s, err, false)
	if p.Line > 0 {
		return fmt.Errorf("load: %s:%d: %w", p.File, p.Line, p.Text.Err())
	}
	return fmt.Errorf("load: %w", p.Text.Err())
}
