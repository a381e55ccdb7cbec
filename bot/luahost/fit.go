package luahost

import (
	"fmt"
	"slices"
	"strings"

	"wxbot/bot/event"
)

// unfit tells which handlers of a plugin can never run in a mode, and why.
func (p *plugin) unfit(c event.Capabilities) []string {
	var out []string
	for _, list := range p.handlers {
		for _, h := range list {
			why := h.unfit(c)
			if why == "" {
				continue
			}
			text := fmt.Sprintf("in mode %s %s never runs: %s", c.Mode, h.title(), why)
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

func (h *handler) unfit(c event.Capabilities) string {
	if h.kind != handleCommand && !c.Happens(h.event) {
		return string(h.event) + " does not happen"
	}
	if h.when != nil {
		if why := h.when.Unfit(c); why != "" {
			return why
		}
	}
	if h.only != nil {
		return h.only.Unfit(c)
	}
	return ""
}

func (h *handler) title() string {
	if h.kind == handleCommand {
		return "command " + strings.Join(h.command.names, ", ")
	}
	return kindName(h.kind, &event.Event{Kind: h.event})
}
