package bot

import (
	"context"

	"wxbot/bot/conf"
	"wxbot/bot/control"
	"wxbot/bot/lang"
)

// TestAlerts tries every target of the alerts once. It implements control.Daemon.
func (b *Bot) TestAlerts(ctx context.Context) ([]control.AlertResult, error) {
	return b.alerts.test(ctx), nil
}

func (b *Bot) nickname() string { return b.acc.book.nickname() }

// checkAlerts looks at what only a start would find. A secret that this process
// lacks is a warning: the daemon's environment is often another one.
func (r *Report) checkAlerts(c Alerts) {
	_, missing, wrong := c.resolve()
	for _, p := range missing {
		p.Severity = conf.Warning
		p.Hint = lang.T("wxbot run does not start without it")
		r.Problems = append(r.Problems, p)
	}
	r.Problems = append(r.Problems, wrong...)
}
