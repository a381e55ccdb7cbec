package bot

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// alertTries is how often an alert is tried, over about ten minutes.
	alertTries = 5
	// alertLastWait is what a daemon that stops gives alerts nobody tried yet.
	alertLastWait = 1500 * time.Millisecond
)

// alertPause is the wait after a number of tries, jittered by a fifth.
func alertPause(tries int) time.Duration {
	pause := 7 * time.Minute
	switch tries {
	case 1:
		pause = 5 * time.Second
	case 2:
		pause = 30 * time.Second
	case 3:
		pause = 2 * time.Minute
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

// waitingAlert is one that was not delivered yet.
type waitingAlert struct {
	alert
	tries int
	due   time.Time
}

// deliver sends what comes to one target until ctx ends. An alert that failed
// waits for its next try and holds up none that comes after it.
func (a *alerter) deliver(ctx context.Context, t *alertTarget) {
	var waiting []waitingAlert
	for {
		queue := t.queue
		if len(waiting) >= alertQueueMost {
			queue = nil // no room: it stays in the channel, which is bounded too
		}
		next := earliest(waiting)
		timer := time.NewTimer(time.Hour)
		if next >= 0 {
			timer.Reset(time.Until(waiting[next].due))
		}
		select {
		case <-ctx.Done():
			timer.Stop()
			a.lastTries(ctx, t, waiting)
			return
		case al := <-queue:
			waiting = append(waiting, waitingAlert{alert: al, due: time.Now()})
		case <-timer.C:
			if next >= 0 && a.try(ctx, t, &waiting[next]) {
				waiting = append(waiting[:next], waiting[next+1:]...)
			}
		}
		timer.Stop()
	}
}

// earliest is the place of the alert that is due first; -1 if none waits.
func earliest(waiting []waitingAlert) int {
	first := -1
	for i := range waiting {
		if first < 0 || waiting[i].due.Before(waiting[first].due) {
			first = i
		}
	}
	return first
}

// try sends an alert once and tells whether it is done with: delivered, or given
// up. A try that the end of ctx cut short does not count.
func (a *alerter) try(ctx context.Context, t *alertTarget, w *waitingAlert) (done bool) {
	err := t.send(ctx, &w.alert)
	if err == nil {
		a.delivered()
		a.log.Info().Str("target", t.name).Str("event", string(w.kind)).Msg("alert delivered")
		return true
	}
	if ctx.Err() != nil {
		return false
	}
	w.tries++
	_, refused := errors.AsType[*refusedAlertError](err)
	final := refused || w.tries >= alertTries
	a.missed(t, &w.alert, err, final)
	if final {
		a.log.Error().Err(err).Str("target", t.name).Str("event", string(w.kind)).Int("attempt", w.tries).Msg("alert given up")
		return true
	}
	wait := alertPause(w.tries)
	w.due = time.Now().Add(wait)
	a.log.Warn().Err(err).Str("target", t.name).Str("event", string(w.kind)).Int("attempt", w.tries).
		Dur("wait", wait).Msg("alert not delivered")
	return false
}

// lastTries sends what was not tried yet although the daemon stops.
func (a *alerter) lastTries(ctx context.Context, t *alertTarget, waiting []waitingAlert) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), alertLastWait)
	defer cancel()
	lost := 0
	for {
		select {
		case al := <-t.queue:
			waiting = append(waiting, waitingAlert{alert: al})
			continue
		default:
		}
		break
	}
	for i := range waiting {
		if w := &waiting[i]; w.tries > 0 || t.send(ctx, &w.alert) != nil {
			lost++
		}
	}
	if lost > 0 {
		a.log.Error().Str("target", t.name).Int("alerts", lost).Msg("alerts not delivered before the stop")
	}
}

// send delivers one alert within the target's time.
func (t *alertTarget) send(ctx context.Context, a *alert) error {
	ctx, cancel := context.WithTimeout(ctx, t.spec.timeout)
	defer cancel()
	if t.spec.isCommand() {
		return t.runCommand(ctx, a)
	}
	return t.post(ctx, a)
}
