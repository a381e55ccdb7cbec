package bot

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// statusEvery is how often the status line is renewed.
const statusEvery = time.Second

// systemdLoop tells systemd when the daemon is ready (logged in, or waiting for a
// person) and how it is doing. Without systemd it does nothing.
func (b *Bot) systemdLoop(ctx context.Context) error {
	t := time.NewTicker(statusEvery)
	defer t.Stop()
	told, ready := "", false
	for {
		if up, state := b.acc.readiness(); up && !ready {
			ready = true
			b.systemd(daemon.SdNotifyReady)
		} else if line := b.statusLine(state); line != told {
			told = line
			b.systemd("STATUS=" + line)
		}
		select {
		case <-ctx.Done():
			b.systemd(daemon.SdNotifyStopping)
			return nil
		case <-t.C:
		}
	}
}

func (b *Bot) systemd(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		b.log.Debug().Err(err).Msg("systemd not told")
	}
}

// statusLine is what systemctl status shows.
func (b *Bot) statusLine(state string) string {
	if bad := b.broken(); bad != "" {
		return state + "; newer file invalid: " + firstLines(bad, 1)
	}
	return state
}
