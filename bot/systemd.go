package bot

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"wxbot/bot/lang"
)

const (
	// statusEvery is how often the status line is renewed.
	statusEvery = time.Second
	// startMore is how much more time to start is asked for, again and again until
	// the daemon is ready: without a network that is long.
	startMore = 2 * time.Minute
)

// systemdLoop tells systemd when the daemon is ready (logged in, or waiting for a
// person) and how it is doing, and feeds its watchdog as long as the daemon's loops
// go on. Without systemd it does nothing.
func (b *Bot) systemdLoop(ctx context.Context) error {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		b.log.Warn().Err(err).Msg("watchdog of systemd not understood")
	}
	feedEvery := startMore / 4
	if watchdog > 0 {
		feedEvery = watchdog / 4
	}
	pulse := b.newPulse()
	t := time.NewTicker(min(statusEvery, feedEvery))
	defer t.Stop()
	listens := os.Getenv("NOTIFY_SOCKET") != ""
	told, ready := "", false
	var fed time.Time
	for {
		up, _ := b.acc.readiness()
		if listens {
			if line := b.headline(); line != told {
				told = line
				b.systemd("STATUS=" + line)
			}
		}
		if up && !ready {
			ready = true
			b.systemd(daemon.SdNotifyReady)
		}
		if now := time.Now(); now.Sub(fed) >= feedEvery {
			fed = now
			beats := pulse.beats(now)
			b.stuck.Store(!beats)
			switch {
			case beats && !ready:
				b.systemd("EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(startMore.Microseconds(), 10))
			case beats && watchdog > 0:
				b.systemd(daemon.SdNotifyWatchdog)
			}
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

// headline is what systemctl status shows.
func (b *Bot) headline() string {
	st := b.brief(lang.English)
	return st.Headline().String()
}
