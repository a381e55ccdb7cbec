package bot

import (
	"context"
	"encoding/json"

	"wxbot/bot/event"
)

// What is remembered of a login that WeChat refused, and who ends that.

// awaitOperator waits until somebody asks for a new round of QR codes.
func (a *account) awaitOperator(ctx context.Context) bool {
	a.mu.Lock()
	a.ready, a.parked = true, true
	a.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-a.again:
	}
	a.mu.Lock()
	a.refusal, a.parked = nil, false
	a.mu.Unlock()
	if err := a.store.SetMeta(ctx, metaRefused, ""); err != nil {
		a.log.Error().Err(err).Msg("refusal not cleared")
	}
	return true
}

func (a *account) refused() *refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refusal
}

// refuse remembers that WeChat does not want this account here, over restarts.
func (a *account) refuse(ctx context.Context, code int, text string) {
	r := &refusal{Code: code, Text: text, At: a.clock.Now(), Mode: a.opts.Config.loginMode()}
	a.mu.Lock()
	a.refusal = r
	a.mu.Unlock()
	a.log.Error().Int("code", code).Str("text", text).Msg("login refused; no further login until wxbot qr")
	// It is written even if the daemon is being stopped: the next start must not
	// ask for a login. People are told when it is.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeMost)
	defer cancel()
	defer a.tell(Refused{Code: code, Text: text})
	// Where it cannot be written, as on a full disk, it holds until the next start:
	// a daemon that ended here would be started, and log in, again and again.
	body, err := json.Marshal(r)
	if err == nil {
		err = a.store.SetMeta(ctx, metaRefused, string(body))
	}
	if err == nil {
		err = a.store.ClearSession(ctx)
	}
	if err != nil {
		a.log.Error().Err(err).Msg("refusal not stored: a restart will ask for a login")
	}
	a.emit(ctx, event.KindRestricted, text)
}
