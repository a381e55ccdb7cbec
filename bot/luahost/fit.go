package luahost

import (
	"slices"
	"strings"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// unfit tells which handlers of a plugin can never run in a mode, and why.
func (p *plugin) unfit(c event.Capabilities) []lang.Text {
	var out []lang.Text
	for _, list := range p.handlers {
		for _, h := range list {
			why := h.unfit(c)
			if why.IsZero() {
				continue
			}
			text := lang.T("in mode %s %s never runs: %s", c.Mode, h.title(), why)
			if !slices.ContainsFunc(out, text.Equal) {
				out = append(out, text)
			}
		}
	}
	return out
}

func (h *handler) unfit(c event.Capabilities) lang.Text {
	if h.kind != handleCommand && !c.Happens(h.event) {
		return lang.T("%s does not happen", h.event)
	}
	if h.when != nil {
		if why := h.when.Unfit(c); !why.IsZero() {
			return why
		}
	}
	if h.only != nil {
		return h.only.Unfit(c)
	}
	return lang.Text{}
}

func (h *handler) title() lang.Text {
	if h.kind == handleCommand {
		return lang.T("its command %s", strings.Join(h.command.names, ", "))
	}
	return lang.Raw(kindName(h.kind, &event.Event{Kind: h.event}))
}
