package bot

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/control"
)

// alerter tells the operator outside WeChat. raise may be called from anywhere;
// run delivers, each target by itself.
type alerter struct {
	log     zerolog.Logger
	clock   clock.Clock
	host    string
	account func() string // nickname; "" if it is not known
	targets []*alertTarget

	mu     sync.Mutex
	gate   alertGate
	status control.Alerts
}

// alertTarget is a place that alerts go to.
type alertTarget struct {
	spec    *alertSpec
	secrets map[string]string
	name    string // without anything secret
	client  *http.Client
	queue   chan alert
}

// alertQueueMost is how many alerts wait for a target that is not looked at; as
// many again wait for another try.
const alertQueueMost = 32

// newAlerter reads the secrets of the targets. Its error is a *ConfigError.
func newAlerter(c Alerts, clk clock.Clock, log zerolog.Logger, account func() string) (*alerter, error) {
	secrets, missing, wrong := c.resolve()
	if problems := append(missing, wrong...); len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	host, err := os.Hostname()
	if err != nil {
		log.Debug().Err(err).Msg("host name not known")
	}
	a := &alerter{log: log, clock: clk, host: host, account: account}
	client := newAlertClient()
	for _, s := range c.specs {
		a.targets = append(a.targets, &alertTarget{
			spec: s, secrets: secrets, name: s.name(secrets), client: client, queue: make(chan alert, alertQueueMost),
		})
	}
	a.status.Targets = len(a.targets)
	return a, nil
}

// name tells targets apart: the host of a webhook, the program of a command.
func (s *alertSpec) name(secrets map[string]string) string {
	if s.isCommand() {
		return "command " + filepath.Base(s.command[0].fill(nil, nil))
	}
	prefix, _ := s.url.beforeFields(secrets)
	if u, err := url.Parse(prefix); err == nil {
		return "webhook " + u.Host
	}
	return "webhook"
}

// takes tells whether a target wants to hear of something.
func (s *alertSpec) takes(kind alertKind) bool {
	return len(s.on) == 0 || slices.Contains(s.on, kind)
}

// raise tells the operator that something needs a person; detail is for people,
// and may be empty. It never waits. What was told lately is not told again.
func (a *alerter) raise(kind alertKind, detail string) {
	if len(a.targets) == 0 {
		return
	}
	a.mu.Lock()
	pass := a.gate.pass(kind, detail, time.Now())
	a.mu.Unlock()
	if !pass {
		a.log.Debug().Str("event", string(kind)).Msg("alert held back: told lately")
		return
	}
	al := newAlert(kind, detail, a.account(), a.host, a.clock.Now())
	for _, t := range a.targets {
		if !t.spec.takes(kind) {
			continue
		}
		select {
		case t.queue <- al:
		default:
			a.log.Warn().Str("target", t.name).Str("event", string(kind)).Msg("alert left out: too many wait")
		}
	}
}

// run delivers until ctx ends, and then tries once what was not tried yet.
func (a *alerter) run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, t := range a.targets {
		wg.Go(func() { a.deliver(ctx, t) })
	}
	wg.Wait()
	return nil
}

// alertTestWait bounds a test, in which all targets are tried at once.
const alertTestWait = 25 * time.Second

// test tries every target once.
func (a *alerter) test(ctx context.Context) []control.AlertResult {
	ctx, cancel := context.WithTimeout(ctx, alertTestWait)
	defer cancel()
	al := newAlert(alertTest, "", a.account(), a.host, a.clock.Now())
	results := make([]control.AlertResult, len(a.targets))
	var wg sync.WaitGroup
	for i, t := range a.targets {
		wg.Go(func() {
			results[i] = control.AlertResult{Target: t.name}
			if err := t.send(ctx, &al); err != nil {
				results[i].Error = err.Error()
			}
		})
	}
	wg.Wait()
	return results
}

// state is what the status tells of alerts.
func (a *alerter) state() control.Alerts {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.status
}

func (a *alerter) delivered() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status.Sent++
}

// missed notes a try that failed; final tells that it was the last one.
func (a *alerter) missed(t *alertTarget, al *alert, err error, final bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if final {
		a.status.Failed++
	}
	a.status.LastFailure = &control.AlertFailure{
		Target: t.name, Event: string(al.kind), Error: err.Error(), At: a.clock.Now(),
	}
}
