package bot

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/wx"
)

// shownQR is the login code shown now; the zero value is none.
type shownQR struct {
	payload      wx.Secret
	attempt, max int
}

// readiness tells whether the daemon has come as far as it can by itself, and how
// it is doing in words.
func (a *account) readiness() (ready bool, state string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ready, a.state
}

// Status tells how the daemon is doing. It implements control.Daemon.
func (b *Bot) Status(ctx context.Context) (control.Status, error) {
	st := b.brief(control.LanguageOf(ctx))
	set := b.live.set.Load()
	st.Rules, st.Rev = len(set.Rules()), set.Rev()
	st.Hits = b.hits.all()
	st.Capabilities = capabilities(b.opts.Config.Mode)
	b.doubtMu.Lock()
	st.Ambiguous = slices.Clone(b.doubts)
	st.Missing = slices.Clone(b.missing)
	b.doubtMu.Unlock()
	var err error
	if st.Inbox.Waiting, err = b.store.Waiting(ctx); err != nil {
		return st, err
	}
	n := b.outbox.Counts()
	st.Outbox.Waiting, st.Outbox.Sent, st.Outbox.Failed = n.Waiting, n.Sent, n.Failed
	st.Outbox.Unknown, st.Outbox.Expired, st.Outbox.Trial = n.Unknown, n.Expired, n.Trial
	st.Alerts = b.alerts.state()
	return st, nil
}

// brief is what the headline of a status needs, without asking the database.
func (b *Bot) brief(l lang.Language) control.Status {
	a := b.acc
	a.mu.Lock()
	st := control.Status{
		Version: b.opts.Version, Started: b.started, State: a.state, Online: a.online,
	}
	if a.refusal != nil {
		st.Refusal = a.refusal.Text
	}
	if a.client != nil && a.online {
		st.Account = a.client.Self().NickName
	}
	client := a.client
	a.mu.Unlock()
	if client != nil {
		h := client.Health()
		st.Heard, st.Polled, st.Synced, st.Delivered, st.Stalled = h.Heard, h.Polled, h.Synced, h.Delivered, h.Stalled
	}
	st.Session = a.sessionNow()
	if since, err := b.store.Trouble(); err != nil {
		st.Store = &control.StoreTrouble{Since: since, Error: err.Error()}
	}
	st.Mode = string(b.live.Settings().Mode)
	st.Broken = b.broken(l)
	for _, p := range b.host.Plugins() {
		st.Plugins = append(st.Plugins, control.Plugin{
			Name: p.Name, Version: p.Version, About: p.About, Running: p.Running, Paused: p.Paused.In(l),
			Problem: p.Problem.In(l), Commands: p.Commands, Reaches: p.Reaches,
		})
	}
	st.Brakes = b.brakesNow()
	st.Outbox.Poisoned = int(b.poisoned.Load())
	return st
}

// sessionNow is what the session with WeChat is at.
func (a *account) sessionNow() control.Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refusal != nil {
		return control.SessionRefused
	}
	if a.state == stateUnscanned || a.state == stateLeft {
		return control.SessionOperator
	}
	if a.client == nil {
		return control.SessionStarting
	}
	switch h := a.client.Health(); h.State {
	case wx.StateOnline:
		if !h.Stalled.IsZero() {
			return control.SessionStalled
		}
		return control.SessionOnline
	case wx.StateRetrying:
		return control.SessionRetrying
	case wx.StateAwaitingScan, wx.StateAwaitingConfirm:
		return control.SessionScan
	case wx.StateRefused:
		return control.SessionRefused
	case wx.StateOffline, wx.StateStarting, wx.StateLoggedOut:
	}
	return control.SessionStarting
}

// brakesNow tells what holds answers back.
func (b *Bot) brakesNow() control.Brakes {
	s := b.brakes.now()
	var out control.Brakes
	pause := func(h hold) control.Pause { return control.Pause{Name: h.Name, Since: h.Since, Until: h.Until} }
	if s.Paused != nil {
		p := pause(*s.Paused)
		out.Paused = &p
	}
	for _, h := range s.Chats {
		out.Chats = append(out.Chats, pause(h))
	}
	slices.SortFunc(out.Chats, func(a, b control.Pause) int { return a.Since.Compare(b.Since) })
	out.Owner = len(s.Owner)
	if s.Warned != nil {
		out.Warning, out.WarningAt = s.Warned.Text, s.Warned.At
	}
	for _, rule := range slices.Sorted(maps.Keys(s.Rules)) {
		off := s.Rules[rule]
		out.Rules = append(out.Rules, control.RuleOff{Rule: rule, Since: off.Since, Groups: off.groups()})
	}
	for _, stop := range b.outbox.Stops() {
		out.Throttled = append(out.Throttled, control.Throttled{Action: stop.Class, Until: stop.Until})
	}
	return out
}

// qrWait is how long QR waits for a code after it asked for one.
const qrWait = 15 * time.Second

// QR gives the login code shown now; with ask, it first asks for a new round. It
// implements control.Daemon.
func (b *Bot) QR(ctx context.Context, ask bool) (control.QR, error) {
	ctx, cancel := context.WithTimeout(ctx, qrWait)
	defer cancel()
	asked := ask && b.acc.askAgain()
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		q := b.acc.qrNow()
		if ask && !asked {
			asked = b.acc.askAgain()
		}
		if q.Payload != "" || q.Online || !asked && !(ask && b.acc.needsOperator()) {
			return q, nil
		}
		select {
		case <-ctx.Done():
			return q, nil
		case <-t.C:
		}
	}
}

func (a *account) qrNow() control.QR {
	a.mu.Lock()
	defer a.mu.Unlock()
	return control.QR{
		State: a.state, Online: a.online,
		Payload: a.shown.payload.Reveal(), Attempt: a.shown.attempt, Max: a.shown.max,
	}
}

// broken lists what is wrong with files newer than those in force; "" if nothing.
func (b *Bot) broken(l lang.Language) string {
	b.brokenMu.Lock()
	defer b.brokenMu.Unlock()
	lines := make([]string, len(b.brokenErrs))
	for i, err := range b.brokenErrs {
		lines[i] = lang.Say(err, l)
	}
	return strings.Join(lines, "\n")
}

func (b *Bot) setBroken(errs []error) (changed bool) {
	was := b.broken(lang.English)
	b.brokenMu.Lock()
	b.brokenErrs = errs
	b.brokenMu.Unlock()
	return b.broken(lang.English) != was
}

// Settings are those of the machine in force. It implements control.ConfigDaemon.
func (b *Bot) Settings() []control.Setting { return b.opts.Config.Settings() }

var (
	_ control.Daemon       = (*Bot)(nil)
	_ control.ConfigDaemon = (*Bot)(nil)
)
